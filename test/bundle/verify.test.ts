import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { fileHash } from '../../src/bundle/hash.ts';
import { type BundleFiles, contentOf, writeArchive } from '../../src/bundle/index.ts';
import { verifyBuiltin, verifyBundle } from '../../src/bundle/verify.ts';
import { withProgram } from '../servers/gate.ts';
import { baseline, bytesOf, makeKey, now, opaSign, scope, sign, withToken } from './fixtures/signing.ts';

const es = makeKey('ES256');
const rs = makeKey('RS256');
const rules = { keys: [es, rs], scope, now };
let files: Map<string, Uint8Array<ArrayBuffer>>;
beforeAll(async () => {
  files = await baseline();
});

const verify = async (signed: BundleFiles, given = rules, floor: Parameters<typeof verifyBundle>[2] = null) =>
  verifyBundle(await writeArchive(signed), given, floor);
const reasonOf = (result: Promise<unknown>) =>
  result.then(
    () => 'accepted',
    (error: { reason?: string }) => error.reason ?? String(error),
  );

withProgram('opa', 'bundles signed by the real opa sign', (opa) => {
  describe('a bundle signed by the real opa sign', () => {
    it.each([es, rs])('is accepted with $algorithm', async (key) => {
      const signed = opaSign(opa, files, key, { scope, bundle_version: 7, not_after: now + 60 });
      const verified = await verify(signed);
      expect(verified).toMatchObject({
        bundleVersion: 7,
        expiresAt: now + 60,
        kid: key.kid,
        content: { bundle: 'baseline' },
      });
    });

    it('is accepted with data whose numbers, keys and characters a plain reader gets wrong', async () => {
      const data =
        '{"z":1.0,"a":[1e3,-0.0,12345678901234567890,1E+2],"\u{1f600}":"\u2028\\u2029\\b\\f\\u0001\u007f<&>","\uffff":"\\ud83d\\ude00","":{}}';
      const odd = new Map([...files, ['data.json', bytesOf(data)]]);
      expect(await reasonOf(verify(opaSign(opa, odd, es, { scope, bundle_version: 1 })))).toBe('accepted');
    });

    it('is refused after one flipped byte in any file', async () => {
      const signed = opaSign(opa, files, es, { scope, bundle_version: 1 });
      for (const [name, bytes] of signed) {
        if (name === '.signatures.json') continue;
        const flipped = new Uint8Array(bytes);
        // A digit or letter, so that JSON stays JSON: what is caught here is the content.
        const at = flipped.findLastIndex((byte) => byte >= 0x61 && byte < 0x7a);
        flipped[at]! ^= 0x01;
        expect([name, await reasonOf(verify(new Map([...signed, [name, flipped]])))]).toEqual([name, 'changed_file']);
      }
    }, 180_000);
  });
});

