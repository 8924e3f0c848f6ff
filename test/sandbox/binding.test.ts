import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type Block, KEY, messageBody, type Raw, send } from './support.ts';

const FOREIGN = 'messages.1.content.0: Invalid `signature` in `thinking` block';
const MOVED = 'The block is bound to a different conversation.';
const CONTROLS = 'thinking-binding-controls-2026-08-01';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ apiKeys: [KEY], seed: 5 });
});
afterAll(() => sandbox.close());

const BASE = {
  thinking: { type: 'enabled', budget_tokens: 1024 },
  system: 'be kind',
  tools: [{ name: 'Bash', input_schema: { type: 'object' } }],
};
const PROMPT = { role: 'user', content: 'sandbox:thinking\nwhy?' };
const NEXT = { role: 'user', content: 'and then?' };

function ask(over: Record<string, unknown>, headers: Record<string, string> = {}): Promise<Raw> {
  return send(sandbox.url, 'POST', '/v1/messages', messageBody({ ...BASE, ...over }), headers);
}

async function think(over: Record<string, unknown> = {}): Promise<Block[]> {
  const answer = await ask({ messages: [PROMPT], ...over });
  expect(answer.json.content[0]!.type).toMatch(/thinking/);
  return answer.json.content;
}

function after(content: unknown, first: unknown = PROMPT): { messages: unknown[] } {
  return { messages: [first, { role: 'assistant', content }, NEXT] };
}

test('takes its own thinking back, however the client spells what came before', async () => {
  const content = await think();
  const mark = { cache_control: { type: 'ephemeral' } };
  const spelled = { role: 'user', content: [{ type: 'text', text: PROMPT.content, ...mark }] };
  const answer = await ask({
    ...after(content, spelled),
    system: [{ type: 'text', text: 'be kind', ...mark }],
    tools: [
      { ...BASE.tools[0], ...mark },
      { name: 'Later', input_schema: {}, defer_loading: true },
    ],
    metadata: { user_id: 'x' },
    max_tokens: 3000,
    tool_choice: { type: 'none' },
    output_config: { effort: 'low' },
  });
  expect([answer.status, answer.json.error]).toEqual([200, undefined]);
});

test('the attribution line of Claude Code is no part of what thinking is bound to', async () => {
  const line = (entry: string) => [
    { type: 'text', text: `x-anthropic-billing-header: cc_version=2; cc_entrypoint=${entry};` },
    { type: 'text', text: 'be kind' },
  ];
  const content = await think({ system: line('a') });
  expect((await ask({ ...after(content), system: line('b') })).status).toBe(200);
});

test('refuses changed thinking in the latest assistant message', async () => {
  const [thought, text] = await think();
  const answer = await ask(after([{ ...thought, thinking: `${thought!.thinking}!` }, text]));
  expect(answer.status).toBe(400);
  expect(answer.json.error.message).toBe(
    'messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.',
  );
});

test('refuses changed thinking further back, and a signature that is not its own', async () => {
  const [thought, text] = await think();
  const older = after([{ ...thought, thinking: 'else' }, text]);
  const longer = [...older.messages, { role: 'assistant', content: 'so' }, NEXT];
  expect((await ask({ messages: longer })).json.error.message).toBe(FOREIGN);
  const forged = Buffer.from(thought!.signature, 'base64');
  forged[20]! ^= 1;
  const answer = await ask(after([{ ...thought, signature: forged.toString('base64') }, text]));
  expect(answer.json.error.message).toBe(FOREIGN);
  const other = await startSandbox({ apiKeys: [KEY], seed: 6 });
  const elsewhere = await send(other.url, 'POST', '/v1/messages', messageBody({ ...BASE, ...after([thought, text]) }));
  await other.close();
  expect(elsewhere.json.error.message).toBe(FOREIGN);
});

test.each([
  ['the system prompt', { system: 'be cruel' }, 'The `system` prompt differs'],
  ['a tool', { tools: [{ name: 'Bash', description: 'new', input_schema: { type: 'object' } }] }, 'The `tools` differ'],
  ['an earlier message', { first: { role: 'user', content: 'sandbox:thinking\nwhy not?' } }, 'The messages before'],
])('refuses thinking once %s has changed', async (_, change: Record<string, unknown>, part) => {
  const content = await think();
  const { first, ...over } = change;
  const answer = await ask({ ...after(content, first), ...over });
  expect(answer.status).toBe(400);
  expect(answer.json.error.message).toContain(`${FOREIGN}. ${MOVED} Remove the block, or set`);
  expect(answer.json.error.message).toContain(part);
});

