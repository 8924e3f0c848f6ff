import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeScripts, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type Body, eventsOf, KEY, messageBody, messageOf, send } from './support.ts';

const TOOLS = [
  {
    name: 'Bash',
    input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  },
  { name: 'Agent', input_schema: { type: 'object', properties: { prompt: { type: 'string' } }, required: ['prompt'] } },
];
const WHOLE = describeScripts()
  .map((one) => one.name)
  .filter((name) => !/^(error|cut|slow|stall)/.test(name));

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ apiKeys: [KEY], seed: 11 });
});
afterAll(() => sandbox.close());

function prompt(text: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  const thinking = { type: 'enabled', budget_tokens: 1024 };
  return messageBody({ tools: TOOLS, thinking, messages: [{ role: 'user', content: text }], ...over });
}

/** The content without what is fresh on every generation. */
function lasting(message: Body): string {
  return JSON.stringify(message.content)
    .replace(/(toolu|srvtoolu)_\w+/g, 'ID')
    .replace(/"signature":"[^"]*"/g, 'SIGNED');
}

test('every whole script keeps the grammar and adds up to its JSON answer, under any seed', async () => {
  const scripts = fc.constantFrom(...WHOLE);
  const secrets = fc.string({ unit: 'binary', minLength: 2, maxLength: 30 }).map((text) => text.replace(/\s/gu, '_'));
  await fc.assert(
    fc.asyncProperty(scripts, secrets, fc.nat(), async (name, secret, seed) => {
      const own = await startSandbox({ apiKeys: [KEY], seed });
      try {
        const body = prompt(`sandbox:${name} 40\nsecret=${secret}`);
        const streamed = await send(own.url, 'POST', '/v1/messages', { ...body, stream: true });
        const whole = await send(own.url, 'POST', '/v1/messages', body);
        const message = messageOf(eventsOf(streamed.text));
        expect(lasting(message)).toBe(lasting(whole.json));
        expect(Object.keys(message).sort()).toEqual(Object.keys(whole.json).sort());
        expect(message.stop_reason).toBe(whole.json.stop_reason);
      } finally {
        await own.close();
      }
    }),
    { numRuns: 60 },
  );
});

test('bytes come in pieces that split events and characters, and rejoin to what was sent', async () => {
  let insideEvent = 0;
  let insideCharacter = 0;
  for (let i = 0; i < 12; i++) {
    const answer = await send(
      sandbox.url,
      'POST',
      '/v1/messages',
      prompt('sandbox:echo\nüñï→🙂 '.repeat(20), { stream: true }),
    );
    const sent = sandbox.requests.at(-1)!.answerBytes();
    expect(Buffer.concat(answer.pieces).equals(sent)).toBe(true);
    messageOf(eventsOf(answer.text));
    for (const piece of answer.pieces.slice(0, -1)) {
      if (!piece.toString('latin1').endsWith('\n\n')) insideEvent += 1;
    }
    for (const piece of answer.pieces.slice(1)) if ((piece[0]! & 0xc0) === 0x80) insideCharacter += 1;
  }
  expect(insideEvent).toBeGreaterThan(0);
  expect(insideCharacter).toBeGreaterThan(0);
});

test('one seed cuts the same way twice', async () => {
  const deltas = async (seed: number): Promise<string> => {
    const own = await startSandbox({ apiKeys: [KEY], seed });
    const answer = await send(own.url, 'POST', '/v1/messages', prompt('sandbox:chat', { stream: true }));
    await own.close();
    return eventsOf(answer.text)
      .flatMap(({ data }) => data.delta?.text ?? [])
      .join('|');
  };
  expect(await deltas(3)).toBe(await deltas(3));
  expect(await deltas(3)).not.toBe(await deltas(4));
});

test('no id comes twice', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const answer = await send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:parallel-tools'));
    ids.push(answer.json.id, String(answer.headers['request-id']));
    for (const block of answer.json.content) if (block.id) ids.push(block.id);
  }
  expect(ids).toHaveLength(20);
  expect(new Set(ids).size).toBe(20);
});

test('no delta of a leak holds the planted value, and one character of the tool input is escaped', async () => {
  const secret = 'tangerine-velvet';
  const answer = await send(
    sandbox.url,
    'POST',
    '/v1/messages',
    prompt(`sandbox:leak\nsecret=${secret}`, { stream: true }),
  );
  const events = eventsOf(answer.text);
  const pieces = events.flatMap(({ data }) => data.delta?.text ?? data.delta?.partial_json ?? []);
  expect(pieces.filter((piece) => piece.includes(secret))).toEqual([]);
  const message = messageOf(events);
  expect(message.content.map((block) => block.type)).toEqual(['text', 'text', 'tool_use']);
  expect(message.content[0]!.text).toContain(secret);
  expect(message.content[1]!.citations[0]!.cited_text).toContain(secret);
  expect(message.content[2]!.input.command).toBe(`echo ${secret}`);
  const spelled = events.flatMap(({ data }) => data.delta?.partial_json ?? []).join('');
  expect(spelled).toMatch(/\\u00[0-9a-f]{2}/);
  expect(spelled).not.toContain(secret);
});

