import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/forward/assemble.ts';
import { createHoldStep } from '../../src/forward/hold.ts';
import { createEventReader } from '../../src/forward/sse.ts';
import { passWhole } from '../../src/forward/whole.ts';
import { createStreamWriter } from '../../src/forward/write.ts';
import type { AnswerPart, CallVerdict, WayBackStep } from '../../src/model/answer.ts';
import type { Recorded, Reply } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

/*
 * An answer that came as a stream is given whole, and the other way round. The official client is the oracle for what
 * a stream amounts to, the stand-in of the service for how real answers look.
 */

const allowed: CallVerdict = {
  effect: 'allow',
  tool: 'Bash',
  callId: 'toolu_1',
  callIndex: 0,
  reasons: [],
  decision: null,
  approval: null,
};
const judge: WayBackStep = (part, next) =>
  next(part.kind === 'block' && part.call ? { ...part, verdict: allowed } : part);

function partsOf(stream: Uint8Array): AnswerPart[] {
  const parts: AnswerPart[] = [];
  const reader = createEventReader();
  const hold = createHoldStep();
  const events = [...reader.read(stream), ...reader.end()];
  for (const event of events) hold(event, (part) => judge(part, (judged) => void parts.push(judged)));
  return parts;
}

async function keptOf(whole: Uint8Array): Promise<AnswerPart[]> {
  const parts: AnswerPart[] = [];
  const exchange = { answer: { append: (part: AnswerPart) => parts.push(part) } } as unknown as Recorded;
  await passWhole(
    exchange,
    whole,
    (_exchange, write) => (part) => judge(part, (judged) => write(judged, () => undefined)),
  );
  return parts;
}

async function streamOf(parts: readonly AnswerPart[]): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const writer = createStreamWriter({ write: (bytes: Uint8Array) => void chunks.push(bytes) } as unknown as Reply);
  for (const part of parts) writer.step(part, () => undefined);
  await writer.flush();
  return Buffer.concat(chunks);
}

/** What the official client makes of a stream. */
async function read(stream: Uint8Array): Promise<JsonObject> {
  const client = new Anthropic({
    apiKey: 'none',
    fetch: async () => new Response(stream as BodyInit, { headers: { 'content-type': 'text/event-stream' } }),
  });
  const message = await client.beta.messages
    .stream({ model: 'm', max_tokens: 1, messages: [{ role: 'user', content: 'x' }] })
    .finalMessage();
  // The client's own addition.
  return JSON.parse(JSON.stringify(message, (key, value) => (key === 'parsed_output' ? undefined : value)));
}

const parse = (bytes: Uint8Array): JsonObject => JSON.parse(Buffer.from(bytes).toString());
const sse = (...events: JsonObject[]) =>
  Buffer.from(events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join(''));

