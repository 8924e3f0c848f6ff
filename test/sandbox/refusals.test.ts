import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { KEY, messageBody, send } from './support.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ apiKeys: [KEY], seed: 7 });
});
afterAll(() => sandbox.close());

const call = { type: 'tool_use', id: 'toolu_a', name: 'Bash', input: {} };
const result = { type: 'tool_result', tool_use_id: 'toolu_a', content: 'ok' };
const user = (content: unknown) => ({ role: 'user', content });
const assistant = (content: unknown) => ({ role: 'assistant', content });
const talk = (...messages: unknown[]) => messageBody({ messages });

interface Case {
  readonly what: string;
  readonly body?: unknown;
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Record<string, string | undefined>;
  readonly status?: number;
  readonly type?: string;
  readonly message: string;
}

const CASES: readonly Case[] = [
  {
    what: 'no credential',
    headers: { 'x-api-key': undefined },
    status: 401,
    type: 'authentication_error',
    message: 'x-api-key header is required',
  },
  {
    what: 'an unknown key',
    headers: { 'x-api-key': 'sk-ant-other' },
    status: 401,
    type: 'authentication_error',
    message: 'invalid x-api-key',
  },
  {
    what: 'a bearer it did not mint',
    headers: { 'x-api-key': undefined, authorization: 'Bearer sk-ant-oat01-x', 'anthropic-beta': 'a,oauth-2025-04-20' },
    status: 401,
    type: 'authentication_error',
    message: 'Invalid bearer token',
  },
  {
    what: 'a bearer without its beta',
    headers: { 'x-api-key': undefined, authorization: 'Bearer sk-ant-oat01-x' },
    status: 401,
    type: 'authentication_error',
    message: 'OAuth authentication is currently not supported.',
  },
  { what: 'no version', headers: { 'anthropic-version': undefined }, message: 'anthropic-version: header is required' },
  {
    what: 'a version that is none',
    headers: { 'anthropic-version': 'soon' },
    message: 'anthropic-version: "soon" is not a valid version',
  },
  { what: 'another path', target: '/v1/files', status: 404, type: 'not_found_error', message: 'Not found' },
  { what: 'another method', method: 'PUT', status: 405, message: 'Method Not Allowed' },
  { what: 'broken JSON', body: '{"model":', message: 'The request body is not valid JSON' },
  { what: 'JSON that is no object', body: '[]', message: 'Input should be a valid dictionary' },
  { what: 'no model', body: messageBody({ model: undefined }), message: 'model: Field required' },
  { what: 'no max_tokens', body: messageBody({ max_tokens: undefined }), message: 'max_tokens: Field required' },
  {
    what: 'max_tokens of zero',
    body: messageBody({ max_tokens: 0 }),
    message: 'max_tokens: Input should be greater than or equal to 1',
  },
  {
    what: 'too large max_tokens',
    body: messageBody({ max_tokens: 200_000 }),
    message: 'max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens',
  },
  {
    what: 'a budget above max_tokens',
    body: messageBody({ thinking: { type: 'enabled', budget_tokens: 5000 } }),
    message: '`max_tokens` must be greater than `thinking.budget_tokens`',
  },
  {
    what: 'a budget too small',
    body: messageBody({ thinking: { type: 'enabled', budget_tokens: 10 } }),
    message: 'thinking.enabled.budget_tokens: Input should be greater than or equal to 1024',
  },
  { what: 'no messages', body: messageBody({ messages: undefined }), message: 'messages: Field required' },
  { what: 'an empty list of messages', body: talk(), message: 'messages: at least one message is required' },
  {
    what: 'an unknown model',
    body: messageBody({ model: 'claude-nobody' }),
    status: 404,
    type: 'not_found_error',
    message: 'model: claude-nobody',
  },
  {
    what: 'an unknown model by id',
    method: 'GET',
    target: '/v1/models/claude-nobody',
    body: undefined,
    status: 404,
    type: 'not_found_error',
    message: 'model: claude-nobody',
  },
  {
    what: 'the assistant speaking first',
    body: talk(assistant('hi'), user('hi')),
    message: 'first message must use the "user" role',
  },
  { what: 'an unknown role', body: talk({ role: 'tool', content: 'x' }), message: 'Unexpected role "tool"' },
  { what: 'a message without content', body: talk({ role: 'user' }), message: 'messages.0.content: Field required' },
  {
    what: 'an empty user message',
    body: talk(user('')),
    message: 'messages.0: user messages must have non-empty content',
  },
  {
    what: 'an empty text block',
    body: talk(user([{ type: 'text', text: '' }])),
    message: 'messages: text content blocks must be non-empty',
  },
  {
    what: 'a blank text block',
    body: talk(user([{ type: 'text', text: ' \n' }])),
    message: 'text content blocks must contain non-whitespace text',
  },
  {
    what: 'an empty text inside a tool result',
    body: talk(user('x'), assistant([call]), user([{ ...result, content: [{ type: 'text', text: '' }] }])),
    message: 'text content blocks must be non-empty',
  },
  {
    what: 'an empty earlier assistant message',
    body: talk(user('x'), assistant([]), user('y')),
    message: 'messages.1: all messages must have non-empty content except for the optional final assistant message',
  },
  {
    what: 'an empty final assistant message',
    body: talk(user('x'), assistant([])),
    message: 'final assistant content cannot be empty',
  },
  {
    what: 'a final assistant message that ends in a space',
    body: talk(user('x'), assistant('so ')),
    message: 'final assistant content cannot end with trailing whitespace',
  },
  {
    what: 'tool_use without tool_result',
    body: talk(user('x'), assistant([call]), user('y')),
    message: 'messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_a',
  },
  {
    what: 'tool_use at the very end',
    body: talk(user('x'), assistant([call])),
    message: '`tool_use` ids were found without `tool_result` blocks',
  },
  {
    what: 'tool_result without tool_use',
    body: talk(user('x'), assistant('y'), user([result])),
    message: 'messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_a',
  },
  {
    what: 'two results of one call',
    body: talk(user('x'), assistant([call]), user([result, result])),
    message: 'each tool_use must have a single result',
  },
  {
    what: 'one id for two calls',
    body: talk(user('x'), assistant([call]), user([result]), assistant([call]), user([result])),
    message: '`tool_use` ids must be unique',
  },
  {
    what: 'more than four breakpoints',
    body: messageBody({
      system: [1, 2, 3, 4, 5].map((n) => ({ type: 'text', text: `${n}`, cache_control: { type: 'ephemeral' } })),
    }),
    message: 'A maximum of 4 blocks with cache_control may be provided. Found 5.',
  },
  {
    what: 'temperature under the new version',
    headers: { 'anthropic-version': '2026-10-21' },
    body: messageBody({ temperature: 1 }),
    message: 'temperature: Extra inputs are not permitted',
  },
  {
    what: 'thinking without signature',
    body: talk(user('x'), assistant([{ type: 'thinking', thinking: 'a' }]), user('y')),
    message: 'messages.1.content.0.thinking.signature: Field required',
  },
  { what: 'a script that is none', body: talk(user('sandbox:nothing')), message: 'there is no script "nothing"' },
  {
    what: 'a body over 32 MB',
    body: messageBody({ filler: 'x'.repeat(33 * 1024 * 1024) }),
    status: 413,
    type: 'request_too_large',
    message: 'Request exceeds the maximum size',
  },
];

