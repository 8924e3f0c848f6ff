import { GatewayError } from '../errors.ts';
import type { AnswerEnd, KeptAnswer, Recorded } from '../model/exchange.ts';
import { assemble } from './assemble.ts';
import { answerHeaders } from './headers.ts';
import { createStreamWriter } from './write.ts';

/**
 * Gives a caller the answer that an equal request is getting: from its first event, as a stream or whole, as the
 * caller asked.
 *
 * @param callMs milliseconds from its arrival within which a call that is not streamed is answered
 * @throws GatewayError APPROVAL_PENDING where a whole answer takes longer than its caller waits; what ended the answer
 */
export async function deliver(exchange: Recorded, answer: KeptAnswer, callMs: number): Promise<AnswerEnd> {
  const leave = answer.attend();
  let delivered = false;
  try {
    const stream = exchange.body?.root.get('stream')?.boolean() === true;
    const end = await (stream ? deliverStream(exchange, answer) : deliverWhole(exchange, answer, callMs));
    delivered = true;
    return end;
  } finally {
    leave(delivered ? 'delivered' : 'gone');
  }
}

async function deliverStream(exchange: Recorded, answer: KeptAnswer): Promise<AnswerEnd> {
  const { reply, signal } = exchange;
  while (answer.headers.length === 0 && answer.end === null) await until(answer, signal);
  if (!reply.begun) {
    if (answer.end instanceof Error) throw answer.end;
    const headers = answerHeaders(answer.headers, exchange.id).filter(
      ([name]) => name.toLowerCase() !== 'content-type',
    );
    reply.begin(200, [...headers, ['content-type', 'text/event-stream; charset=utf-8']]);
    reply.flush();
  }
  reply.keepAlive();
  const writer = createStreamWriter(reply);
  for (let at = 0; ; ) {
    while (at < answer.parts.length) writer.step(answer.parts[at++]!, () => undefined);
    await writer.flush();
    if (at < answer.parts.length) continue;
    if (answer.end instanceof Error) throw answer.end;
    if (answer.end !== null) break;
    await until(answer, signal);
  }
  reply.end();
  return answer.end as AnswerEnd;
}

async function deliverWhole(exchange: Recorded, answer: KeptAnswer, callMs: number): Promise<AnswerEnd> {
  const { reply, signal } = exchange;
  const deadline = exchange.startedAt + callMs;
  while (answer.end === null) {
    if (Date.now() >= deadline) throw stillWaiting();
    await until(answer, signal, deadline);
  }
  if (answer.end instanceof Error) throw answer.end;
  const body = Buffer.from(JSON.stringify(assemble(answer.parts)));
  const headers = answerHeaders(answer.headers, exchange.id).filter(([name]) => name.toLowerCase() !== 'content-type');
  reply.begin(200, [...headers, ['content-type', 'application/json'], ['content-length', String(body.length)]]);
  reply.end(body);
  return answer.end;
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
  signal.throwIfAborted();
  let stop = () => {};
  const left = new Promise<void>((resolve, reject) => {
    const gone = () => reject(signal.reason);
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
