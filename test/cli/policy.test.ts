import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArchive } from '../../src/bundle/index.ts';
import { bundleAcceptCommand, bundleListCommand } from '../../src/cli/bundle.ts';
import { policyCheckCommand, policyInspectCommand, policyTestCommand } from '../../src/cli/policy.ts';
import { baseline, bytesOf, makeKey, scope, sign } from '../bundle/fixtures/signing.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-policy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function printed(command: (output: Writable) => Promise<number>): Promise<{ code: number; text: string }> {
  let text = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { code: await command(output), text };
}

describe('sallyport policy', () => {
  it('inspects the built-in bundle', async () => {
    const { code, text } = await printed((output) => policyInspectCommand({}, output));
    expect(code).toBe(0);
    expect(text).toMatch(/^bundle {4}baseline \d/);
    expect(text).toContain('policy.wasm');
    expect(text).toContain('signed    no');
  });

  it('tests a bundle with its own corpus, and fails where a case gives something else', async () => {
    const built = await printed((output) => policyTestCommand({}, output));
    expect(built.code).toBe(0);
    expect(built.text).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
    const wrong = '[{"name":"never","point":"chunk","input":{"detections":{},"thresholds":{}},"effect":"deny"}]';
    const bundle = join(folder, 'wrong.tar.gz');
    writeFileSync(bundle, await writeArchive(new Map([...(await baseline()), ['corpus/wrong.json', bytesOf(wrong)]])));
    const failed = await printed((output) => policyTestCommand({ bundle }, output));
    expect(failed.code).toBe(1);
    expect(failed.text).toContain('FAILED  chunk: never: gives allow () instead of deny');
  });

  it('checks a signature with the given key, whatever id the signature names', async () => {
    const key = makeKey('ES256');
    const bundle = join(folder, 'signed.tar.gz');
    writeFileSync(bundle, await writeArchive(await sign(await baseline(), key, { header: { kid: 'theirs' } })));
    writeFileSync(join(folder, 'key.pem'), key.pem);
    const options = { bundle, key: join(folder, 'key.pem'), algorithm: 'ES256' };
    const good = await printed((output) => policyCheckCommand({ ...options, scope }, output));
    expect(good).toEqual({
      code: 0,
      text: expect.stringContaining('signed as bundle_version 1 for production, no end'),
    });
    const bad = await printed((output) => policyCheckCommand({ ...options, scope: 'staging' }, output));
    expect(bad).toEqual({ code: 1, text: expect.stringMatching(/^refused \(scope\): /) });
  });

  it('refuses half of what a signature is checked with, and a file that is not there', async () => {
    await expect(printed((output) => policyCheckCommand({ key: 'x' }, output))).rejects.toThrow('--scope together');
    await expect(printed((output) => policyInspectCommand({ bundle: join(folder, 'no') }, output))).rejects.toThrow(
      'no readable file',
    );
  });
});

describe('sallyport bundle', () => {
  const status = {
    source: 'directory',
    active: { bundle: 'baseline', version: '1.0.0', revision: 'abc', bundle_version: 3, activated_at: 0 },
    unavailable: null,
    checked_at: 0,
    refused: { reason: 'scope', detail: 'signed for staging', at: 0 },
    expires_at: 60,
  };
  const posted: unknown[] = [];
  const admin = {
    get: async () => status,
    post: async (path: string, body: object) => {
      posted.push([path, body]);
      return status;
    },
    delete: async () => expect.unreachable(),
  };

  it('lists what decides and what was refused', async () => {
    const { text } = await printed((output) => bundleListCommand({}, admin, output));
    expect(text).toContain('baseline 1.0.0 (bundle_version 3), directory');
    expect(text).toContain('expires   1970-01-01T00:01:00.000Z');
    expect(text).toContain('scope: signed for staging');
    const asJson = await printed((output) => bundleListCommand({ json: true }, admin, output));
    expect(JSON.parse(asJson.text)).toEqual(status);
  });

  it('accepts a version that is a whole number, and nothing else', async () => {
    await printed((output) => bundleAcceptCommand('2', {}, admin, output));
    expect(posted).toEqual([['/admin/v1/bundles/accept', { version: 2 }]]);
    for (const wrong of ['0', '1.5', 'two', '']) {
      await expect(printed((output) => bundleAcceptCommand(wrong, {}, admin, output))).rejects.toThrow('whole number');
    }
  });
});