for (const one of CASES) {
  test(`refuses ${one.what}`, async () => {
    const body = 'body' in one ? one.body : messageBody();
    const answer = await send(
      sandbox.url,
      one.method ?? 'POST',
      one.target ?? '/v1/messages?beta=true',
      body,
      one.headers,
    );
    const status = one.status ?? 400;
    expect([answer.status, answer.json.type, answer.json.error.type]).toEqual([
      status,
      'error',
      one.type ?? 'invalid_request_error',
    ]);
    expect(answer.json.error.message).toContain(one.message);
    expect(answer.json.request_id).toMatch(/^req_01\w{22}$/);
    expect(answer.headers['request-id']).toBe(answer.json.request_id);
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
  });
}

test('takes a tool result that a system message separates from its call', async () => {
  const body = talk(user('x'), assistant([call]), { role: 'system', content: 'note' }, user([result]));
  expect((await send(sandbox.url, 'POST', '/v1/messages', body)).status).toBe(200);
});

test('counts tokens under the same checks, without max_tokens', async () => {
  const good = await send(sandbox.url, 'POST', '/v1/messages/count_tokens', messageBody({ max_tokens: undefined }));
  expect(good.json.input_tokens).toBeGreaterThan(0);
  const bad = await send(sandbox.url, 'POST', '/v1/messages/count_tokens', talk());
  expect(bad.json.error.message).toBe('messages: at least one message is required');
});

test('a script turns a request away with its own status, and says it may be retried', async () => {
  const answer = await send(sandbox.url, 'POST', '/v1/messages', talk(user('sandbox:error-529')));
  expect([answer.status, answer.json.error.type, answer.headers['x-should-retry']]).toEqual([
    529,
    'overloaded_error',
    'true',
  ]);
});

test('a fault with a number ends after so many requests of that prompt', async () => {
  const statuses = [];
  for (let i = 0; i < 3; i++) {
    statuses.push((await send(sandbox.url, 'POST', '/v1/messages', talk(user('sandbox:error-500 2')))).status);
  }
  expect(statuses).toEqual([500, 500, 200]);
});

test('closing ends a request that stalls', async () => {
  const own = await startSandbox({ apiKeys: [KEY] });
  const stalled = send(
    own.url,
    'POST',
    '/v1/messages',
    messageBody({ stream: true, messages: [user('sandbox:stall 600')] }),
  );
  await expect.poll(() => own.requests[0]?.status).toBe(200);
  await own.close();
  expect((await stalled).broken).toBe(true);
});
