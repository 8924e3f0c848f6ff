import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHoldStep } from '../../src/forward/hold.ts';
import { relayStream, type WayBack } from '../../src/forward/stream.ts';
import type { UpstreamAnswer } from '../../src/forward/upstream.ts';
import { passWhole } from '../../src/forward/whole.ts';
import type { AnswerPart, CallVerdict, HeldBlock, WayBackStep } from '../../src/model/answer.ts';
import type { Recorded, Reply } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';

function sse(...events: JsonObject[]): Buffer {
  return Buffer.from(events.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join(''));
}

const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage: { input_tokens: 1 } };
const call = [
  {
    type: 'content_block_start',
    index: 1,
    content_block: { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} },
  },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"command":' } },
  { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: ' "ls"}' } },
  { type: 'content_block_stop', index: 1 },
];
const answerBytes = sse(
  { type: 'message_start', message },
  { type: 'ping' },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße 😀' } },
  { type: 'content_block_stop', index: 0 },
  ...call,
  { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
);

function answerOf(chunks: readonly Uint8Array[], failure?: Error): UpstreamAnswer & { aborted: boolean } {
  let enough = false;
  return {
    status: 200,
    headers: [],
    aborted: false,
    async consume(onChunk) {
      for (const chunk of chunks) {
        await onChunk(chunk);
        if (this.aborted) throw new Error('given up');
        if (enough) return;
      }
      if (failure) throw failure;
    },
    enough() {
      enough = true;
    },
    abort() {
      this.aborted = true;
    },
  };
}

function exchangeWith(): { exchange: Recorded; written: () => Buffer; ended: () => boolean } {
  const chunks: Uint8Array[] = [];
  let over = false;
  const reply: Partial<Reply> = {
    write: (bytes) => {
      chunks.push(bytes);
      return undefined;
    },
    end: () => {
      over = true;
    },
  };
  const answer = { append: () => undefined };
  return {
    exchange: { reply, answer } as unknown as Recorded,
    written: () => Buffer.concat(chunks),
    ended: () => over,
  };
}

const verdict: CallVerdict = {
  effect: 'allow',
  tool: 'Bash',
  callId: 'toolu_1',
  callIndex: 0,
  reasons: [],
  decision: null,
  approval: null,
};
const judge =
  (change: (part: HeldBlock) => AnswerPart): WayBackStep =>
  (part, next) =>
    next(part.kind === 'block' && part.call ? change(part) : part);
const wayBackWith =
  (step: WayBackStep): WayBack =>
  (_exchange, write) => {
    const hold = createHoldStep();
    return (part) => hold(part, (held) => step(held, (judged) => write(judged, () => undefined)));
  };
const allowing = wayBackWith(judge((part) => ({ ...part, verdict })));

describe('relaying a stream', () => {
  it('writes the bytes of Claude unchanged, however they were cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(answerBytes.length), { maxLength: 20 }), async (points) => {
        const at = [0, ...points.sort((a, b) => a - b), answerBytes.length];
        const { exchange, written, ended } = exchangeWith();
        const chunks = at.slice(1).map((end, i) => answerBytes.subarray(at[i], end));
        expect(await relayStream(exchange, answerOf(chunks), allowing)).toBe('complete');
        expect(written().equals(answerBytes)).toBe(true);
        expect(ended()).toBe(true);
      }),
    );
  });

  it('does not end a stream cleanly that Claude cut, wherever the cut is', async () => {
    for (let at = 0; at < answerBytes.length; at += 7) {
      const { exchange, written, ended } = exchangeWith();
      await expect(relayStream(exchange, answerOf([answerBytes.subarray(0, at)]), allowing)).rejects.toMatchObject({
        code: 'UPSTREAM_PROTOCOL',
      });
      expect(ended()).toBe(false);
      expect(answerBytes.subarray(0, written().length).equals(written())).toBe(true);
    }
  });

  it('never writes a tool call that no step has judged', async () => {
    const { exchange, written } = exchangeWith();
    const unjudged = wayBackWith((part, next) => next(part));
    await expect(relayStream(exchange, answerOf([answerBytes]), unjudged)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(written().toString()).not.toContain('tool_use');
  });

  it('writes a renamed call with its new input in one delta', async () => {
    const renaming = wayBackWith(
      judge((part) => ({
        ...part,
        block: { ...part.block, name: 'denied_by_policy_x', input: { reason: 'no' } },
        inputText: '{"reason":"no"}',
        original: null,
        verdict: { ...verdict, effect: 'deny' },
      })),
    );
    const { exchange, written } = exchangeWith();
    await relayStream(exchange, answerOf([answerBytes]), renaming);
    expect(written().toString()).toContain('"name":"denied_by_policy_x","input":{}');
    expect(written().toString()).toContain(
      JSON.stringify({ type: 'input_json_delta', partial_json: '{"reason":"no"}' }),
    );
    expect(written().toString()).not.toContain('command');
  });

  it('ends with the message, whoever keeps its connection open', async () => {
    const { exchange, written, ended } = exchangeWith();
    const answer: UpstreamAnswer = {
      ...answerOf([]),
      consume: (onChunk) => {
        const enough = new Promise<void>((resolve) => {
          answer.enough = resolve;
        });
        onChunk(answerBytes);
        return enough;
      },
    };
    expect(await relayStream(exchange, answer, allowing)).toBe('complete');
    expect(ended()).toBe(true);
    expect(written().equals(answerBytes)).toBe(true);
  });

  it('stops Claude when a step ends the message early', async () => {
    const ending = wayBackWith((part, next) =>
      part.kind === 'event' && part.type === 'content_block_delta'
        ? next({
            kind: 'event',
            type: 'message_stop',
            index: -1,
            data: { type: 'message_stop' },
            bytes: null,
            spans: [],
          })
        : next(part),
    );
    const { exchange, written, ended } = exchangeWith();
    const answer = answerOf([answerBytes, Buffer.from('more')]);
    expect(await relayStream(exchange, answer, ending)).toBe('denied');
    expect(answer.aborted).toBe(true);
    expect(ended()).toBe(true);
    expect(written().toString()).not.toContain('tool_use');
    expect(
      written()
        .toString()
        .match(/message_stop/g),
    ).toHaveLength(2);
  });

  it('passes an error event of Claude on and ends there', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const bytes = Buffer.concat([sse({ type: 'message_start', message }), sse(error)]);
    const { exchange, written, ended } = exchangeWith();
    expect(await relayStream(exchange, answerOf([bytes]), allowing)).toBe('upstream_error');
    expect(written().equals(bytes)).toBe(true);
    expect(ended()).toBe(true);
  });
});