describe('a signed bundle', () => {
  it('is accepted, and its revision does not depend on the signature', async () => {
    const one = await verify(await sign(files, es));
    const other = await verify(await sign(files, rs, { claims: { bundle_version: 5 } }));
    expect(one.content.revision).toBe(other.content.revision);
    expect(one.content.revision).toBe((await verifyBuiltin(await writeArchive(files))).content.revision);
  });

  it('is refused unsigned, with two signatures, or with what is no signature', async () => {
    const token = JSON.parse(Buffer.from((await sign(files, es)).get('.signatures.json')!).toString()).signatures[0];
    expect(await reasonOf(verify(files))).toBe('unsigned');
    expect(await reasonOf(verify(withToken(files, token, token)))).toBe('signature');
    expect(await reasonOf(verify(withToken(files)))).toBe('signature');
    expect(await reasonOf(verify(withToken(files, 'nonsense')))).toBe('signature');
  });

  it('is refused from another key, even under the name of a configured one', async () => {
    const stranger = { ...makeKey('ES256'), kid: es.kid };
    expect(await reasonOf(verify(await sign(files, stranger)))).toBe('signature');
    expect(await reasonOf(verify(await sign(files, stranger, { header: { kid: es.kid } })))).toBe('signature');
    expect(await reasonOf(verify(await sign(files, es, { header: { kid: 'other' } })))).toBe('key');
    expect(await reasonOf(verify(await sign(files, es, { claims: { keyid: 'other' } })))).toBe('key');
  });

  it('is refused when its header chooses another algorithm than the configured one', async () => {
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await reasonOf(verify(withToken(files, `${header}.${Buffer.from('{}').toString('base64url')}.`)))).toBe(
      'signature',
    );
    const asHs = { ...es, algorithm: 'RS256' };
    expect(await reasonOf(verify(await sign(files, es), { ...rules, keys: [{ ...rs, kid: 'x' }, asHs] }))).toBe(
      'signature',
    );
  });

  it('is refused with an extra file, a missing file and a changed file', async () => {
    const signed = await sign(files, es);
    expect(await reasonOf(verify(new Map([...signed, ['extra.rego', bytesOf('package extra')]])))).toBe('extra_file');
    const fewer = new Map(signed);
    fewer.delete('corpus/admin.json');
    expect(await reasonOf(verify(fewer))).toBe('missing_file');
    expect(await reasonOf(verify(new Map([...signed, ['data.json', bytesOf('{}')]])))).toBe('changed_file');
  });

  it('is refused when a file is listed twice or not as a file', async () => {
    const entry = { name: 'data.json', hash: 'x', algorithm: 'SHA-256' };
    expect(await reasonOf(verify(await sign(files, es, { claims: { files: [entry, entry] } })))).toBe('claims');
    expect(await reasonOf(verify(await sign(files, es, { claims: { files: ['data.json'] } })))).toBe('claims');
    expect(await reasonOf(verify(await sign(files, es, { claims: { files: undefined } })))).toBe('claims');
  });

  it.each(['MD5', 'SHA-1', 'SHA-224', '__proto__'])('is refused with a file hashed by %s', async (algorithm) => {
    const hash = createHash('md5').update(files.get('policy.wasm')!).digest('hex');
    const listed = { 'policy.wasm': { name: 'policy.wasm', hash, algorithm } };
    expect(await reasonOf(verify(await sign(files, es, { listed })))).toBe('hash_algorithm');
  });

  it('is accepted with a stronger hash', async () => {
    const hash = createHash('sha512').update(files.get('policy.wasm')!).digest('hex');
    const listed = { 'policy.wasm': { name: '/policy.wasm', hash, algorithm: 'SHA-512' } };
    expect(await reasonOf(verify(await sign(files, es, { listed })))).toBe('accepted');
  });

  it('is refused for another scope or none', async () => {
    expect(await reasonOf(verify(await sign(files, es, { claims: { scope: 'staging' } })))).toBe('scope');
    expect(await reasonOf(verify(await sign(files, es, { claims: { scope: undefined } })))).toBe('scope');
  });

  it('is refused without a version, or with one that is no positive integer', async () => {
    for (const bundle_version of [undefined, 0, -1, 1.5, '7', null]) {
      expect(await reasonOf(verify(await sign(files, es, { claims: { bundle_version } })))).toBe('claims');
    }
  });

  it('is refused at its end, by whichever claim is first', async () => {
    expect(await reasonOf(verify(await sign(files, es, { claims: { not_after: now + 1 } })))).toBe('accepted');
    expect(await reasonOf(verify(await sign(files, es, { claims: { not_after: now } })))).toBe('expired');
    expect(await reasonOf(verify(await sign(files, es, { claims: { not_after: now + 9, exp: now - 1 } })))).toBe(
      'expired',
    );
    expect(await reasonOf(verify(await sign(files, es, { claims: { exp: 'never' } })))).toBe('claims');
  });

  it('is refused below the floor, and at it with other content', async () => {
    const signed = await sign(files, es, { claims: { bundle_version: 5 } });
    const { revision } = (await verify(signed)).content;
    expect(await reasonOf(verify(signed, rules, { version: 6, revision: null }))).toBe('version_floor');
    expect(await reasonOf(verify(signed, rules, { version: 5, revision: 'other' }))).toBe('version_reused');
    expect(await reasonOf(verify(signed, rules, { version: 5, revision }))).toBe('accepted');
    expect(await reasonOf(verify(signed, rules, { version: 5, revision: null }))).toBe('accepted');
    expect(await reasonOf(verify(signed, rules, { version: 4, revision: 'other' }))).toBe('accepted');
  });

  it.each([
    ['manifest', '.manifest', '{"revision":"latest","metadata":{"name":"baseline"}}'],
    ['manifest', '.manifest', '{"revision":"1.0.0","metadata":{"name":"../up"}}'],
    ['manifest', '.manifest', '{"revision":"1.0.0","metadata":{"name":"x"},"rego_version":0}'],
    ['data', 'corpus/admin.json', '[{"name":"x"}]'],
    ['data', 'corpus/admin.json', '{}'],
  ])('is refused (%s) with %s %s', async (reason, name, text) => {
    expect(await reasonOf(verify(await sign(new Map([...files, [name, bytesOf(text)]]), es)))).toBe(reason);
  });
});

