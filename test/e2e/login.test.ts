import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
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
const home = mkdtempSync(join(tmpdir(), 'login-'));
const around: Surroundings = {
  env: { XDG_CONFIG_HOME: home },
  wait: (ms) => setTimeout(ms / 50),
};

beforeAll(async () => {
  stack = await startStack({ config: { identity: { development: true, tokens: { lifetime_s: LIFETIME_S } } } });
}, 60_000);
afterAll(async () => {
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

/** So many turns of one conversation, with a pause after each answer. */
async function* prompts(count: number, pauseMs: number, tap: Tap): AsyncGenerator<SDKUserMessage> {
  for (let turn = 0; turn < count; turn++) {
    const message = { role: 'user' as const, content: `sandbox:echo\nturn ${turn}` };
    const answered = tap.answers().length;
    yield { type: 'user', message, parent_tool_use_id: null };
    while (tap.answers().length === answered) await setTimeout(20);
    await setTimeout(pauseMs);
  }
}

describe('a login of a device', () => {
  /** Claude Code with `apiKeyHelper`, through a tap; what came back, and the tokens that it sent. */
  async function work(prompt: (tap: Tap) => Parameters<typeof runAgent>[0]['prompt']) {
    const tap = await startTap(stack.url);
    const main = join(import.meta.dirname, '../../src/main.ts');
    const apiKeyHelper = `${process.execPath} ${main} token --login --gateway ${stack.url}`;
    const outcome = await runAgent({
      baseUrl: tap.url,
      prompt: prompt(tap),
      env: { XDG_CONFIG_HOME: home, CLAUDE_CODE_API_KEY_HELPER_TTL_MS: '500' },
      options: { settings: JSON.stringify({ apiKeyHelper }) } as object,
    });
    expect([outcome.error, outcome.failed]).toEqual([null, false]);
    const statuses = tap.answers().map(({ startLine }) => startLine.split(' ')[1]);
    const tokens = tap
      .requests()
      .map(({ headers }) => headers.find(([name]) => name === 'authorization')?.[1].replace(/^Bearer /, ''))
      .filter((token) => token !== undefined)
      .map((token) => decodeJwt(token));
    await tap.close();
    return { outcome, statuses, tokens };
  }

  it('carries Claude Code past two lifetimes of a token without a failed request', async () => {
    await login();
    const turns = 11;
    const { outcome, statuses, tokens } = await work((tap) => prompts(turns, 1200, tap));
    expect(outcome.texts.at(-1)).toContain(`turn ${turns - 1}`);
    expect([...new Set(statuses)]).toEqual(['200']);
    const [first, last] = [tokens[0]!, tokens.at(-1)!];
    expect(first).toMatchObject({ iss: stack.url, sub: 'dev@localhost' });
    expect(first.exp! - first.iat!).toBe(LIFETIME_S);
    expect(last.iat! - first.iat!).toBeGreaterThanOrEqual(LIFETIME_S * 2);
  }, 90_000);

  it('carries Claude Code over a break that its token did not live through', async () => {
    const { outcome, statuses } = await work(() => `sandbox:bash sleep ${LIFETIME_S + 6}`);
    expect(outcome.results).toMatchObject([{ failed: false }]);
    expect([statuses[0], statuses.at(-1)]).toEqual(['200', '200']);
    expect(statuses).toContain('401');
  }, 90_000);

  it('is over at once when the person is revoked', async () => {
    await login();
    const options = { gateway: stack.url };
    expect(decodeJwt(await loginToken(options, around))).toMatchObject({ sub: 'dev@localhost' });
    await stack.admin.post('/admin/v1/revocations', { kind: 'sub', value: 'dev@localhost' });
    await expect(loginToken(options, around)).rejects.toThrow(/is over/);
  });
});
