import { describe, expect, it } from 'vitest';
import { createParking } from '../../src/approve/index.ts';
import { GatewayError } from '../../src/errors.ts';
import { deliver } from '../../src/forward/deliver.ts';
import type { AnswerPart, HeldBlock, StreamEvent } from '../../src/model/answer.ts';
import type { KeptAnswer, Recorded } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type KeptReply, maskedExchange } from '../approve/hold_support.ts';
import { agent } from '../approve/support.ts';

/* A caller that sends a request again gets the answer that is being given to it, from its first event. */

const event = (type: string, data: JsonObject = {}, index = -1): StreamEvent => ({
  kind: 'event',
  type,
  index,
  data: { type, ...data },
  bytes: Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`),
  spans: [],
});
const start = event('message_start', { message: { id: 'msg_1', type: 'message', content: [], usage: {} } });
const text = [
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }, 0),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'hello' } }, 0),
  event('content_block_stop', { index: 0 }, 0),
];
const call: HeldBlock = {
  kind: 'block',
  index: 1,
  block: { type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls' } },
  inputText: '{"command":"ls"}',
  call: true,
  original: null,
  spans: [],
  verdict: { effect: 'allow', tool: 'Bash', callId: 't', callIndex: 0, reasons: [], decision: null, approval: 'apr' },
};
const end = [
  event('message_delta', { delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 2 } }),
  event('message_stop'),
];

interface Parked {
  readonly parking: ReturnType<typeof createParking>;
  readonly answer: KeptAnswer;
  append(...parts: readonly AnswerPart[]): void;
}

async function parked(options: Parameters<typeof createParking>[0] = {}): Promise<Parked> {
  const parking = createParking(options);
  const answer = parking.open({ exchange: 'req_0', principal: agent }, 'k');
  await answer.park();
  return {
    parking,
    answer,
    append: (...parts) => {
      for (const part of parts) answer.append(part);
    },
  };
}

function caller(
  answer: KeptAnswer,
  stream: boolean,
  more: { signal?: AbortSignal; callAnswerMs?: number; revoked?: boolean } = {},
) {
  const exchange = maskedExchange({ stream, ...(more.signal ? { signal: more.signal } : {}) });
  const ended = deliver(exchange as unknown as Recorded, answer, {
    callAnswerMs: more.callAnswerMs ?? 60_000,
    stillKnown: () => {
      if (more.revoked) throw new GatewayError('TOKEN_REVOKED');
    },
  });
  ended.catch(() => undefined);
  return { reply: exchange.reply as KeptReply, ended };
}

const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};
const headers = [
  ['content-type', 'application/json'],
  ['request-id', 'req_of_claude'],
] as const;

describe('giving an answer again', () => {
  it('starts from the first event and goes on with what comes, to several callers', async () => {
    const { answer, append, parking } = await parked();
    append(start, ...text);
    const early = caller(answer, true);
    await turns();
    expect(early.reply.begun).toBe(false);
    answer.begin(headers);
    await turns();
    expect(early.reply.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'request-id': 'req_of_claude',
    });
    expect(early.reply.text).toContain('hello');
    const whole = caller(answer, false);
    append(call, ...end);
    answer.finish('complete');
    expect(await early.ended).toBe('complete');
    expect(early.reply.text.match(/^event: \w+$/gm)).toEqual(
      [
        ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
        ...['content_block_start', 'content_block_delta', 'content_block_stop', 'message_delta', 'message_stop'],
      ].map((name) => `event: ${name}`),
    );
    expect(early.reply.ended).toBe(true);
    expect(await whole.ended).toBe('complete');
    expect(whole.reply.status).toBe(200);
    expect(whole.reply.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(JSON.parse(whole.reply.text)).toMatchObject({
      content: [
        { type: 'text', text: 'hello' },
        { type: 'tool_use', input: { command: 'ls' } },
      ],
      stop_reason: 'tool_use',
      usage: { output_tokens: 2 },
    });
    expect(parking.size).toBe(0);
  });

  it('keeps the answer where the caller left before its end', async () => {
    const { answer, append, parking } = await parked();
    const gone = new AbortController();
    for (const stream of [true, false]) {
      const leaving = caller(answer, stream, { signal: gone.signal });
      await turns();
      gone.abort();
      await expect(leaving.ended).rejects.toMatchObject({ code: 'UPSTREAM_CONNECT' });
    }
    answer.begin(headers);
    append(start, ...text, ...end);
    answer.finish('complete');
    const late = caller(answer, true, { signal: gone.signal });
    await late.ended.catch(() => undefined);
    expect(parking.find('k')).toBe(answer);
    expect(await caller(answer, true).ended).toBe('complete');
    expect(parking.find('k')).toBeNull();
  });

  it('tells a caller without a stream in time that the answer is not there yet', async () => {
    const { answer } = await parked();
    answer.begin(headers);
    await expect(caller(answer, false, { callAnswerMs: 20 }).ended).rejects.toMatchObject({ code: 'APPROVAL_PENDING' });
  });

  it('never ends cleanly what broke off, was refused, or could not be kept', async () => {
    const broken = await parked();
    broken.answer.begin(headers);
    broken.append(start, ...text);
    const listening = [true, false].map((stream) => caller(broken.answer, stream));
    await turns();
    broken.answer.finish(new GatewayError('UPSTREAM_PROTOCOL'));
    for (const { ended, reply } of listening) {
      await expect(ended).rejects.toMatchObject({ code: 'UPSTREAM_PROTOCOL' });
      expect(reply.ended).toBe(false);
    }

    const refused = await parked();
    const waiting = [true, false].map((stream) => caller(refused.answer, stream));
    const body = Buffer.from('{"type":"error",\n "error":{"type":"overloaded_error","message":"Overloaded"}}');
    refused.answer.refuse({ status: 529, headers, body });
    refused.answer.finish('upstream_error');
    for (const { ended, reply } of waiting) {
      expect(await ended).toBe('upstream_error');
      expect(reply.status).toBe(529);
      expect(reply.text).toBe(body.toString());
    }

    const lost = await parked({ answerBytes: 3000 });
    lost.answer.begin(headers);
    const reading = [true, false].map((stream) => caller(lost.answer, stream));
    await turns();
    lost.append(start, ...text, ...text, ...text);
    for (const { ended } of reading) await expect(ended).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  it('gives an error in the middle of a stream as an error, also to a caller without a stream', async () => {
    const { answer, append } = await parked();
    answer.begin(headers);
    append(start, ...text, event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }));
    const [stream, whole] = [caller(answer, true), caller(answer, false)];
    answer.finish('upstream_error');
    expect(await stream.ended).toBe('upstream_error');
    expect(stream.reply.text).toContain('event: error');
    expect(stream.reply.text).not.toContain('message_stop');
    expect(await whole.ended).toBe('upstream_error');
    expect(whole.reply.status).toBe(529);
    expect(JSON.parse(whole.reply.text)).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
  });

  it('is an error event where the stream was opened before Claude refused', async () => {
    const { answer } = await parked();
    const { reply, ended } = caller(answer, true);
    reply.begin(200, [['content-type', 'text/event-stream']]);
    answer.refuse({ status: 400, headers, body: Buffer.from('{"type":"error",\r\n"error":{}}') });
    answer.finish('upstream_error');
    expect(await ended).toBe('upstream_error');
    expect(reply.text).toBe('event: error\ndata: {"type":"error", "error":{}}\n\n');
  });

  it('gives no released call to a caller that was revoked meanwhile', async () => {
    for (const stream of [true, false]) {
      const { answer, append } = await parked();
      answer.begin(headers);
      append(start, ...text, call, ...end);
      answer.finish('complete');
      const { reply, ended } = caller(answer, stream, { revoked: true });
      await expect(ended).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
      expect(reply.text).not.toContain('Bash');
    }
  });
});