describe('answers of the service', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ seed: 3, apiKeys: ['key'] });
  });
  afterAll(() => sandbox.close());

  const ask = async (script: string, stream: boolean) => {
    const response = await fetch(`${sandbox.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'key', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'claude-opus-5-5',
        max_tokens: 4000,
        stream,
        thinking: { type: 'enabled', budget_tokens: 1024 },
        tools: [{ name: 'Bash', input_schema: { type: 'object' } }],
        messages: [{ role: 'user', content: `${script}\nsecret=swordfish Grüße 😀` }],
      }),
    });
    return Buffer.from(await response.arrayBuffer());
  };

  it.each(['chat', 'tools', 'parallel-tools', 'interleaved', 'thinking', 'redacted-thinking', 'leak', 'server-tool'])(
    'amount to the same, streamed or whole: %s',
    async (script) => {
      const stream = await ask(`sandbox:${script}`, true);
      expect(parse(assemble(partsOf(stream)))).toEqual(await read(stream));
      const whole = await ask(`sandbox:${script}`, false);
      const told = await streamOf(await keptOf(whole));
      expect(await read(told)).toEqual(parse(whole));
      expect(parse(assemble(await keptOf(whole)))).toEqual(parse(whole));
      // Told as a stream and put together again, and cut anywhere.
      expect(parse(assemble(partsOf(told)))).toEqual(parse(whole));
    },
  );
});

describe('putting a stream together', () => {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 1 } };

  it('spells the input of a tool as Claude spelled it', () => {
    const input = '{"big":12345678901234567890,"one":1.0,"text":"\\u00fc"}';
    const parts = partsOf(
      sse(
        { type: 'message_start', message },
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 't', name: 'Bash', input: {} },
        },
        {
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'input_json_delta', partial_json: input.slice(0, 20) },
        },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: input.slice(20) } },
        { type: 'content_block_stop', index: 0 },
        {
          type: 'message_delta',
          delta: { stop_reason: 'tool_use' },
          usage: { output_tokens: 3 },
          context_management: { a: 1 },
        },
        { type: 'message_stop' },
      ),
    );
    const text = Buffer.from(assemble(parts)).toString();
    expect(text).toContain(`"input":${input}`);
    expect(JSON.parse(text)).toMatchObject({
      stop_reason: 'tool_use',
      usage: { input_tokens: 1, output_tokens: 3 },
      context_management: { a: 1 },
    });
  });

  it('never makes a message of a call without a verdict, nor of nothing', () => {
    const [undecided] = partsOf(
      sse(
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'tool_use', id: 't', name: 'Bash', input: {} },
        },
        { type: 'content_block_stop', index: 0 },
      ),
    );
    expect(() => assemble([{ ...undecided!, verdict: null } as AnswerPart])).toThrow();
    expect(() => assemble([])).toThrow('broke off');
  });

  it('agrees with the official client on any blocks', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const pieces = fc.array(text, { maxLength: 4 });
    const block = fc.oneof(
      fc.record({ kind: fc.constant('text' as const), pieces, cited: fc.boolean() }),
      fc.record({ kind: fc.constant('thinking' as const), pieces, cited: fc.constant(false) }),
      fc.record({ kind: fc.constant('call' as const), pieces, cited: fc.constant(false) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(block, { maxLength: 5 }), async (blocks) => {
        const events = blocks.flatMap(({ kind, pieces, cited }, index): JsonObject[] => {
          const delta = (delta: JsonObject) => ({ type: 'content_block_delta', index, delta });
          const start = {
            text: { type: 'text', text: '', ...(cited ? { citations: [] } : {}) },
            thinking: { type: 'thinking', thinking: '', signature: '' },
            call: { type: 'tool_use', id: `t${index}`, name: 'Bash', input: {} },
          }[kind];
          const json = JSON.stringify({ pieces });
          const deltas = {
            text: [
              ...pieces.map((piece) => delta({ type: 'text_delta', text: piece })),
              ...(cited ? [delta({ type: 'citations_delta', citation: { cited_text: 'x' } })] : []),
            ],
            thinking: [
              ...pieces.map((piece) => delta({ type: 'thinking_delta', thinking: piece })),
              delta({ type: 'signature_delta', signature: 'sig' }),
            ],
            call: [json.slice(0, 5), json.slice(5)].map((piece) =>
              delta({ type: 'input_json_delta', partial_json: piece }),
            ),
          }[kind];
          return [
            { type: 'content_block_start', index, content_block: start },
            ...deltas,
            { type: 'content_block_stop', index },
          ];
        });
        const stream = sse(
          { type: 'message_start', message: { ...message, model: 'm', stop_reason: null, stop_sequence: null } },
          ...events,
          {
            type: 'message_delta',
            delta: { stop_reason: 'end_turn', stop_sequence: null },
            usage: { output_tokens: 9 },
          },
          { type: 'message_stop' },
        );
        expect(parse(assemble(partsOf(stream)))).toEqual(await read(stream));
      }),
      { numRuns: 60 },
    );
  });
});
