import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { IssuerEntry } from '../../src/identify/index.ts';
import {
  afterwards,
  type Bench,
  bench,
  claims,
  issuerEntry,
  type KeyServer,
  keyServer,
  serve,
  sign,
  signingKey,
  T0,
} from './fixture.ts';

const first = await signingKey('k1');
const second = await signingKey('k2');
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Tokens that outlive every test, so that only the keys' age decides. */
const entry = (jwks: IssuerEntry['jwks'], issuer = issuerEntry.issuer): IssuerEntry => ({
  ...issuerEntry,
  issuer,
  max_age_s: 86_400,
  jwks,
});
const longLived = { ...claims, iat: T0, exp: T0 + 86_400 };
const token = await sign(first, longLived);
const rotated = await sign(second, longLived);

const answers = (keys: readonly object[]): KeyServer['answer'] => {
  return (_req, res) => void res.end(JSON.stringify({ keys }));
};
const down: KeyServer['answer'] = (_req, res) => void res.writeHead(500).end();

async function opened(): Promise<Bench & { readonly server: KeyServer; pass(ms: number): void }> {
  const server = await keyServer([first.jwk]);
  const state = bench([entry({ url: server.url })]);
  return Object.assign(state, {
    server,
    pass(ms: number) {
      state.now += ms;
    },
  });
}

