import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { KEY, MODEL } from './support.ts';

let sandbox: Sandbox;
let client: Anthropic;
beforeAll(async () => {
  sandbox = await startSandbox({ apiKeys: [KEY], seed: 21 });
  client = new Anthropic({ apiKey: KEY, baseURL: sandbox.url, maxRetries: 0 });
});
afterAll(() => sandbox.close());

const BASH: Anthropic.Tool = {
  name: 'Bash',
  input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
};

function ask(...messages: Anthropic.MessageParam[]): Anthropic.MessageCreateParamsNonStreaming {
  return { model: MODEL, max_tokens: 4096, tools: [BASH], messages };
}

test('the SDK creates a message', async () => {
  const message = await client.messages.create(ask({ role: 'user', content: 'sandbox:echo\nhow now' }));
  expect(message.content).toEqual([{ type: 'text', text: 'how now' }]);
  expect(message.usage.output_tokens).toBeGreaterThan(0);
});

test('the SDK streams a message to the same end', async () => {
  const stream = client.messages.stream(ask({ role: 'user', content: 'sandbox:echo\nhow → now 🙂' }));
  let text = '';
  stream.on('text', (piece) => {
    text += piece;
  });
  expect((await stream.finalMessage()).content).toEqual([{ type: 'text', text: 'how → now 🙂' }]);
  expect(text).toBe('how → now 🙂');
});

test('the SDK goes through a tool loop, thinking and all', async () => {
  const thinking = { type: 'enabled', budget_tokens: 2000 } as const;
  const prompt: Anthropic.MessageParam = { role: 'user', content: 'sandbox:denied-then-run\nsecret=velvet' };
  const first = await client.messages.stream({ ...ask(prompt), thinking }).finalMessage();
  expect(first.stop_reason).toBe('tool_use');
  expect(first.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
  const results = first.content.flatMap((block) =>
    block.type === 'tool_use' ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'fine' }] : [],
  );
  const messages = [
    prompt,
    { role: 'assistant' as const, content: first.content },
    { role: 'user' as const, content: results },
  ];
  const second = await client.messages.create({ ...ask(...messages), thinking });
  expect(second.stop_reason).toBe('end_turn');
  expect(second.content.at(-1)).toMatchObject({ text: expect.stringContaining('Bash returned: fine') });
});

test('the SDK counts tokens and reads models, page by page', async () => {
  const { tools: _, max_tokens: __, ...body } = ask({ role: 'user', content: 'hello' });
  expect((await client.messages.countTokens(body)).input_tokens).toBeGreaterThan(0);
  const ids: string[] = [];
  for await (const model of client.models.list({ limit: 2 })) ids.push(model.id);
  expect(ids).toContain(MODEL);
  expect(new Set(ids).size).toBe(ids.length);
  expect((await client.models.retrieve(MODEL)).display_name).toBe('Claude Opus 5.5');
});

test('the SDK throws its typed errors', async () => {
  const bad = ask({ role: 'user', content: 'sandbox:error-403' });
  await expect(client.messages.create(bad)).rejects.toBeInstanceOf(Anthropic.PermissionDeniedError);
  const mid = client.messages.stream(ask({ role: 'user', content: 'sandbox:error-mid-stream' })).finalMessage();
  await expect(mid).rejects.toBeInstanceOf(APIError);
  const cut = client.messages.stream(ask({ role: 'user', content: 'sandbox:cut-mid-stream' })).finalMessage();
  await expect(cut).rejects.toThrow();
});

test('the request is kept as it came', async () => {
  await client.messages.create(ask({ role: 'user', content: 'hello' }));
  const last = sandbox.requests.at(-1)!;
  expect([last.method, last.target, last.status]).toEqual(['POST', '/v1/messages', 200]);
  expect(last.headers).toContain('X-Stainless-Lang');
  expect(JSON.parse(Buffer.from(last.bodyBytes).toString())).toMatchObject({ model: MODEL });
});
