import type { Read } from '../model/exchange.ts';
import { isReminder, isUserText, lastAssistant } from './places.ts';

/**
 * What was read from the store. Where that fails, a conversation that begins with one line, and so repeats nothing,
 * goes on with `nothing`; any other rejects.
 */
export function unlessItBegins<T>(exchange: Read, reading: T | Promise<T>, nothing: T): T | Promise<T> {
  if (!(reading instanceof Promise)) return reading;
  return reading.catch((fault: unknown) => {
    const leaves = exchange.body?.leaves ?? [];
    const said = leaves.filter((leaf) => isUserText(leaf) && !isReminder(leaf.text));
    const oneLine = said.length === 0 || (said.length === 1 && !said[0]!.text.trim().includes('\n'));
    if (lastAssistant(leaves) === -1 && oneLine) return nothing;
    throw fault;
  });
}