test('a value can be planted backwards, so that nothing on the way in finds it', async () => {
  const answer = await send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:leak secret-reversed=tevlev'));
  expect(answer.json.content[0]!.text).toContain('velvet');
});

test('ping follows message_start, and pieces of input begin empty', async () => {
  const answer = await send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:bash ls -l', { stream: true }));
  const events = eventsOf(answer.text);
  expect(events.slice(0, 2).map((event) => event.name)).toEqual(['message_start', 'ping']);
  expect(events.find(({ data }) => data.delta?.partial_json !== undefined)?.data.delta?.partial_json).toBe('');
  expect(messageOf(events).content.at(-1)!.input.command).toBe('ls -l');
});

test('an answer ends at max_tokens', async () => {
  const body = prompt('sandbox:long 500', { max_tokens: 10, thinking: undefined });
  const answer = await send(sandbox.url, 'POST', '/v1/messages', body);
  expect(answer.json.stop_reason).toBe('max_tokens');
  expect(answer.json.usage.output_tokens).toBe(10);
});

test('a stream that fails ends in an error event inside its second block', async () => {
  const answer = await send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:error-mid-stream', { stream: true }));
  const names = eventsOf(answer.text).map((event) => event.name);
  expect(names.at(-1)).toBe('error');
  expect(names.filter((name) => name === 'content_block_start')).toHaveLength(2);
  expect(names.filter((name) => name === 'content_block_stop')).toHaveLength(1);
});

test('a cut stream breaks, and never ends cleanly', async () => {
  const answer = await send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:cut-mid-stream', { stream: true }));
  expect(answer.broken).toBe(true);
  expect(answer.text).toContain('content_block_stop');
  const before = send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:cut-before', { stream: true }));
  await expect(before).rejects.toThrow(/hang up|ECONNRESET/);
});

test('a request that asks for JSON of a schema gets it, whatever the script', async () => {
  const schema = { type: 'object', properties: { title: { type: 'string', maxLength: 12 } }, required: ['title'] };
  const body = prompt('<session>sandbox:error-400\nMend the fence by the river</session>', {
    tools: undefined,
    output_config: { format: { type: 'json_schema', schema } },
  });
  const answer = await send(sandbox.url, 'POST', '/v1/messages', body);
  const title = JSON.parse(answer.json.content[0]!.text).title;
  expect(title.length).toBeGreaterThan(0);
  expect(title.length).toBeLessThanOrEqual(12);
});

test('answers carry rate limits and their organisation', async () => {
  const answer = await send(sandbox.url, 'POST', '/v1/messages', prompt('sandbox:chat'));
  expect(Number(answer.headers['anthropic-ratelimit-requests-remaining'])).toBeLessThan(4000);
  expect(answer.headers['anthropic-ratelimit-input-tokens-reset']).toMatch(/^\d{4}-.*Z$/);
  expect(answer.headers['anthropic-organization-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('the longest prefix that a breakpoint marked is read from the cache', async () => {
  const mark = { cache_control: { type: 'ephemeral' } };
  const system = [{ type: 'text', text: 'be brief '.repeat(400), ...mark }];
  const ask = async (messages: unknown): Promise<Body['usage']> =>
    (await send(sandbox.url, 'POST', '/v1/messages', messageBody({ system, messages }))).json.usage;
  const first = await ask([{ role: 'user', content: [{ type: 'text', text: 'one', ...mark }] }]);
  expect(first.cache_read_input_tokens).toBe(0);
  expect(first.cache_creation_input_tokens).toBeGreaterThan(800);
  const history = [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'two' },
  ];
  const second = await ask([...history, { role: 'user', content: [{ type: 'text', text: 'three', ...mark }] }]);
  expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
  expect(second.cache_creation_input_tokens).toBeGreaterThan(0);
  const changed = await ask([{ role: 'user', content: [{ type: 'text', text: 'other', ...mark }] }]);
  expect(changed.cache_read_input_tokens).toBeLessThan(first.cache_creation_input_tokens);
  expect(changed.cache_read_input_tokens).toBeGreaterThan(800);
});
