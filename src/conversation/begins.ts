import type { Read } from '../model/exchange.ts';
import { isReminder, isUserText, lastAssistant } from './places.ts';

/** What was read from the store; where that fails, a conversation that begins goes on with `nothing`, any other rejects. */
export function unlessItBegins<T>(exchange: Read, reading: T | Promise<T>, nothing: T): T | Promise<T> {
  return unless(begins, exchange, reading, nothing);
}

/** The same for what may stand in any text: only a conversation that begins with one line repeats nothing. */
export function unlessItRepeatsNothing<T>(exchange: Read, reading: T | Promise<T>, nothing: T): T | Promise<T> {
  return unless((one) => begins(one) && isOneLine(one), exchange, reading, nothing);
}

function unless<T>(holds: (exchange: Read) => boolean, exchange: Read, reading: T | Promise<T>, nothing: T) {
  if (!(reading instanceof Promise)) return reading;
  return reading.catch((fault: unknown) => {
    if (holds(exchange)) return nothing;
    throw fault;
  });
}

function begins({ body }: Read): boolean {
  return lastAssistant(body?.leaves ?? []) === -1;
}

function isOneLine({ body }: Read): boolean {
  const said = (body?.leaves ?? []).filter((leaf) => isUserText(leaf) && !isReminder(leaf.text));
  return said.length === 0 || (said.length === 1 && !said[0]!.text.trim().includes('\n'));
}
