import { createServer } from 'node:http';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createCredentials } from '../../src/credential/index.ts';
import { Secret } from '../../src/model/secret.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { type FakeVault, startFakeVault, type VaultMood } from '../servers/fake_vault.ts';
import type { VaultConfig } from '../servers/provision.ts';
import { alive, type Bench, startBench } from './contract.ts';

describe('a Vault that misbehaves', () => {
  let fake: FakeVault;
  let bench: Bench;
  let vault: VaultConfig;

  beforeAll(async () => {
    fake = await startFakeVault();
    bench = await startBench(fake.issuer, async () => fake.jwks);
    const role_id = new Secret(fake.roleId);
    const secret_id = new Secret(fake.secretId);
    vault = { address: fake.address, auth: { method: 'approle', mount: 'approle', role_id, secret_id } };
  });
  afterEach(async () => {
    fake.mood = 'well';
    fake.next.length = 0;
    await bench.reset();
  });
  afterAll(async () => {
    await bench.close();
    await fake.stop();
  });

  const moods: readonly (readonly [VaultMood, RegExp])[] = [
    ['sealed', /sealed: Vault answered 503/],
    ['standby', /throttled: Vault answered 429/],
    ['denied', /denied: Vault answered 403: permission denied for no token/],
    ['behind', /inconsistent: Vault answered 412/],
    ['hang', /timeout: /],
    ['reset', /unreachable: /],
    ['bad_json', /protocol: the answer of .* is not JSON/],
    ['not_json_error', /unavailable: Vault answered 502/],
  ];
  it.each(moods)('refuses with the fault named privately when it is %s at the first login', async (mood, detail) => {
    fake.mood = mood;
    const refused = await bench.refusal(bench.open(vault));
    expect(refused?.code).toBe('CREDENTIAL_UNAVAILABLE');
    expect(refused?.detail).toMatch(detail);
  });

  it.each(moods)('serves the cached lease while it is %s', async (mood) => {
    // Already due for a refresh when it arrives.
    bench.front.life = 3600;
    let skew = 0;
    const credentials = bench.open(vault, {
      now: () => Date.now() + skew,
      after: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
    });
    const lease = await credentials.lease('default', alive);
    skew = 3_590_000;
    fake.mood = mood;
    expect(await credentials.lease('default', alive)).toBe(lease);
    expect(credentials.health().usable).toBe(true);
    await expect.poll(() => credentials.health().fault).not.toBeNull();
    skew = 3_600_000;
    expect((await bench.refusal(credentials))?.code).toBe('CREDENTIAL_UNAVAILABLE');
  });

  it('follows no redirect and gives the other host nothing', async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['x-vault-token']}`);
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const redirect = `http://127.0.0.1:${(other.address() as { readonly port: number }).port}`;
    try {
      const credentials = bench.open(vault);
      const lease = await credentials.lease('default', alive);
      fake.mood = { redirect };
      credentials.refused(lease);
      expect((await bench.refusal(credentials))?.detail).toMatch(/redirect: .*307/);
      expect((await bench.refusal(bench.open(vault)))?.detail).toMatch(/redirect/);
      fake.mood = 'well';
      await bench.reset();
      expect(seen).toEqual([]);
    } finally {
      other.closeAllConnections();
      other.close();
    }
  });

  it('tries a 403 once more right after the login, where another node may not know the token yet', async () => {
    const credentials = bench.open(vault);
    fake.next.push('well', 'denied');
    expect(await bench.send(await credentials.lease('default', alive))).toBe(200);
    expect(bench.logins()).toBe(1);
  });

  it('tries a read once more after a connection reset, and a login not', async () => {
    const credentials = bench.open(vault);
    fake.next.push('well', 'reset');
    expect(await bench.refusal(credentials)).toBeNull();
    fake.calls.length = 0;
    fake.next.push('reset');
    expect((await bench.refusal(bench.open(vault)))?.detail).toMatch(/unreachable/);
    expect(fake.calls).toEqual(['POST auth/approle/login']);
  });

  it('stops asking after five failures in a row', async () => {
    // Two roles back off apart from each other; the breaker is for both.
    const credentials = bench.open(vault, {
      now: () => (skewed += 1_000),
      after: (ms, work) => {
        const timer = setTimeout(work, Math.min(ms, 1));
        return () => clearTimeout(timer);
      },
    });
    let skewed = Date.now();
    fake.mood = 'sealed';
    fake.calls.length = 0;
    const details: (string | null | undefined)[] = [];
    for (let i = 0; i < 30; i++) details.push((await bench.refusal(credentials))?.detail);
    expect(details.some((detail) => detail?.includes('breaker_open'))).toBe(true);
    expect(fake.calls.length).toBeLessThan(20);
  });

  it('takes neither token, prefix nor namespace from the environment', async () => {
    const env = { VAULT_TOKEN: 'hvs.from-environment', VAULT_PREFIX: '/prefix', VAULT_NAMESPACE: 'other' };
    Object.assign(process.env, env);
    try {
      fake.calls.length = 0;
      fake.tokensSeen.length = 0;
      await bench.open(vault).lease('default', alive);
      expect(fake.calls[0]).toBe('POST auth/approle/login');
      expect(fake.tokensSeen[0]).toBe('');
      expect(fake.tokensSeen.join()).not.toContain('environment');
    } finally {
      for (const name of Object.keys(env)) delete process.env[name];
    }
  });

  it('refuses to start where the environment switches TLS verification off', () => {
    const start = (env: { readonly [name: string]: string }) => () =>
      createCredentials({
        config: { default_role: 'default', vault, roles: {} },
        upstreamUrl: bench.sandbox.url,
        outbound: createOutbound(),
        onEvent: () => {},
        env,
      });
    expect(start({ VAULT_SKIP_VERIFY: 'false' })).toThrow(/VAULT_SKIP_VERIFY/);
    expect(start({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toThrow(/NODE_TLS_REJECT_UNAUTHORIZED/);
  });

  it('names why the token endpoint refused', async () => {
    bench.front.broken = true;
    expect((await bench.refusal(bench.open(vault)))?.detail).toMatch(/unavailable: the token endpoint answered 500/);
  });

  it('keeps no more of a token endpoint’s error than its error fields, redacted', async () => {
    const echo = createServer(async (request, response) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
      const { assertion } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly assertion: string };
      response
        .writeHead(401)
        .end(JSON.stringify({ error: 'invalid_grant', error_description: `bad assertion ${assertion}`, assertion }));
    });
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    const { url } = bench.front;
    Object.assign(bench.front, { url: `http://127.0.0.1:${(echo.address() as { readonly port: number }).port}/` });
    try {
      const refused = await bench.refusal(bench.open(vault));
      expect(refused?.detail).toMatch(/401: invalid_grant, bad assertion \[redacted\]$/);
    } finally {
      Object.assign(bench.front, { url });
      echo.closeAllConnections();
      echo.close();
    }
  });

  it('says no secret whatever happens', () => {
    const all = inspect(bench.heard, { depth: 12, showHidden: true }) + JSON.stringify(bench.heard);
    expect(bench.heard.said.length).toBeGreaterThan(20);
    for (const secret of [fake.roleId, fake.secretId, ...fake.given, ...bench.front.bearers]) {
      expect(all.includes(secret)).toBe(false);
    }
  });
});