describe('the built-in bundle', () => {
  it('is trusted by its digest alone: any change is refused', async () => {
    expect(await reasonOf(verifyBuiltin(await writeArchive(files)))).toBe('accepted');
    const changed = new Map([...files, ['data.json', bytesOf('{}')]]);
    expect(await reasonOf(verifyBuiltin(await writeArchive(changed)))).toBe('digest');
    expect(await reasonOf(verifyBuiltin(await writeArchive(await sign(changed, es))))).toBe('digest');
    expect(await reasonOf(verifyBuiltin(await writeArchive(new Map([...files, ['x', bytesOf('')]]))))).toBe('digest');
  });
});

describe('what a bundle says is read', () => {
  it('is accepted where it is said of its module, and refused where it is not, or not understood', async () => {
    const module = fileHash('policy.wasm', files.get('policy.wasm')!, 'SHA-256');
    const reads = {
      module,
      numbers: [1],
      entrypoints: { 'sallyport/request': { members: { a: 'order' }, each: null } },
    };
    const told = async (change: object) => {
      const changed = new Map([...files, ['reads.json', bytesOf(JSON.stringify({ ...reads, ...change }))]]);
      return reasonOf(Promise.try(contentOf, changed));
    };
    expect(await told({})).toBe('accepted');
    expect(await told({ module: module.replace(/./, (digit) => (digit === '0' ? '1' : '0')) })).toBe('data');
    expect(await told({ numbers: ['1'] })).toBe('data');
    expect(await told({ entrypoints: ['value'] })).toBe('data');
    expect(await told({ entrypoints: { 'sallyport/request': 'nothing' } })).toBe('data');
    expect(await told({ entrypoints: { 'sallyport/request': { members: {} } } })).toBe('data');
    expect(await told({ entrypoints: { 'sallyport/request': { members: { a: {} }, each: 'value' } } })).toBe('data');
  });
});

describe('the hash of a file', () => {
  it('is of the content for structured files and of the bytes for all others', () => {
    const spaced = bytesOf('{ "b" : 1.0, "a" : [ ] }');
    const plain = bytesOf('{"a":[],"b":1.0}');
    expect(fileHash('data.json', spaced, 'SHA-256')).toBe(fileHash('data.json', plain, 'SHA-256'));
    expect(fileHash('.manifest', spaced, 'SHA-256')).toBe(createHash('sha256').update(plain).digest('hex'));
    expect(fileHash('corpus/a.json', spaced, 'SHA-256')).toBe(createHash('sha256').update(spaced).digest('hex'));
  });

  it('tells numbers apart that JavaScript does not', () => {
    const hash = (text: string) => fileHash('data.json', bytesOf(text), 'SHA-256');
    expect(new Set(['1.0', '1', '1e0', '9007199254740993', '9007199254740992'].map(hash)).size).toBe(5);
  });
});
