import { createHmac, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, CompactSign, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import type { IssuerEntry } from '../../src/identify/index.ts';
import { bench, claims, issuerEntry, keyServer, sign, signingKey, T0 } from './fixture.ts';

const key = await signingKey('k1');
const rsa = await signingKey('r1', 'RS256');
const stranger = await signingKey('k1');

const local = (change: Partial<IssuerEntry> = {}): IssuerEntry => ({
  ...issuerEntry,
  jwks: { keys: { keys: [key.jwk, rsa.jwk] } },
  ...change,
});
const without = (...names: (keyof typeof claims)[]) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name as keyof typeof claims)));
const b64 = (value: string | object) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
/** Signs any bytes as a payload, also such as no JSON writer would make. */
const signRaw = (payload: string | Uint8Array, header: object = {}) =>
  new CompactSign(typeof payload === 'string' ? new TextEncoder().encode(payload) : payload)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
    .sign(key.privateKey);

describe('identify', () => {
  it('makes a principal of a verified token', async () => {
    const { ask } = bench([local()]);
    const token = await sign(key, { ...claims, act: { sub: 'agent-7', act: { sub: 'runner' } } }, { typ: 'at+jwt' });
    expect((await ask(token)).identity).toEqual({
      principal: {
        tenant: 'acme',
        issuer: 'https://idp.example/realm',
        subject: 'svc-1',
        kind: 'workload',
        person: null,
        owner: null,
        groups: ['a', 'b'],
        function: 'nightly',
        actors: ['agent-7', 'runner'],
        strength: null,
      },
      token: { id: 'token-1', session: 'session-1', issuedAt: T0 - 60, expiresAt: T0 + 600 },
    });
  });

  it('answers a token it has seen without a promise', async () => {
    const { ask, identify } = bench([local()]);
    const token = await sign(key);
    const first = await ask(token);
    const headers = { get: (name: string) => (name === 'x-api-key' ? token : null), raw: [] };
    const again = identify.step({ ...first, headers });
    expect(again).not.toBeInstanceOf(Promise);
    expect(again).toMatchObject({ identity: first.identity });
  });

  it('takes the token from either header, and from both where they agree', async () => {
    const { ask, refusal } = bench([local()]);
    const token = await sign(key);
    const other = await sign(key, { ...claims, jti: 'token-2' });
    expect((await ask(null, { 'x-api-key': token })).identity.principal.subject).toBe('svc-1');
    expect((await ask(null, { authorization: `bearer ${token}`, 'x-api-key': token })).identity.token.id).toBe(
      'token-1',
    );
    expect(await refusal(token, { 'x-api-key': other })).toBe('TOKEN_INVALID two_tokens');
    expect(await refusal(null)).toBe('TOKEN_MISSING absent');
    expect(await refusal(null, { authorization: '', 'x-api-key': ' ' })).toBe('TOKEN_MISSING absent');
    expect(await refusal(null, { authorization: 'Bearer ' })).toBe('TOKEN_MISSING absent');
    expect(await refusal(null, { authorization: `Basic ${token}` })).toBe('TOKEN_INVALID scheme');
    expect(await refusal(null, { authorization: `Basic ${token}`, 'x-api-key': token })).toBe('TOKEN_INVALID scheme');
    expect(await refusal(null, { authorization: token })).toBe('TOKEN_INVALID scheme');
  });

  it('refuses a Claude credential wherever it stands, with an event that lacks it', async () => {
    const { refusal, events } = bench([local()]);
    const raw = 'sk-ant-api03-planted';
    const token = await sign(key);
    const cases = [
      { authorization: `Bearer ${raw}` },
      { 'x-api-key': raw },
      { authorization: raw },
      { authorization: `Bearer ${token}`, 'x-api-key': raw },
      { authorization: `Bearer ${raw}`, 'x-api-key': token },
      { authorization: 'Bearer SK-ANT-oat01-planted' },
    ];
    for (const headers of cases) expect(await refusal(null, headers)).toBe('RAW_CREDENTIAL raw_credential');
    expect(events.map(({ kind, exchange }) => [kind, exchange])).toEqual(
      cases.map(() => ['identity.raw_credential', 'req_1']),
    );
    expect(JSON.stringify(events)).not.toMatch(/sk-ant|planted/i);
  });

  it('judges each token by the entry of its own issuer', async () => {
    const other = await signingKey('o1');
    const { ask, refusal } = bench([
      local(),
      local({
        name: 'ci',
        tenant: 'other',
        issuer: 'https://ci.example',
        audience: 'ci-gateway',
        algorithms: ['ES256'],
        jwks: { keys: { keys: [other.jwk] } },
      }),
    ]);
    const ci = { ...claims, iss: 'https://ci.example', aud: 'ci-gateway' };
    expect((await ask(await sign(other, ci))).identity.principal.tenant).toBe('other');
    expect(await refusal(await sign(other, { ...ci, aud: 'sallyport' }))).toBe('TOKEN_INVALID audience');
    expect(await refusal(await sign(key, ci))).toBe('TOKEN_INVALID key');
    expect(await refusal(await sign(other))).toBe('TOKEN_INVALID key');
    expect(await refusal(await sign(rsa, ci))).toBe('TOKEN_INVALID algorithm');
  });

  const hostile: readonly (readonly [name: string, expected: string, token: () => string | Promise<string>])[] = [
    ['alg none', 'form', () => `${b64({ alg: 'none' })}.${b64(claims)}.`],
    ['alg none with a signature', 'algorithm', () => `${b64({ alg: 'none' })}.${b64(claims)}.AAAA`],
    [
      'HS256 keyed with the RSA public key',
      'algorithm',
      async () => {
        const input = `${b64({ alg: 'HS256', kid: 'r1' })}.${b64(claims)}`;
        return `${input}.${createHmac('sha256', await exportSPKI(rsa.publicKey))
          .update(input)
          .digest('base64url')}`;
      },
    ],
    ['no alg', 'algorithm', () => `${b64({ kid: 'k1' })}.${b64(claims)}.AAAA`],
    ['an asymmetric algorithm the issuer does not use', 'algorithm', async () => sign(await signingKey('e', 'EdDSA'))],
    ['another typ', 'typ', () => sign(key, claims, { typ: 'logout+jwt' })],
    ['a typ that is no string', 'typ', () => signRaw(JSON.stringify(claims), { typ: 7 })],
    ['no issuer', 'issuer', () => sign(key, without('iss'))],
    ['an unknown issuer', 'issuer', () => sign(key, { ...claims, iss: 'https://evil.example' })],
    ['an issuer with a slash more', 'issuer', () => sign(key, { ...claims, iss: `${claims.iss}/` })],
    ['an issuer in other case', 'issuer', () => sign(key, { ...claims, iss: claims.iss.toUpperCase() })],
    ['an array of issuers', 'issuer', () => signRaw(JSON.stringify({ ...claims, iss: [claims.iss] }))],
    ['no audience', 'audience', () => sign(key, without('aud'))],
    ['another audience', 'audience', () => sign(key, { ...claims, aud: 'sallyport-' })],
    ['an empty audience list', 'audience', () => sign(key, { ...claims, aud: [] })],
    ['an audience that is no string', 'audience', () => signRaw(JSON.stringify({ ...claims, aud: ['sallyport', 1] }))],
    ['the admin audience', 'audience', () => sign(key, { ...claims, aud: 'sallyport-admin' })],
    [
      'the admin audience beside ours',
      'admin_audience',
      () => sign(key, { ...claims, aud: ['sallyport', 'sallyport-admin'] }),
    ],
    ['no exp', 'exp', () => sign(key, without('exp'))],
    ['exp as text', 'exp', () => signRaw(JSON.stringify({ ...claims, exp: String(claims.exp) }))],
    ['exp beyond numbers', 'exp', () => signRaw(JSON.stringify(claims).replace(String(claims.exp), '1e999'))],
    ['no iat', 'iat', () => sign(key, without('iat'))],
    ['iat as text', 'iat', () => signRaw(JSON.stringify({ ...claims, iat: 'now' }))],
    ['iat in the future', 'nbf', () => sign(key, { ...claims, iat: T0 + 31 })],
    ['nbf in the future', 'nbf', () => sign(key, { ...claims, nbf: T0 + 31 })],
    ['nbf as text', 'nbf', () => signRaw(JSON.stringify({ ...claims, nbf: '0' }))],
    ['crit', 'header', () => signRaw(JSON.stringify(claims), { crit: ['b64'], b64: true })],
    ['an unknown crit', 'header', () => `${b64({ alg: 'ES256', crit: ['x'], x: 1 })}.${b64(claims)}.AAAA`],
    ['jku', 'header', () => sign(stranger, claims, { jku: 'https://evil.example/jwks' })],
    ['x5u', 'header', () => sign(stranger, claims, { x5u: 'https://evil.example/cert' })],
    ['an embedded key', 'header', () => sign(stranger, claims, { jwk: stranger.jwk })],
    ['another key under a known id', 'signature', () => sign(stranger)],
    ['a key id that walks the file system', 'key', () => sign(key, claims, { kid: '../../../../dev/null' })],
    ['a key id with SQL', 'key', () => sign(key, claims, { kid: "k1' OR '1'='1" })],
    ['a key id of __proto__', 'key', () => sign(key, claims, { kid: '__proto__' })],
    ['a key id of a megabyte', 'size', () => sign(key, claims, { kid: 'k'.repeat(1_000_000) })],
    ['a key id that is no string', 'kid', () => signRaw(JSON.stringify(claims), { kid: 1 })],
    ['a token of 1 MB', 'size', () => sign(key, { ...claims, pad: 'x'.repeat(1_000_000) })],
    ['an empty subject', 'subject', () => sign(key, { ...claims, sub: '' })],
    ['no subject', 'subject', () => sign(key, without('sub'))],
    ['NUL in the subject', 'subject', () => sign(key, { ...claims, sub: 'svc-1\0admin' })],
    ['NUL in the token', 'form', async () => (await sign(key)).replace('.', '\0.')],
    ['an actor without a subject', 'actors', () => sign(key, { ...claims, act: {} })],
    ['an actor that is no object', 'actors', () => sign(key, { ...claims, act: 'agent' })],
    ['a chain of nine actors', 'actors', () => sign(key, { ...claims, act: nest(9) })],
    ['two subjects', 'json', () => signRaw(`${JSON.stringify(claims).slice(0, -1)},"sub":"admin"}`)],
    ['two subjects, one escaped', 'json', () => signRaw(`${JSON.stringify(claims).slice(0, -1)},"s\\u0075b":"admin"}`)],
    ['two algs', 'json', () => `${b64('{"alg":"none","alg":"ES256"}')}.${b64(claims)}.AAAA`],
    ['claims that are an array', 'json', () => signRaw('[]')],
    ['claims that are null', 'json', () => signRaw('null')],
    ['claims that are no JSON', 'json', () => signRaw('{"sub":')],
    ['claims that are no UTF-8', 'json', () => signRaw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))],
    ['claims nested 10,000 deep', 'json', () => signRaw(`${'['.repeat(5000)}${']'.repeat(5000)}`)],
    [
      'a JWE',
      'form',
      async () =>
        new CompactEncrypt(new TextEncoder().encode('{}'))
          .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
          .encrypt((await generateKeyPair('RSA-OAEP-256')).publicKey),
    ],
    ['padding in base64url', 'form', async () => `${await sign(key)}==`],
    ['plain text', 'form', () => 'let-me-in'],
    ['SQL', 'form', () => "' OR 1=1 --"],
    ['a cut signature', 'signature', async () => (await sign(key)).slice(0, -4)],
    [
      'changed claims',
      'signature',
      async () => (await sign(key)).replace(/\.[^.]+\./, `.${b64({ ...claims, sub: 'admin' })}.`),
    ],
  ];
  /** A chain of `depth` actors. */
  function nest(depth: number): object {
    return depth === 1 ? { sub: 'a' } : { sub: 'a', act: nest(depth - 1) };
  }

  it.each(hostile)('refuses %s', async (_name, fault, make) => {
    const { refusal } = bench([local()]);
    const token = await make();
    expect(await refusal(token)).toBe(`TOKEN_INVALID ${fault}`);
    expect(await refusal(token)).toBe(`TOKEN_INVALID ${fault}`);
  });

  it('fetches no keys for what it can refuse without them, and one set for all the rest', async () => {
    const server = await keyServer([key.jwk, rsa.jwk]);
    const { refusal } = bench([{ ...issuerEntry, jwks: { url: server.url } }]);
    for (const [, fault, make] of hostile) {
      if (fault !== 'key' && fault !== 'signature') await refusal(await make());
    }
    await refusal(await sign(key, { ...claims, exp: T0 - 31 }));
    expect(server.fetches).toBe(0);
    for (const [, , make] of hostile) await refusal(await make());
    expect(server.fetches).toBe(1);
  });

  it('keeps to the second: 30 s of skew at exp, nbf, iat and the greatest age', async () => {
    const state = bench([local({ max_age_s: 300 })]);
    const at = async (token: string, offset: number) => {
      state.now = (T0 + offset) * 1000;
      return (await state.refusal(token)).split(' ')[0];
    };
    const exp = await sign(key, { ...claims, iat: T0, exp: T0 + 100 });
    expect([await at(exp, 129.999), await at(exp, 130), await at(exp, 129)]).toEqual([
      'accepted',
      'TOKEN_EXPIRED',
      'accepted',
    ]);
    const age = await sign(key, { ...claims, iat: T0, exp: T0 + 86_400 });
    expect([await at(age, 329.999), await at(age, 330), await at(age, 329)]).toEqual([
      'accepted',
      'TOKEN_EXPIRED',
      'accepted',
    ]);
    const nbf = await sign(key, { ...claims, iat: T0, nbf: T0 + 100, exp: T0 + 200 });
    expect([await at(nbf, 69), await at(nbf, 70), await at(nbf, 69)]).toEqual([
      'TOKEN_INVALID',
      'accepted',
      'TOKEN_INVALID',
    ]);
    const iat = await sign(key, { ...claims, iat: T0, exp: T0 + 200 });
    expect([await at(iat, -31), await at(iat, -30)]).toEqual(['TOKEN_INVALID', 'accepted']);
  });

  it('survives jumps of the clock by an hour', async () => {
    const state = bench([local()]);
    const token = await sign(key);
    const seen: string[] = [];
    for (const jump of [0, 3600, 0, -3600, 0]) {
      state.now = (T0 + jump) * 1000;
      seen.push((await state.refusal(token)).split(' ')[0]!);
    }
    expect(seen).toEqual(['accepted', 'TOKEN_EXPIRED', 'accepted', 'TOKEN_INVALID', 'accepted']);
  });

  it('refuses a revoked token at once, from the cache too', async () => {
    const state = bench([local()]);
    const token = await sign(key, { ...claims, act: { sub: 'agent-7' } });
    const marks = [
      ['jti', '', 'token-1'],
      ['sub', 'https://idp.example/realm', 'svc-1'],
      ['sub', '', 'agent-7'],
      ['sid', '', 'session-1'],
    ].map((mark) => JSON.stringify(mark));
    for (const mark of marks) {
      state.revoked.add(mark);
      expect(await state.refusal(token)).toBe('TOKEN_REVOKED revoked');
      state.revoked.delete(mark);
      expect(await state.refusal(token)).toBe('accepted');
    }
    for (const mark of [
      ['jti', '', 'token'],
      ['sub', 'https://other.example', 'svc-1'],
      ['sid', '', 'svc-1'],
    ]) {
      state.revoked.add(JSON.stringify(mark));
    }
    expect(await state.refusal(token)).toBe('accepted');
  });

  it('never gives one token the entry of another', async () => {
    const { ask, refusal } = bench([local()], { cacheSize: 50 });
    const good = await sign(key);
    await ask(good);
    const cut = (token: string, at: number) =>
      token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 2), async (position) => {
        // The last character of a part holds padding bits, so that other spellings of it are the same signature.
        fc.pre(good[position] !== '.' && good[position + 1] !== '.');
        expect(await refusal(cut(good, position))).toMatch(/^TOKEN_(INVALID|EXPIRED)/);
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/\p{Cc}/u.test(text)),
          { minLength: 2, maxLength: 5 },
        ),
        async (subjects) => {
          const tokens = await Promise.all(subjects.map((sub) => sign(key, { ...claims, sub })));
          for (let round = 0; round < 2; round++) {
            for (const [i, token] of tokens.entries())
              expect((await ask(token)).identity.principal.subject).toBe(subjects[i]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('says one text for every fault, and keeps the token out of the error', async () => {
    const { ask } = bench([local()]);
    const texts = new Set<string>();
    for (const [, , make] of hostile) {
      const token = await make();
      const error = await ask(token).then(
        () => null,
        (thrown: Error & { detail?: string }) => thrown,
      );
      texts.add(error!.message);
      expect(`${error!.detail}${error!.stack}${error!.cause}`).not.toContain(token.slice(0, 40));
    }
    expect([...texts]).toEqual([
      "The identity token was not accepted. Get a fresh one; the gateway's log says why, under this request id.",
    ]);
  });

  it('refuses two entries of one issuer, and a development issuer beside any other', () => {
    expect(() => bench([local(), local({ name: 'twice' })])).toThrow(TypeError);
    const development = { entry: local({ issuer: 'urn:dev' }), mint: async () => '', link: async () => '' };
    expect(() => bench([local()], { development })).toThrow(TypeError);
  });

  it('refuses what a broken or short key of the issuer would verify', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...(await exportJWK(short.publicKey)), kid: 'k1', alg: 'RS256' };
    const input = `${b64({ alg: 'RS256', kid: 'k1' })}.${b64(claims)}`;
    const signature = nodeSign('sha256', Buffer.from(input), short.privateKey).toString('base64url');
    for (const keys of [[jwk], [{ ...jwk, n: '!' }], [{ kty: 'RSA', kid: 'k1', alg: 'RS256' }]]) {
      const { refusal } = bench([local({ jwks: { keys: { keys } } })]);
      expect(await refusal(`${input}.${signature}`)).toBe('TOKEN_INVALID key');
    }
  });

  it('knows a SPIFFE token without iss by its trust domain, and holds it to that domain', async () => {
    const entry = local({ issuer: 'spiffe://example.org' });
    const { ask, refusal } = bench([entry]);
    const spiffe = { ...without('iss'), sub: 'spiffe://example.org/ns/prod/sa/agent' };
    expect((await ask(await sign(key, spiffe))).identity.principal).toMatchObject({
      issuer: 'spiffe://example.org',
      subject: spiffe.sub,
    });
    expect(await refusal(await sign(key, { ...spiffe, sub: 'spiffe://example.org.evil/x' }))).toBe(
      'TOKEN_INVALID issuer',
    );
    expect(
      await refusal(await sign(key, { ...spiffe, iss: 'spiffe://example.org', sub: 'spiffe://other.org/x' })),
    ).toBe('TOKEN_INVALID subject');
  });
});
