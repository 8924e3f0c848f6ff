import { GatewayError } from '../errors.ts';
import type { AnswerPart, StreamEvent } from '../model/answer.ts';
import type { AnswerEnd, KeptAnswer, Recorded } from '../model/exchange.ts';
import { assemble } from './assemble.ts';
import { answerHeaders } from './headers.ts';
import { passRefusal, refusalOf } from './refusal.ts';
import { createStreamWriter } from './write.ts';

export interface DeliverOptions {
  /** Milliseconds from its arrival within which a call that is not streamed is answered. */
  readonly callAnswerMs: number;
  /** Throws GatewayError TOKEN_REVOKED where the caller was revoked meanwhile. */
  readonly stillKnown: (exchange: Recorded) => void;
}

/**
 * Gives a caller the answer that an equal request is getting: from its first event, as a stream or whole, as the
 * caller asked.
 *
 * @throws GatewayError APPROVAL_PENDING where a whole answer takes longer than its caller waits; TOKEN_REVOKED; what ended
 *   the answer
 */
export async function deliver(exchange: Recorded, answer: KeptAnswer, options: DeliverOptions): Promise<AnswerEnd> {
  const leave = answer.attend();
  let delivered = false;
  try {
    const end = await (isStream(exchange) ? deliverStream : deliverWhole)(exchange, answer, options);
    await exchange.reply.done();
    delivered = !exchange.signal.aborted;
    return end;
  } finally {
    leave(delivered ? 'delivered' : 'gone');
  }
}

async function deliverStream(exchange: Recorded, answer: KeptAnswer, options: DeliverOptions): Promise<AnswerEnd> {
  const { reply, signal } = exchange;
  while (answer.headers.length === 0 && answer.end === null && !answer.lost) await until(answer, signal);
  requireWhole(answer);
  if (answer.refusal) return passRefusal(exchange, answer.refusal);
  if (!reply.begun) {
    const headers = answerHeaders(answer.headers, exchange.id).filter(
      ([name]) => name.toLowerCase() !== 'content-type',
    );
    reply.begin(200, [...headers, ['content-type', 'text/event-stream; charset=utf-8']]);
    reply.flush();
  }
  reply.keepAlive();
  const writer = createStreamWriter(reply);
  for (let at = 0; ; ) {
    for (; at < answer.parts.length; at++) {
      const part = answer.parts[at]!;
      // A call that was released for one token of the principal is not for a token that was revoked.
      if (part.kind === 'block' && part.call) options.stillKnown(exchange);
      writer.step(part, () => undefined);
    }
    await writer.flush();
    requireWhole(answer);
    if (at < answer.parts.length) continue;
    if (answer.end !== null) break;
    await until(answer, signal);
  }
  reply.end();
  return answer.end as AnswerEnd;
}

async function deliverWhole(exchange: Recorded, answer: KeptAnswer, options: DeliverOptions): Promise<AnswerEnd> {
  const { reply, signal } = exchange;
  const deadline = exchange.startedAt + options.callAnswerMs;
  let { end } = answer;
  for (; end === null && !answer.lost; end = answer.end) {
    if (Date.now() >= deadline) throw stillWaiting();
    await until(answer, signal, deadline);
  }
  requireWhole(answer);
  if (answer.refusal) return passRefusal(exchange, answer.refusal);
  const fault = end === 'upstream_error' ? answer.parts.find(isError) : undefined;
  if (fault) return passRefusal(exchange, refusalOf(fault.data, answer.headers));
  options.stillKnown(exchange);
  const body = assemble(answer.parts);
  const headers = answerHeaders(answer.headers, exchange.id).filter(([name]) => name.toLowerCase() !== 'content-type');
  reply.begin(200, [...headers, ['content-type', 'application/json'], ['content-length', String(body.length)]]);
  reply.end(body);
  return end as AnswerEnd;
}

/** Whether the caller asked for a stream. */
export function isStream({ body }: Recorded): boolean {
  return body?.root.get('stream')?.boolean() === true;
}

/** Throws what the answer broke off with, and where its parts could not all be kept. */
function requireWhole({ end, lost }: KeptAnswer): void {
  if (end instanceof Error) throw end;
  if (lost) throw new GatewayError('OVERLOADED', 'the answer has outgrown what is kept for several callers');
}

function isError(part: AnswerPart): part is StreamEvent {
  return part.kind === 'event' && part.type === 'error';
}

/** What a whole answer that is not there yet says to its caller, who will find it on sending the request again. */
export function stillWaiting(): GatewayError {
  return new GatewayError(
    'APPROVAL_PENDING',
    'The answer waits for an approval or is not complete yet. Send the request again.',
  );
}

/** Waits for more of the answer, for the caller to leave, or for the deadline (epoch milliseconds). */
async function until(answer: KeptAnswer, signal: AbortSignal, deadline = Number.POSITIVE_INFINITY): Promise<void> {
  if (signal.aborted) throw leftWith(signal);
  let stop = () => {};
  const left = new Promise<void>((resolve, reject) => {
    const gone = () => reject(leftWith(signal));
    signal.addEventListener('abort', gone, { once: true });
    const timer = Number.isFinite(deadline) ? setTimeout(resolve, Math.max(0, deadline - Date.now())) : null;
    stop = () => {
      signal.removeEventListener('abort', gone);
      if (timer) clearTimeout(timer);
    };
  });
  try {
    await Promise.race([answer.changed(), left]);
  } finally {
    stop();
  }
}

function leftWith({ reason }: AbortSignal): GatewayError {
  return reason instanceof GatewayError ? reason : new GatewayError('UPSTREAM_CONNECT', 'the caller is gone');
}
