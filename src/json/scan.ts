import { setImmediate } from 'node:timers/promises';
import { type JsonLimits, Scanner } from './scanner.ts';
import { TapeNode } from './tape.ts';

/** Bytes read before others get their turn: a few milliseconds in the worst case. */
export const SLICE_BYTES = 256 * 1024;

/** Work that is done in steps: `step` does a bounded part of it and gives true when all is done. */
export type Step = () => boolean;

/**
 * Does work in steps, each in a turn of the event loop of its own, so that a large body does not hold up other
 * requests. Work of one step costs no turn. Rejects with what `step` throws.
 */
export async function sliced(step: Step): Promise<void> {
  while (!step()) await setImmediate();
}

/**
 * Reads a whole JSON text at once, losslessly: numbers keep their spelling, strings are decoded when asked for. The
 * bytes are kept, not copied, and must not change. Throws `JsonFault`.
 */
export function scan(bytes: Uint8Array, limits: JsonLimits): TapeNode {
  const scanner = new Scanner(bytes, limits);
  while (!scanner.step(Number.POSITIVE_INFINITY));
  return new TapeNode(scanner.tape, 0);
}

/** The same as `scan`, giving way to others every `SLICE_BYTES`. Rejects with `JsonFault`. */
export async function scanSliced(bytes: Uint8Array, limits: JsonLimits): Promise<TapeNode> {
  const scanner = new Scanner(bytes, limits);
  await sliced(() => scanner.step(SLICE_BYTES));
  return new TapeNode(scanner.tape, 0);
}
