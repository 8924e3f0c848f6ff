import { expect } from 'vitest';
import { type CallApprovalOptions, createApproveAnswerStep, type createParking } from '../../src/approve/index.ts';
import { createCorrectStep, createHoldStep } from '../../src/forward/index.ts';
import { relayStream } from '../../src/forward/stream.ts';
import type { UpstreamAnswer } from '../../src/forward/upstream.ts';
import type { CallVerdict, HeldBlock } from '../../src/model/answer.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { decisionOf } from '../model/decisions.ts';
import { type FakeDesk, fakeDesk, fingerprintOf, type KeptReply, keptReply, recordedExchange } from './hold_support.ts';
import { need } from './support.ts';

/* What waits for humans never shows before they said yes, in whatever order things happen. */

export const sse = (data: JsonObject) => Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
export const message = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  usage: { output_tokens: 1 },
};

export type Kind = 'text' | 'free' | 'asks' | 'denied';

/** The bytes of an answer of these blocks; every call has a name and an input that occur nowhere else. */
export function answerBytes(kinds: readonly Kind[]): Buffer {
  const events = kinds.flatMap((kind, index): JsonObject[] => {
    const start = kind === 'text' ? { type: 'text', text: '' } : callOf(kind, index);
    const delta =
      kind === 'text'
        ? { type: 'text_delta', text: `said ${index}` }
        : { type: 'input_json_delta', partial_json: JSON.stringify({ command: `input-${kind}-${index}` }) };
    return [
      { type: 'content_block_start', index, content_block: start },
      { type: 'content_block_delta', index, delta },
      { type: 'content_block_stop', index },
    ];
  });
  const reason = kinds.some((kind) => kind !== 'text') ? 'tool_use' : 'end_turn';
  const end = {
    type: 'message_delta',
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: 7 },
  };
  return Buffer.concat([{ type: 'message_start', message }, ...events, end, { type: 'message_stop' }].map(sse));
}

export const callOf = (kind: Kind, index: number) => ({
  type: 'tool_use',
  id: `toolu_${kind}_${index}`,
  name: `Tool_${kind}_${index}`,
  input: {},
});

export function upstream(chunks: readonly Uint8Array[], pause: () => Promise<void>, failure?: Error): UpstreamAnswer {
  let aborted = false;
  return {
    status: 200,
    headers: [],
    async consume(onChunk) {
      for (const chunk of chunks) {
        await onChunk(chunk);
        await pause();
        if (aborted) throw new Error('given up');
      }
      if (failure) throw failure;
    },
    enough: () => undefined,
    abort() {
      aborted = true;
    },
  };
}

export const text = (index: number, said: string, verdict: HeldBlock['verdict'] = null): HeldBlock => ({
  kind: 'block',
  index,
  block: { type: 'text', text: said },
  inputText: null,
  call: false,
  original: null,
  spans: [],
  verdict,
});

export function verdictOf(part: HeldBlock, index: number): CallVerdict {
  const tool = String(part.block.name);
  const asks = tool.includes('asks');
  return {
    effect: asks ? 'require_approval' : 'allow',
    tool,
    callId: String(part.block.id),
    callIndex: index,
    reasons: [{ id: 'rule', message: 'because' }],
    decision: asks ? decisionOf('require_approval', [need()]) : null,
    approval: null,
  };
}

export interface Run {
  readonly desk: FakeDesk;
  readonly reply: KeptReply;
  readonly exchange: ReturnType<typeof recordedExchange>;
  readonly relayed: Promise<unknown>;
  readonly attached: KeptReply;
}

/** Relays an answer through the hold, judge, approve and correct steps, as the way back does. */
export function relay(
  chunks: readonly Uint8Array[],
  more: {
    readonly pause?: () => Promise<void>;
    readonly failure?: Error;
    readonly options?: Partial<CallApprovalOptions>;
    readonly parking?: ReturnType<typeof createParking>;
    readonly signal?: AbortSignal;
    readonly here?: boolean;
  } = {},
): Run {
  const desk = fakeDesk();
  const exchange = recordedExchange(more.parking, more.signal);
  const reply = exchange.reply as KeptReply;
  if (more.here !== false) exchange.answer.attend();
  let calls = 0;
  const approve = createApproveAnswerStep(exchange, {
    approvals: desk,
    fingerprint: (_exchange, part) => ({
      kind: 'tool_call',
      fingerprint: fingerprintOf(part.inputText!),
      content: part.inputText!,
    }),
    facts: () => ({}),
    judgeAgain: (part) => verdictOf(part, part.verdict!.callIndex),
    deny: async (part, verdict) => text(part.index, `[denied] ${verdict.reasons[0]?.message}`, verdict),
    text,
    notice: null,
    clock: Date.now,
    contact: null,
    holdMs: 60_000,
    ...more.options,
  });
  const hold = createHoldStep();
  const correct = createCorrectStep();
  const relayed = relayStream(
    exchange,
    upstream(chunks, more.pause ?? (async () => undefined), more.failure),
    (_exchange, write) => (part) =>
      hold(part, (held) => {
        const end = (next: Parameters<typeof approve>[0]) => correct(next, (last) => write(last, () => undefined));
        if (held.kind !== 'block' || !held.call) return approve(held, end);
        if (String(held.block.name).includes('denied')) {
          const verdict = { ...verdictOf(held, calls++), effect: 'deny' as const };
          return approve(text(held.index, '[denied] by policy', verdict), end);
        }
        return approve({ ...held, verdict: verdictOf(held, calls++) }, end);
      }),
  ).then(
    (end) => {
      exchange.answer.finish(end);
      return end;
    },
    (error: Error) => {
      exchange.answer.finish(error);
      return error;
    },
  );
  return { desk, reply, exchange, relayed, attached: keptReply() };
}

/** The grammar of a stream as the official clients need it; returns the events. */
export function checked(stream: string, whole: boolean): JsonObject[] {
  const events = stream
    .split('\n\n')
    .filter((chunk) => chunk !== '')
    .map((chunk) => JSON.parse(chunk.slice(chunk.indexOf('data: ') + 6)) as JsonObject);
  let next = 0;
  let open: number | null = null;
  const types = events.map(({ type }) => type);
  for (const event of events) {
    if (event.type === 'content_block_start') {
      expect(open).toBeNull();
      expect(event.index).toBe(next);
      open = next++;
    }
    if (event.type === 'content_block_delta') expect(event.index).toBe(open);
    if (event.type === 'content_block_stop') {
      expect(event.index).toBe(open);
      open = null;
    }
  }
  if (whole) {
    expect(types[0]).toBe('message_start');
    expect(types.slice(-2)).toEqual(['message_delta', 'message_stop']);
    expect(open).toBeNull();
    const calls = events.filter(({ content_block: block }) => (block as JsonObject | undefined)?.type === 'tool_use');
    const { delta } = events.at(-2) as { delta: JsonObject };
    expect(delta.stop_reason).toBe(calls.length > 0 ? 'tool_use' : 'end_turn');
  }
  return events;
}

export const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
export const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await turn();
};
