import { GatewayError } from '../errors.ts';
import type { KeptAnswer } from '../model/exchange.ts';
import { type Principal, principalKey } from '../model/principal.ts';
import { Kept } from './kept_answer.ts';

/** Whose answer it is. */
export interface ParkingOwner {
  readonly exchange: string;
  readonly principal: Principal;
}

/** The parked answers of this process, by the fingerprint of their request and its principal. */
export interface Parking {
  /** A fresh answer; `key` names its request when it has to be parked. */
  open(owner: ParkingOwner, key: string | (() => Promise<string>)): KeptAnswer;
  /** The answer that is being given to an equal request, or null. */
  find(key: string): KeptAnswer | null;
  /** Whether any answer of this principal is parked. */
  concerns(principal: Principal): boolean;
  /** Calls `listener` once nobody can be given the answer any more: delivered to its end, run out, or broken off. */
  settled(answer: KeptAnswer, listener: () => void): void;
  readonly size: number;
  /** Bytes that answers take at the moment, parked or about to be given. */
  readonly bytes: number;
  /** From now on nobody comes back for an answer: those without a caller end. */
  drain(): void;
  close(): void;
}

export interface ParkingOptions {
  /** Milliseconds that an answer waits for a caller once nobody is there. Default 15 minutes. */
  readonly keptMs?: number;
  /** The most bytes of one parked answer. Default 16 MiB. */
  readonly answerBytes?: number;
  /** The most bytes of all answers of a tenant. Default 64 MiB. */
  readonly tenantBytes?: number;
  /** The most bytes of all answers. Default 256 MiB. */
  readonly bytes?: number;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

/** Bytes of an answer that are remembered while nothing in it waits: enough for what precedes a first tool call. */
const unparkedBytes = 4 * 1024 * 1024;
const MIB = 1024 * 1024;

interface Place {
  readonly key: string;
  readonly principal: string;
  readonly answer: Kept;
  timer: NodeJS.Timeout | null;
  left: boolean;
  settled: (() => void) | null;
}

/** Makes the parking of one process. */
export function createParking(options: ParkingOptions = {}): Parking {
  const { keptMs = 15 * 60_000, answerBytes = 16 * MIB, clock = Date.now } = options;
  const room = createRoom(options.bytes ?? 256 * MIB, options.tenantBytes ?? 64 * MIB);
  const most = { unparked: Math.min(unparkedBytes, answerBytes), parked: answerBytes };
  const all = new Set<Place>();
  const found = new Map<string, Place>();
  const principals = new Map<string, number>();
  const places = new WeakMap<object, Place>();
  let draining = false;

  const enter = (place: Place) => {
    if (place.answer.lost) return;
    all.add(place);
    places.set(place.answer, place);
    principals.set(place.principal, (principals.get(place.principal) ?? 0) + 1);
    // Where an equal request is being answered already, that is the one to attach to.
    if (!found.has(place.key)) found.set(place.key, place);
    const { attendedSince, end } = place.answer;
    if (attendedSince === null || end !== null) watch(place, end === null ? 'gone' : 'ended');
  };

  const leave = (place: Place) => {
    if (place.left) return;
    place.left = true;
    all.delete(place);
    if (found.get(place.key) === place) found.delete(place.key);
    const count = principals.get(place.principal)! - 1;
    if (count === 0) principals.delete(place.principal);
    else principals.set(place.principal, count);
    if (place.timer) clearTimeout(place.timer);
    place.answer.leave();
    place.settled?.();
  };

  /** Ends what nobody took: the call in it is not released any more. */
  const runOut = (place: Place) => {
    place.answer.finish(new GatewayError('APPROVAL_EXPIRED', 'The answer was kept for its caller, who did not come.'));
    leave(place);
  };

  const watch = (place: Place, change: 'gone' | 'delivered' | 'ended' | 'lost') => {
    const { answer } = place;
    if (place.left) return;
    if (change === 'delivered' || change === 'lost' || answer.end instanceof Error) return leave(place);
    if (place.timer) clearTimeout(place.timer);
    place.timer = null;
    // While a caller is there the answer takes the time it needs; without one it waits for a limited time.
    if (answer.attendedSince !== null) return;
    if (draining || found.get(place.key) !== place) return runOut(place);
    place.timer = setTimeout(runOut, keptMs, place);
    place.timer.unref();
  };

  return {
    open({ exchange, principal }, key) {
      let place: Place | null = null;
      const answer = new Kept({
        exchange,
        clock,
        most,
        room: (bytes) => room(principal.tenant, bytes),
        enter() {
          const enterAs = (name: string) => {
            place = { key: name, principal: principalKey(principal), answer, timer: null, left: false, settled: null };
            enter(place);
          };
          return typeof key === 'string' ? enterAs(key) : key().then(enterAs);
        },
        onChange: (change) => {
          if (place) watch(place, change);
        },
      });
      return answer;
    },
    find: (key) => found.get(key)?.answer ?? null,
    concerns: (principal) => principals.size > 0 && principals.has(principalKey(principal)),
    settled(answer, listener) {
      const place = places.get(answer);
      if (place && !place.left) place.settled = listener;
      else listener();
    },
    get size() {
      return all.size;
    },
    get bytes() {
      return room.taken();
    },
    drain() {
      draining = true;
      for (const place of [...all]) if (place.answer.attendedSince === null) runOut(place);
    },
    close() {
      draining = true;
      for (const place of [...all]) runOut(place);
    },
  };
}

/** Counts bytes, of all and of each tenant. Bytes given back are negative and always fit. */
function createRoom(most: number, tenantMost: number) {
  const tenants = new Map<string, number>();
  let total = 0;
  const room = (tenant: string, bytes: number): boolean => {
    const own = (tenants.get(tenant) ?? 0) + bytes;
    if (bytes > 0 && (total + bytes > most || own > tenantMost)) return false;
    total += bytes;
    if (own === 0) tenants.delete(tenant);
    else tenants.set(tenant, own);
    return true;
  };
  return Object.assign(room, { taken: () => total });
}
