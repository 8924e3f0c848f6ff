import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';
import { afterwards, bench, T0 } from './fixture.ts';

function dataDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'development-'));
  afterwards(() => rmSync(directory, { recursive: true }));
  return directory;
}
const clock = () => T0 * 1000;

describe('the development issuer', () => {
  it('mints what identify accepts, for a developer by default', async () => {
    const development = await createDevelopmentIssuer({ dataDir: dataDir(), clock });
    const { ask } = bench([], { development });
    expect((await ask(await development.mint())).identity).toMatchObject({
      principal: {
        tenant: 'development',
        subject: 'dev@localhost',
        person: 'dev@localhost',
        kind: 'human',
        groups: ['developers'],
        function: 'agent',
      },
      token: { issuedAt: T0, expiresAt: T0 + 43_200 },
    });
    const made = await development.mint({ subject: 'ci', function: 'nightly', groups: ['x'], lifetimeSeconds: 60 });
    expect((await ask(made)).identity).toMatchObject({
      principal: { subject: 'ci', function: 'nightly', groups: ['x'] },
      token: { expiresAt: T0 + 60 },
    });
  });

  it('keeps its key over a restart, owner-only, and shares it between processes that start at once', async () => {
    const directory = dataDir();
    const issuers = await Promise.all(
      Array.from({ length: 5 }, () => createDevelopmentIssuer({ dataDir: directory, clock })),
    );
    const { ask } = bench([], { development: issuers[0]! });
    for (const issuer of issuers) await ask(await issuer.mint());
    await ask(await (await createDevelopmentIssuer({ dataDir: directory, clock })).mint());
    expect(readdirSync(join(directory, 'keys'))).toEqual(['development_issuer.json']);
    expect(statSync(join(directory, 'keys')).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'keys', 'development_issuer.json')).mode & 0o777).toBe(0o600);
  });

  it('is another issuer in another data directory', async () => {
    const development = await createDevelopmentIssuer({ dataDir: dataDir(), clock });
    const stranger = await createDevelopmentIssuer({ dataDir: dataDir(), clock });
    const { refusal } = bench([], { development });
    expect(await refusal(await stranger.mint())).toBe('TOKEN_INVALID key');
  });

  it('never hands its private key out', async () => {
    const directory = dataDir();
    const { entry } = await createDevelopmentIssuer({ dataDir: directory, clock });
    const { d } = JSON.parse(readFileSync(join(directory, 'keys', 'development_issuer.json'), 'utf8')) as { d: string };
    expect(d).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(entry)).not.toContain(d);
  });

  it('refuses a key that others can read, and lifetimes beyond a day', async () => {
    const directory = dataDir();
    const development = await createDevelopmentIssuer({ dataDir: directory, clock });
    for (const lifetimeSeconds of [0, -1, 86_401, Number.NaN]) {
      await expect(development.mint({ lifetimeSeconds })).rejects.toThrow(TypeError);
    }
    await expect(development.mint({ subject: '' })).rejects.toThrow(TypeError);
    expect(decodeJwt(await development.mint({ lifetimeSeconds: 86_400 })).exp).toBe(T0 + 86_400);
    chmodSync(join(directory, 'keys', 'development_issuer.json'), 0o644);
    await expect(createDevelopmentIssuer({ dataDir: directory })).rejects.toThrow(/open to other users/);
  });

  it('has its admin tokens refused on the data port', async () => {
    const development = await createDevelopmentIssuer({ dataDir: dataDir(), clock });
    const { refusal } = bench([], { development });
    const token = await development.mint({ audience: development.entry.admin_audience! });
    expect(await refusal(token)).toBe('TOKEN_INVALID audience');
  });
});
