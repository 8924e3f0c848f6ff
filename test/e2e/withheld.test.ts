import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AgentOutcome, runAgent } from './agent.ts';
import { type Stack, startStack } from './stack.ts';

/*
 * A denied prompt stays in the client's history for good. With the real Agent SDK: the session goes on, forked and
 * summarised too, and nothing of the prompt ever reaches Claude.
 */
const secret = ['sk-', 'ant-', 'api03-', 'Zq8vT2mWc4Lk9'.repeat(6)].join('');
const prompt = `Log in with ${secret}\nand list my projects.`;

let stack: Stack;
let home: string;
let token: string;
let session: string;

beforeAll(async () => {
  stack = await startStack({ sandbox: { seed: 3 } });
  home = mkdtempSync(join(tmpdir(), 'sallyport-withheld-'));
  token = await stack.token();
}, 60_000);

afterAll(async () => {
  await stack.close();
  rmSync(home, { recursive: true, maxRetries: 5, retryDelay: 100 });
});

const run = (said: string, options: Parameters<typeof runAgent>[0]['options'] = {}): Promise<AgentOutcome> =>
  runAgent({ baseUrl: stack.url, token, home, prompt: said, options });
const bodies = () => stack.sandbox.requests.map((request) => Buffer.from(request.bodyBytes).toString());
const expectNothingOfIt = () => {
  for (const body of bodies()) {
    expect(body).not.toContain(secret.slice(8, 30));
    expect(body).not.toContain('list my projects');
  }
};

describe('a prompt that policy denied', () => {
  it('is denied cleanly, and not sent', async () => {
    const outcome = await run(prompt);
    expect(outcome.failed).toBe(true);
    expect(outcome.result ?? String(outcome.error)).toContain('raw-credential');
    expect(outcome.sessionId).not.toBeNull();
    session = outcome.sessionId!;
    expect(bodies()).toEqual([]);
  }, 60_000);

  it('does not keep the session from going on, for three turns with thinking and tools', async () => {
    for (const said of [
      'sandbox:thinking\nSay hello.',
      'sandbox:interleaved\nGo on.',
      'sandbox:echo\nThe third turn.',
    ]) {
      const outcome = await run(said, { resume: session });
      expect(outcome.error).toBeNull();
      expect(outcome.failed).toBe(false);
    }
    expectNothingOfIt();
    expect(stack.sandbox.requests.map((request) => request.status).filter((status) => status !== 200)).toEqual([]);
    const last = JSON.parse(bodies().at(-1)!) as { readonly messages: readonly object[] };
    expect(JSON.stringify(last.messages[0])).toContain('[withheld by policy]');
    expect(JSON.stringify(last.messages)).toContain('"thinking"');
  }, 120_000);

  it('keeps what was sent before the same byte for byte, so that Claude can use its cache', () => {
    const first = bodies().map((body) =>
      JSON.stringify((JSON.parse(body) as { messages: readonly unknown[] }).messages[0]),
    );
    const normal = first.map((message) => message.replaceAll(/,"cache_control":\{[^}]*\}/g, ''));
    expect(normal.length).toBeGreaterThanOrEqual(4);
    expect(new Set(normal).size).toBe(1);
  });

  it('stays out of a fork, under another session id', async () => {
    const before = bodies().length;
    const outcome = await run('sandbox:echo\nIn a fork.', { resume: session, forkSession: true });
    expect(outcome.error).toBeNull();
    expect(outcome.sessionId).not.toBe(session);
    expect(bodies().length).toBeGreaterThan(before);
    expectNothingOfIt();
  }, 60_000);

  it('stays out of titles and token counts', async () => {
    const messages = [{ role: 'user', content: `<session>\n${prompt}\n</session>` }];
    const tokens = [{ role: 'user', content: [{ type: 'text', text: `${prompt}\n` }] }];
    const headers = {
      authorization: `Bearer ${token}`,
      ...{ 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-app': 'cli' },
    };
    const post = async (path: string, body: object) => {
      const asked = { method: 'POST', headers, body: JSON.stringify({ model: 'claude-opus-5-5', ...body }) };
      return (await fetch(`${stack.url}${path}`, asked)).status;
    };
    const format = { type: 'json_schema', schema: { type: 'object', properties: { title: { type: 'string' } } } };
    expect(await post('/v1/messages', { messages, max_tokens: 100, output_config: { format } })).toBe(200);
    expect(await post('/v1/messages/count_tokens', { messages: tokens })).toBe(200);
    expect(bodies().slice(-2).join()).toContain('[withheld by policy]');
    expectNothingOfIt();
  });

  it('is denied again where the user sends it again, and the session goes on after that, too', async () => {
    const again = await run(prompt, { resume: session });
    expect(again.result ?? String(again.error)).toContain('raw-credential');
    const next = await run('sandbox:echo\nAnd on.', { resume: session });
    expect(next.error).toBeNull();
    expect(next.texts.join()).toContain('And on.');
    expectNothingOfIt();
  }, 60_000);

  it('stays out of the summary of the session', async () => {
    const before = bodies().length;
    await run('/compact', { resume: session });
    expect(bodies().length).toBeGreaterThan(before);
    expectNothingOfIt();
  }, 60_000);
});