test('thinking is bound to the blocks before it in its own answer', async () => {
  const first = { role: 'user', content: 'sandbox:interleaved' };
  const { content } = (await ask({ messages: [first] })).json;
  const call = content.at(-1)!;
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'ok' }] };
  const back = (blocks: readonly Block[]) => ask({ messages: [first, { role: 'assistant', content: blocks }, result] });
  expect((await back(content)).status).toBe(200);
  const before = await back([{ ...content[0]!, text: 'masked' }, ...content.slice(1)]);
  expect(before.json.error.message).toContain(MOVED);
  const behind = await back([content[0]!, content[1]!, { ...content[2]!, text: 'masked' }, call]);
  expect(behind.status).toBe(200);
});

test('a client may leave thinking out, and later thinking still holds', async () => {
  const first = await think();
  const second = (await ask(after(first))).json.content;
  const messages = [
    PROMPT,
    { role: 'assistant', content: [first[1]] },
    NEXT,
    { role: 'assistant', content: second },
    NEXT,
  ];
  expect((await ask({ messages })).status).toBe(200);
});

test('drop_block leaves moved thinking out, says so, and never covers a forged block', async () => {
  const [thought, text] = await think();
  const over = {
    thinking: { ...BASE.thinking, block_binding: { prefix_mismatch_behavior: 'drop_block' } },
    system: 'be cruel',
  };
  const beta = { 'anthropic-beta': CONTROLS };
  const dropped = await ask({ ...after([thought, text]), ...over }, beta);
  expect(dropped.status).toBe(200);
  expect(dropped.json.input_transformations).toEqual([
    { type: 'thinking_dropped', path: 'messages.1.content.0', reason: 'prefix_binding_mismatch' },
  ]);
  const kept = await ask({ ...after([thought, text]), ...over, system: 'be kind' }, beta);
  expect(kept.json.input_transformations).toEqual([]);
  const forged = await ask({ ...after([{ ...thought, signature: 'AAAA' }, text]), ...over }, beta);
  expect(forged.json.error.message).toBe(FOREIGN);
  const unasked = await ask({ ...after([thought, text]), ...over });
  expect(unasked.json.error.message).toBe('thinking.enabled.block_binding: Extra inputs are not permitted');
});

test('omitted thinking is empty, holds by its signature, and text put into it is ignored', async () => {
  const over = { thinking: { type: 'adaptive' } };
  const [thought, text] = await think(over);
  expect(thought!.thinking).toBe('');
  expect((await ask({ ...after([{ ...thought, thinking: 'put in' }, text]), ...over })).status).toBe(200);
  const moved = await ask({ ...after([thought, text]), ...over, system: 'be cruel' });
  expect(moved.json.error.message).toContain(MOVED);
});

test('redacted thinking is checked like any other', async () => {
  const prompt = { role: 'user', content: 'sandbox:redacted-thinking' };
  const { content } = (await ask({ messages: [prompt] })).json;
  expect(content[0]!.type).toBe('redacted_thinking');
  expect((await ask(after(content, prompt))).status).toBe(200);
  expect((await ask({ ...after(content, prompt), system: 'be cruel' })).json.error.message).toContain(MOVED);
});

test('thinking made for one organisation is not taken from another', async () => {
  const own = await startSandbox({ apiKeys: [KEY], seed: 5, organization: '00000000-0000-4000-8000-000000000001' });
  const content = await think();
  const answer = await send(own.url, 'POST', '/v1/messages', messageBody({ ...BASE, ...after(content) }));
  await own.close();
  expect(answer.json.error.message).toContain('bound to a different organization');
});

test('count_tokens checks thinking too', async () => {
  const content = await think();
  const body = messageBody({ ...BASE, ...after(content), system: 'be cruel' });
  expect((await send(sandbox.url, 'POST', '/v1/messages/count_tokens', body)).json.error.message).toContain(MOVED);
});