describe('keys of an issuer', () => {
  it('fetches once for many callers at the start', async () => {
    const { refusal, server } = await opened();
    const others = await Promise.all(Array.from({ length: 20 }, (_, i) => sign(first, { ...longLived, jti: `t${i}` })));
    expect(new Set(await Promise.all(others.map((each) => refusal(each))))).toEqual(new Set(['accepted']));
    expect(server.fetches).toBe(1);
  });

  it('fetches at most once per cooldown under 1,000 unknown key ids', async () => {
    const { refusal, server, pass } = await opened();
    expect(await refusal(token)).toBe('accepted');
    const flood = await Promise.all(Array.from({ length: 1000 }, (_, i) => sign(second, longLived, { kid: `x${i}` })));
    for (const each of flood.slice(0, 500)) expect(await refusal(each)).toBe('TOKEN_INVALID key');
    expect(server.fetches).toBe(1);
    pass(30 * SECOND);
    expect(new Set(await Promise.all(flood.map((each) => refusal(each))))).toEqual(new Set(['TOKEN_INVALID key']));
    expect(server.fetches).toBe(2);
    pass(29 * SECOND);
    await Promise.all(flood.map((each) => refusal(each)));
    expect(server.fetches).toBe(2);
  });

  it('fetches at most once per cooldown while the issuer fails, too', async () => {
    const { refusal, server, pass } = await opened();
    await refusal(token);
    server.answer = down;
    for (let i = 0; i < 6; i++) {
      pass(10 * SECOND);
      for (let n = 0; n < 20; n++) await refusal(await sign(second, longLived, { kid: `${i}-${n}` }));
    }
    expect(server.fetches).toBe(1 + 2);
  });

  it('takes a new key up once the cooldown has passed', async () => {
    const { refusal, server, pass } = await opened();
    await refusal(token);
    server.answer = answers([first.jwk, second.jwk]);
    expect(await refusal(rotated)).toBe('TOKEN_INVALID key');
    pass(30 * SECOND);
    expect(await refusal(rotated)).toBe('accepted');
    expect(await refusal(token)).toBe('accepted');
  });

  it('forgets what a withdrawn key has signed, cached tokens included', async () => {
    const { refusal, server, pass } = await opened();
    expect(await refusal(token)).toBe('accepted');
    server.answer = answers([second.jwk]);
    pass(30 * SECOND);
    expect(await refusal(rotated)).toBe('accepted');
    expect(await refusal(token)).toBe('TOKEN_INVALID key');
  });

  it('refreshes in the background after ten minutes and waits after twenty', async () => {
    const { identify, refusal, server, pass, ask } = await opened();
    const exchange = await ask(token);
    server.answer = answers([second.jwk]);
    pass(10 * MINUTE - 1);
    await refusal(token);
    expect(server.fetches).toBe(1);
    pass(1);
    expect(identify.step(exchange)).not.toBeInstanceOf(Promise);
    await vi.waitFor(async () => expect(await refusal(token)).toBe('TOKEN_INVALID key'));
    expect(server.fetches).toBe(2);
    server.answer = answers([first.jwk]);
    pass(20 * MINUTE);
    expect(await refusal(token)).toBe('accepted');
    expect(server.fetches).toBe(3);
  });

  it('goes on without waiting after a refresh that changed nothing, and while the issuer is down', async () => {
    const { identify, server, pass, ask, refusal, failures } = await opened();
    const exchange = await ask(token);
    pass(10 * MINUTE);
    await ask(token);
    // A token of an unknown key waits for the refresh that is under way.
    expect(await refusal(rotated)).toBe('TOKEN_INVALID key');
    expect(server.fetches).toBe(2);
    expect(identify.step(exchange)).not.toBeInstanceOf(Promise);
    server.answer = down;
    pass(20 * MINUTE);
    await ask(token);
    expect(failures).toHaveLength(1);
    expect(identify.step(exchange)).not.toBeInstanceOf(Promise);
  });

  it('spreads the refreshes of a fleet', async () => {
    const server = await keyServer([first.jwk]);
    const early = bench([entry({ url: server.url })], { random: () => 0 });
    await early.ask(token);
    early.now += 8 * MINUTE;
    await early.ask(token);
    await vi.waitFor(() => expect(server.fetches).toBe(2));
  });

  it('keeps the last good keys for an hour while the issuer is down, then refuses, then recovers', async () => {
    const { refusal, server, pass, failures, identify } = await opened();
    await refusal(token);
    const unseen = await sign(first, { ...longLived, jti: 'unseen' });
    server.answer = down;
    pass(59 * MINUTE);
    expect(await refusal(token)).toBe('accepted');
    expect(await refusal(unseen)).toBe('accepted');
    expect(failures).toHaveLength(1);
    pass(MINUTE);
    expect(await refusal(token)).toBe('IDENTITY_UNAVAILABLE keys_unavailable');
    expect(identify.readiness()).toBe('no keys of any token issuer');
    server.answer = answers([first.jwk]);
    pass(30 * SECOND);
    expect(await refusal(token)).toBe('accepted');
    expect(identify.readiness()).toBe(true);
  });

  const bad: readonly (readonly [name: string, answer: KeyServer['answer']])[] = [
    ['status 500', down],
    ['status 404 with a key set', (_req, res) => void res.writeHead(404).end(JSON.stringify({ keys: [first.jwk] }))],
    ['an empty set', answers([])],
    ['no set', (_req, res) => void res.end('{}')],
    ['null', (_req, res) => void res.end('null')],
    ['no JSON', (_req, res) => void res.end('<html>')],
    ['10 MB', (_req, res) => void res.end(Buffer.alloc(10_000_000, ' '))],
    ['a redirect', (_req, res) => void res.writeHead(302, { location: '/jwks2' }).end()],
    ['a cut connection', (_req, res) => void res.destroy()],
  ];

  it.each(bad)(
    'is unavailable where the first answer is %s, and keeps its keys where a later one is',
    async (_name, answer) => {
      const { refusal, server, pass } = await opened();
      server.answer = answer;
      expect(await refusal(token)).toBe('IDENTITY_UNAVAILABLE keys_unavailable');
      expect(server.fetches).toBe(1);
      server.answer = answers([first.jwk]);
      pass(30 * SECOND);
      expect(await refusal(token)).toBe('accepted');
      server.answer = answer;
      pass(30 * MINUTE);
      expect(await refusal(token)).toBe('accepted');
      expect(server.fetches).toBe(3);
    },
  );

  it('tries an issuer that was down at the start again within seconds, ever more slowly', async () => {
    const { refusal, server, pass } = await opened();
    server.answer = down;
    const fetches: number[] = [];
    for (const wait of [0, 1, 2, 1, 2, 1, 8, 16, 30, 29, 1]) {
      pass(wait * SECOND);
      await refusal(token);
      fetches.push(server.fetches);
    }
    // After each failure the pause doubles: 2, 4, 8, 16 and at last 30 seconds.
    expect(fetches).toEqual([1, 1, 2, 2, 2, 3, 4, 5, 6, 6, 7]);
  });

  it('warms up ahead of the first request and becomes ready again by itself', async () => {
    const { identify, server, pass, failures } = await opened();
    server.answer = down;
    await identify.warm();
    expect([failures.length, identify.readiness()]).toEqual([1, 'no keys of any token issuer']);
    server.answer = answers([first.jwk]);
    pass(30 * SECOND);
    await vi.waitFor(() => expect(identify.readiness()).toBe(true));
    expect(server.fetches).toBe(2);
  });

  it('reads keys from a file, and again when they may have changed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jwks-'));
    afterwards(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'jwks.json');
    writeFileSync(file, JSON.stringify({ keys: [first.jwk] }));
    const state = bench([entry({ file })]);
    expect(await state.refusal(token)).toBe('accepted');
    writeFileSync(file, JSON.stringify({ keys: [second.jwk] }));
    state.now += 30 * SECOND;
    expect(await state.refusal(rotated)).toBe('accepted');
    expect(await state.refusal(token)).toBe('TOKEN_INVALID key');
  });

  it('finds keys by discovery, only in a document of the same issuer, and only at a safe address', async () => {
    const server = await keyServer([first.jwk]);
    let document: object = {};
    const asked: string[] = [];
    const issuer = await serve((req, res) => {
      asked.push(req.url!);
      res.end(JSON.stringify(document));
    });
    const state = bench([entry({ discovery: true }, issuer)]);
    const own = await sign(first, { ...longLived, iss: issuer });
    for (const wrong of [
      { issuer: `${issuer}/`, jwks_uri: server.url },
      { issuer: 'https://evil.example', jwks_uri: server.url },
      { jwks_uri: server.url },
      { issuer },
      { issuer, jwks_uri: 'http://keys.example/jwks' },
      { issuer, jwks_uri: 'file:///etc/passwd' },
    ]) {
      document = wrong;
      expect(await state.refusal(own)).toBe('IDENTITY_UNAVAILABLE keys_unavailable');
      state.now += 30 * SECOND;
    }
    expect(server.fetches).toBe(0);
    document = { issuer, jwks_uri: server.url };
    expect(await state.refusal(own)).toBe('accepted');
    expect(new Set(asked)).toEqual(new Set(['/.well-known/openid-configuration']));
  });

  it('never asks the address that a token names', async () => {
    const evil = await keyServer([second.jwk]);
    const { refusal } = await opened();
    for (const header of [{ jku: evil.url }, { x5u: evil.url }, { kid: evil.url }]) {
      expect(await refusal(await sign(second, longLived, header))).toMatch(/^TOKEN_INVALID/);
    }
    expect(await refusal(await sign(second, { ...longLived, iss: evil.url }))).toBe('TOKEN_INVALID issuer');
    expect(evil.fetches).toBe(0);
  });
});
