import { createHash } from 'node:crypto';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runAgent } from './agent.ts';
import { type Stack, startStack } from './stack.ts';
import { type HttpMessage, startTap, type Tap } from './tap.ts';

/*
 * What policy does not change passes byte for byte. The bodies of the real clients are compared as they stood on both
 * sockets: between client and gateway, and between gateway and Claude.
 */
let stack: Stack;
let tap: Tap;
let token: string;

beforeAll(async () => {
  stack = await startStack({
    sandbox: { seed: 3, keep: 0 },
    tapUpstream: true,
    masked: { other: 'never-said-by-anyone' },
  });
  tap = await startTap(stack.url);
  token = await stack.token();
}, 60_000);

afterAll(async () => {
  await tap.close();
  await stack.close();
});

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Pairs messages of both sockets by content; gives how many there are at the near side and how many have a twin. */
function pair(near: readonly HttpMessage[], far: readonly HttpMessage[]): { count: number; identical: number } {
  const unmatched = new Map<string, number>();
  for (const { body } of far) unmatched.set(digest(body), (unmatched.get(digest(body)) ?? 0) + 1);
  let identical = 0;
  for (const { body } of near) {
    const left = unmatched.get(digest(body)) ?? 0;
    if (left > 0) identical += 1;
    unmatched.set(digest(body), left - 1);
  }
  return { count: near.length, identical };
}

const posts = (messages: readonly HttpMessage[]) => messages.filter((message) => message.startLine.startsWith('POST'));

async function askWithSdk(): Promise<void> {
  const client = new Anthropic({ baseURL: tap.url, authToken: token, apiKey: null, maxRetries: 0 });
  const texts = ['hello', 'größer 😀', 'tab\tquote"\\ \u2028', 'x'.repeat(20_000), '{"a":1e3}'];
  const variants = [
    {},
    { system: 'Be brief.' },
    { system: [{ type: 'text' as const, text: 'Cached.', cache_control: { type: 'ephemeral' as const } }] },
    { metadata: { user_id: 'u-1' }, stop_sequences: ['END'] },
    { tools: [{ name: 'lookup', description: 'd', input_schema: { type: 'object' as const, properties: { q: {} } } }] },
  ];
  for (const text of texts) {
    for (const variant of variants) {
      const request = {
        model: 'claude-opus-5-5',
        max_tokens: 64,
        messages: [{ role: 'user' as const, content: text }],
        ...variant,
      };
      await client.messages.create(request);
      await client.messages.stream(request).finalMessage();
    }
    await client.messages.countTokens({ model: 'claude-opus-5-5', messages: [{ role: 'user', content: text }] });
  }
}

it('passes the bodies and the answers of the real clients byte for byte', async () => {
  const prompts = [
    'chat',
    'tools',
    'thinking',
    'parallel-tools',
    'interleaved',
    'subagent tools',
    'server-tool',
    'echo',
    'long 300',
  ];
  for (const name of prompts) {
    const outcome = await runAgent({ baseUrl: tap.url, token, prompt: `sandbox:${name}\nGo on.` });
    expect(outcome.error, name).toBeNull();
    expect(outcome.failed, name).toBe(false);
  }
  const ofClaudeCode = posts(tap.requests()).length;
  await askWithSdk();

  const requests = pair(posts(tap.requests()), posts(stack.upstreamTap!.requests()));
  console.log(`bodies ${requests.count} identical ${requests.identical} (${ofClaudeCode} of Claude Code)`);
  expect(requests.identical).toBe(requests.count);
  expect(requests.count).toBeGreaterThanOrEqual(65);
  expect(ofClaudeCode).toBeGreaterThanOrEqual(15);

  const answers = pair(tap.answers(), stack.upstreamTap!.answers());
  console.log(`answers ${answers.count} identical ${answers.identical}`);
  expect(answers.identical).toBe(answers.count);
  expect(answers.count).toBe(requests.count);
}, 180_000);

it('passes spellings that a parser would lose', async () => {
  const body =
    '{ "model":"claude-opus-5-5",\n"max_tokens":  64, "big": 12345678901234567890, "n":[1.0,1e3,-0.0],' +
    '"messages":[{"role":"user","content":"\\u0041\\/\\ud83d\\ude00"}] }';
  const before = stack.upstreamTap!.requests().length;
  const response = await fetch(`${stack.url}/v1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
    },
    body,
  });
  expect(response.status).toBe(200);
  expect(
    stack
      .upstreamTap!.requests()
      .slice(before)
      .map((request) => request.body.toString()),
  ).toEqual([body]);
});
