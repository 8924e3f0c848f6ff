import type { KeptAnswer } from '../model/exchange.ts';
import { Kept } from './kept_answer.ts';

/** How long a parked answer waits for a caller once it is complete, or once nobody is there. */
const keptMs = 15 * 60_000;

/** The parked answers of this process, by the fingerprint of their request and its principal. */
export interface Parking {
  /** A fresh answer; `key` names its request when it has to be parked. */
  open(exchange: string, key: () => Promise<string>): KeptAnswer;
  /** The answer that is being given to an equal request, or null. */
  find(key: string): KeptAnswer | null;
  /** Called once for a parked answer: it was delivered to its end, or ran out without a caller, or broke off. */
  settled(answer: KeptAnswer, listener: () => void): void;
  readonly size: number;
  close(): void;
}

interface Place {
  readonly key: string;
  readonly answer: Kept;
  timer: NodeJS.Timeout | null;
}

/** Makes the parking of one process. `keptFor` is for tests: milliseconds that an answer waits for a caller. */
export function createParking(keptFor = keptMs): Parking {
  const places = new Map<string, Place>();
  const listeners = new WeakMap<object, () => void>();

  const leave = (place: Place) => {
    if (places.get(place.key) !== place) return;
    places.delete(place.key);
    if (place.timer) clearTimeout(place.timer);
    place.answer.finish(new Error('the answer ran out before a caller took it'));
    listeners.get(place.answer)?.();
  };

  const watch = (place: Place, left: 'gone' | 'delivered' | 'ended') => {
    const { answer } = place;
    if (left === 'delivered' || answer.end instanceof Error) return leave(place);
    if (place.timer) clearTimeout(place.timer);
    // While a caller is there the answer takes the time it needs; without one it waits for a limited time.
    place.timer = answer.callers > 0 ? null : setTimeout(leave, keptFor, place);
    place.timer?.unref();
  };

  return {
    open(exchange, key) {
      let place: Place | null = null;
      const answer = new Kept({
        exchange,
        async enter() {
          place = { key: await key(), answer, timer: null };
          places.set(place.key, place);
          if (answer.callers === 0 || answer.end !== null) watch(place, answer.end === null ? 'gone' : 'ended');
        },
        onChange: (left) => {
          if (place) watch(place, left);
        },
      });
      return answer;
    },
    find: (key) => places.get(key)?.answer ?? null,
    settled: (answer, listener) => listeners.set(answer, listener),
    get size() {
      return places.size;
    },
    close() {
      for (const place of [...places.values()]) leave(place);
    },
  };
}
