import { GatewayError } from '../errors.ts';
import type { Next, StreamEvent, Wait, WayBackStep } from '../model/answer.ts';
import type { AnswerEnd, Recorded } from '../model/exchange.ts';
import { createEventReader } from './sse.ts';
import type { UpstreamAnswer } from './upstream.ts';
import { createStreamWriter } from './write.ts';

/** Joins the steps of the way back in front of the writer that is given. */
export type WayBack = (exchange: Recorded, write: WayBackStep) => Next;

/**
 * Relays a streamed answer: bytes to events, events through the way back, what is released to the caller. The socket
 * to Claude is read no faster than the caller reads and the steps wait.
 *
 * @throws GatewayError UPSTREAM_PROTOCOL when the stream breaks the protocol or ends early; whatever a step throws
 */
export async function relayStream(exchange: Recorded, answer: UpstreamAnswer, wayBack: WayBack): Promise<AnswerEnd> {
  const reader = createEventReader();
  const writer = createStreamWriter(exchange.reply);
  let end: AnswerEnd | null = null;
  let claudeEnded = false;

  const deliver = wayBack(exchange, (part, next) => {
    if (part.kind === 'event' && part.type === 'message_stop') end = claudeEnded ? 'complete' : 'denied';
    if (part.kind === 'event' && part.type === 'error') end = 'upstream_error';
    exchange.answer.append(part);
    return writer.step(part, next);
  });
  const pass = (events: readonly StreamEvent[], from: number): Wait => {
    for (let i = from; i < events.length; i++) {
      const event = events[i]!;
      if (end !== null) break;
      claudeEnded = event.type === 'message_stop';
      const wait = deliver(event);
      if (wait) {
        const rest = i + 1;
        return wait.then(() => pass(events, rest));
      }
    }
    const wait = writer.flush();
    // Policy ended the answer before Claude did: what Claude still says is not wanted.
    if (end === 'denied') answer.abort();
    // The message is the answer, not its connection: who keeps that open keeps nobody waiting.
    else if (end !== null) answer.enough();
    return wait;
  };

  try {
    await answer.consume((chunk) => pass(reader.read(chunk), 0));
    await pass(reader.end(), 0);
  } catch (error) {
    if (end === null) throw error;
  }
  if (end === null) throw new GatewayError('UPSTREAM_PROTOCOL', 'the stream ended before the message did');
  await writer.flush();
  exchange.reply.end();
  return end;
}