describe('passing a whole answer', () => {
  const spelled = `{"id":"msg_1", "type":"message","big":12345678901234567890,"content":[
    {"type":"text","text":"a\\u0062"},{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"n":1.0,"command":"ls"}}],
    "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1}}`;
  const bytes = Buffer.from(spelled);

  it('returns the very bytes where nothing was changed', async () => {
    const { exchange } = exchangeWith();
    const passed = await passWhole(exchange, bytes, allowing);
    expect(passed.bytes).toBe(bytes);
    expect(passed.end).toBe('complete');
  });

  it('gives each block once, a call with its input as spelled', async () => {
    const seen: AnswerPart[] = [];
    const { exchange } = exchangeWith();
    await passWhole(
      exchange,
      bytes,
      wayBackWith((part, next) => {
        seen.push(part);
        return next(part.kind === 'block' && part.call ? { ...part, verdict } : part);
      }),
    );
    expect(seen.map((part) => (part.kind === 'event' ? part.type : part.block.type))).toEqual([
      'message_start',
      'text',
      'tool_use',
      'message_delta',
      'message_stop',
    ]);
    expect(seen[2]).toMatchObject({ call: true, inputText: '{"n":1.0,"command":"ls"}' });
  });

  it('changes a replaced call and the stop reason, and nothing else', async () => {
    const replacing = wayBackWith((part, next) => {
      if (part.kind === 'block' && part.call) {
        const block = { type: 'text', text: 'denied' };
        return next({ ...part, block, inputText: null, call: false, original: null });
      }
      if (part.kind === 'event' && part.type === 'message_delta') {
        return next({ ...part, data: { ...part.data, delta: { stop_reason: 'end_turn' } }, bytes: null });
      }
      return next(part);
    });
    const { exchange } = exchangeWith();
    const text = Buffer.from((await passWhole(exchange, bytes, replacing)).bytes).toString();
    expect(text).toContain('"big":12345678901234567890');
    expect(text).toContain('{"type":"text","text":"a\\u0062"},{"type":"text","text":"denied"}');
    expect(text).toContain('"stop_reason":"end_turn"');
    expect(text).not.toContain('command');
  });

  it('changes what a step changed beside the content, and nothing else', async () => {
    const masking = wayBackWith((part, next) => {
      if (part.kind === 'event' && part.type === 'message_start') {
        const head = { ...(part.data.message as JsonObject), stop_sequence: '[masked]' };
        return next({ ...part, data: { ...part.data, message: head }, bytes: null });
      }
      return next(part.kind === 'block' && part.call ? { ...part, verdict } : part);
    });
    const { exchange } = exchangeWith();
    const passed = Buffer.from((await passWhole(exchange, bytes, masking)).bytes).toString();
    expect(passed).toBe(spelled.replace('"stop_sequence":null', '"stop_sequence":"[masked]"'));
  });

  it('refuses a whole answer in which a step changed a name', async () => {
    const masking = wayBackWith((part, next) => {
      if (part.kind !== 'event' || part.type !== 'message_start') return next(part);
      const { big, ...head } = part.data.message as JsonObject;
      return next({ ...part, data: { ...part.data, message: { ...head, '[masked]': big! } }, bytes: null });
    });
    const { exchange } = exchangeWith();
    const unnamed = Buffer.from('{"type":"message","big":1,"content":[]}');
    await expect(passWhole(exchange, unnamed, masking)).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
  });

  it('keeps the spelling of an input whose call was renamed around it', async () => {
    const renaming = wayBackWith(
      judge((part) => ({ ...part, block: { ...part.block, name: 'other' }, original: null, verdict })),
    );
    const { exchange } = exchangeWith();
    const text = Buffer.from((await passWhole(exchange, bytes, renaming)).bytes).toString();
    expect(text).toContain('"name":"other","input":{"n":1.0,"command":"ls"}');
  });

  it('refuses what is no message', async () => {
    const { exchange } = exchangeWith();
    for (const text of ['[]', '{"type":"message"}', '{"type":"message","content":[1]}', '{']) {
      await expect(passWhole(exchange, Buffer.from(text), allowing)).rejects.toMatchObject({
        code: 'UPSTREAM_PROTOCOL',
      });
    }
  });
});
