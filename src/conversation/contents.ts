import type { Body } from '../model/body.ts';
import type { HitLeaf, NewHits } from '../model/content.ts';
import type { Decision } from '../model/decision.ts';
import type { Conversed } from '../model/exchange.ts';
import type { Principal } from '../model/principal.ts';
import type { Keys } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { openReleased } from './released.ts';
import { conversationMigrations } from './tables.ts';
import type { TakenOut } from './take_out.ts';
import { openWithheld } from './withheld.ts';
import type { WithheldIndex } from './withheld_index.ts';

/**
 * What the gateway remembers of contents, by principal: texts that Claude has seen, texts that humans approved, and
 * texts that were denied. Every promise rejects with GatewayError STATE_UNAVAILABLE where the shared store is needed
 * and cannot be had.
 */
export interface Contents {
  /** For the scan: which hits of a request are new. */
  readonly newHits: NewHits;
  /** What was found in a body that `newHits` has seen; empty for any other. */
  hitsOf(body: Body): readonly HitLeaf[];
  /** For the question that humans are asked: marks of the texts that an approval of this request releases. */
  marksOf(exchange: Conversed): readonly string[];
  /** Humans approved: the texts of these marks are released for the principal. */
  release(principal: Principal, marks: readonly string[]): Promise<void>;
  /**
   * The request was denied, by policy (`decision.withhold`) or by a human (then at least `detected`): its user texts
   * are withheld in later requests. Await it before the denial is told. Calling it for `none` does nothing.
   */
  withhold(exchange: Conversed, how: Decision['withhold']): Promise<void>;
  /**
   * The request was sent to Claude. Releases its texts, and ends the rule for those that came again alone. Undefined
   * where there is nothing to write; a rejection loses nothing but that the same texts are judged again.
   */
  forwarded(exchange: Conversed): Promise<void> | undefined;
  /** For `restore`: what to look for. */
  withheldOf(principal: Principal): WithheldIndex | Promise<WithheldIndex>;
  /** For `restore`: what was met in a request, whose exchange goes on. */
  taken(exchange: Conversed, taken: TakenOut): void;
  close(): void;
}

/**
 * Opens the contents of a store: makes the tables. Rejects with StartError.
 *
 * @param now epoch milliseconds
 */
export async function openContents(store: Store, keys: Keys, now: () => number): Promise<Contents> {
  await store.migrate('conversation', conversationMigrations);
  const released = openReleased(store, keys.keyedHash, now);
  const withheld = openWithheld({ store, keys, released, now });
  const met = new WeakMap<Body, TakenOut>();

  const settle = async (principal: Principal, taken: TakenOut, releasing: Promise<void> | undefined) => {
    await releasing;
    await withheld.end(principal, taken.anew);
    await withheld.renew(principal, taken.met);
  };

  return {
    newHits: released.newHits,
    hitsOf: (body) => released.hitsOf(body),
    marksOf: (exchange) => released.marksOf(exchange),
    release: (principal, marks) => released.release(principal, marks),
    withhold: (exchange, how) => withheld.withhold(exchange, how),
    forwarded(exchange) {
      const { body, identity, route } = exchange;
      if (body === null || route.action !== 'messages.create') return undefined;
      const releasing = released.forwarded(exchange);
      const taken = met.get(body);
      return taken ? settle(identity.principal, taken, releasing) : releasing;
    },
    withheldOf: (principal) => withheld.of(principal),
    taken(exchange, taken) {
      if (exchange.body) met.set(exchange.body, taken);
    },
    close: () => withheld.close(),
  };
}
