import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loginCommand, loginToken, type Surroundings } from '../../src/cli/login.ts';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';
import { Browser } from '../servers/http_browser.ts';
import { runAgent } from './agent.ts';
import { type Stack, startStack } from './stack.ts';
import { startTap, type Tap } from './tap.ts';

/* A person logs a device in, and Claude Code there works with tokens that renew themselves. */
const LIFETIME_S = 3;
let stack: Stack;
let tap: Tap;
const home = mkdtempSync(join(tmpdir(), 'login-'));
const around: Surroundings = {
  env: { XDG_CONFIG_HOME: home },
  wait: (ms) => new Promise((done) => setTimeout(done, ms / 50)),
};

beforeAll(async () => {
  stack = await startStack({ config: { identity: { development: true, tokens: { lifetime_s: LIFETIME_S } } } });
  tap = await startTap(stack.url);
}, 60_000);
afterAll(async () => {
  await tap.close();
  await stack.close();
  rmSync(home, { recursive: true });
});

/** `sallyport login`, while its user confirms the code in a browser. */
async function login(): Promise<void> {
  const issuer = await createDevelopmentIssuer({ dataDir: stack.dataDir });
  const browser = new Browser();
  const link = await issuer.link({ subject: 'dev@localhost', groups: ['developers'] });
  expect((await browser.ask(`${stack.adminUrl}/login/dev?code=${link}`)).status).toBe(303);
  const output = new Writable({
    write(chunk, _encoding, done) {
      const url = /https?:\S+/.exec(String(chunk))?.[0];
      if (url) void confirm(browser, url);
      done();
    },
  });
  expect(await loginCommand({ gateway: stack.url, name: 'laptop' }, output, around)).toBe(0);
}

async function confirm(browser: Browser, url: string): Promise<void> {
  const page = await (await browser.ask(url)).text();
  const csrf = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const code = /name="code" value="([^"]+)"/.exec(page)?.[1] ?? '';
  await browser.post(`${stack.adminUrl}/device`, { csrf, code, verdict: 'approve' });
}

describe('a login of a device', () => {
  it('carries Claude Code past two lifetimes of a token without a failed request', async () => {
    await login();
    const main = join(import.meta.dirname, '../../src/main.ts');
    const apiKeyHelper = `${process.execPath} ${main} token --login --gateway ${stack.url}`;
    const seconds = LIFETIME_S * 2 + 1;
    const outcome = await runAgent({
      baseUrl: tap.url,
      prompt: `sandbox:bash sleep ${seconds}`,
      env: { XDG_CONFIG_HOME: home, CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '1000' },
      options: { settings: JSON.stringify({ apiKeyHelper }) } as object,
    });
    expect([outcome.error, outcome.failed]).toEqual([null, false]);
    expect(outcome.results).toMatchObject([{ failed: false }]);
    const statuses = tap.answers().map(({ startLine }) => startLine.split(' ')[1]);
    expect([...new Set(statuses)]).toEqual(['200']);
    const tokens = tap
      .requests()
      .map(({ headers }) => headers.find(([name]) => name === 'authorization')?.[1].replace(/^Bearer /, ''))
      .filter((token) => token !== undefined)
      .map((token) => decodeJwt(token));
    const [first, last] = [tokens[0]!, tokens.at(-1)!];
    expect(first).toMatchObject({ iss: stack.url, sub: 'dev@localhost' });
    expect(first.exp! - first.iat!).toBe(LIFETIME_S);
    expect(last.iat! - first.iat!).toBeGreaterThanOrEqual(LIFETIME_S * 2);
  }, 90_000);

  it('is over at once when the person is revoked', async () => {
    await login();
    const options = { gateway: stack.url };
    expect(decodeJwt(await loginToken(options, around))).toMatchObject({ sub: 'dev@localhost' });
    await stack.admin.post('/admin/v1/revocations', { kind: 'sub', value: 'dev@localhost' });
    await expect(loginToken(options, around)).rejects.toThrow(/is over/);
  });
});
