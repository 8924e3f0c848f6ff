import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Action } from './answer.ts';
import { byteSizes } from './cut.ts';
import type { Random } from './random.ts';

/** Where the bytes of a stream are cut: anywhere, by seed, or one write an event. */
export type Cuts = 'seed' | 'event';

/**
 * Writes the events of an answer. Under `seed` the pieces split events, lines and characters at will.
 *
 * @param tap sees every piece, in order
 */
export async function writeStream(
  response: ServerResponse,
  actions: readonly Action[],
  cuts: Cuts,
  random: Random,
  tap: (piece: Buffer) => void,
): Promise<void> {
  const size = byteSizes(random);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  let pending = Buffer.alloc(0);

  const write = async (piece: Buffer): Promise<void> => {
    tap(piece);
    if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal });
  };
  const flush = async (all: boolean): Promise<void> => {
    if (cuts === 'event') {
      if (pending.length) await write(pending);
      pending = Buffer.alloc(0);
      return;
    }
    for (let next = size(); pending.length > (all ? 0 : next); next = size()) {
      await write(pending.subarray(0, next));
      pending = pending.subarray(next);
      if (random.below(16) === 0) await setImmediate();
    }
  };

  try {
    for (const action of actions) {
      if (gone.signal.aborted) return;
      if (action.kind === 'event') {
        const text = `event: ${String(action.data.type)}\ndata: ${JSON.stringify(action.data)}\n\n`;
        pending = pending.length ? Buffer.concat([pending, Buffer.from(text)]) : Buffer.from(text);
        await flush(false);
        continue;
      }
      await flush(true);
      if (action.kind === 'pause') {
        await setTimeout(action.milliseconds, undefined, { signal: gone.signal });
        continue;
      }
      // Let what was written leave first: a cut is seen after bytes, not instead of them.
      await setImmediate();
      response.destroy();
      return;
    }
    await flush(true);
    response.end();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}
