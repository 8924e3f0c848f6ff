import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import type { Leaf } from '../model/body.ts';
import type { Decision } from '../model/decision.ts';
import type { Conversed } from '../model/exchange.ts';
import { type Principal, principalKey } from '../model/principal.ts';
import { type Keys, openOne, sealOne } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { comparable } from './lines.ts';
import { createMarker, type Marker } from './marks.ts';
import { isSideRequest, isUserText, lastAssistant } from './places.ts';
import { Readings } from './readings.ts';
import type { ReleasedTexts } from './released.ts';
import type { Tables } from './tables.ts';
import { nothingWithheld, WithheldIndex, type WithheldText, withheldNotice } from './withheld_index.ts';

/** Milliseconds for which a text stays withheld; meeting it again in the last half renews it. */
const withheldMs = 90 * 24 * 3600_000;
/** Texts of one principal that are looked for, the newest first. */
const textsMost = 500;
const sealContext = 'withheld text';
const channel = 'withheld';

/** What was denied and stays in clients' histories, by principal. */
export interface WithheldTexts {
  /** What to look for in a request of this principal. Rejects with GatewayError STATE_UNAVAILABLE where it is not known. */
  of(principal: Principal): WithheldIndex | Promise<WithheldIndex>;
  /**
   * The request, if it is of the conversation itself, was denied: its user texts after the last assistant message are
   * withheld from now on (`turn`), or those with hits (`detected`), but none that was forwarded before. Rejects with
   * GatewayError STATE_UNAVAILABLE.
   */
  withhold(exchange: Conversed, how: Decision['withhold']): Promise<void>;
  /** Texts came again alone and were forwarded: they are withheld no longer. Rejects with STATE_UNAVAILABLE. */
  end(principal: Principal, marks: readonly string[]): Promise<void>;
  /** Texts were met: those in the last half of their time get the whole again. Rejects with STATE_UNAVAILABLE. */
  renew(principal: Principal, marks: readonly string[]): Promise<void>;
  close(): void;
}

export interface WithheldOptions {
  readonly store: Store;
  readonly keys: Keys;
  readonly released: ReleasedTexts;
  readonly now: () => number;
  /** Milliseconds between two looks for changes by other nodes of a fleet. */
  readonly pollMs?: number;
}

/** Opens the withheld texts of a store whose tables exist. */
export function openWithheld(options: WithheldOptions): WithheldTexts {
  return new StoredWithheld(options);
}

class StoredWithheld implements WithheldTexts {
  readonly #options: WithheldOptions;
  readonly #indexes = new Readings<WithheldIndex>({ max: 50_000, freshMs: 3600_000 });
  /** Texts whose time was looked at lately. */
  readonly #renewed = new LRUCache<string, true>({ max: 10_000, ttl: 24 * 3600_000 });
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #unlisten: (() => void) | undefined;
  #change = -1;

  constructor(options: WithheldOptions) {
    this.#options = options;
    const { store, pollMs = 2_000 } = options;
    // A store of one node's own is changed by nobody else.
    if (store.kind === 'sqlite') return;
    this.#unlisten = store.onHint(channel, () => this.#indexes.doubt());
    this.#timer = setInterval(() => void this.#poll().catch(() => this.#indexes.doubt()), pollMs);
    this.#timer.unref();
  }

  of(principal: Principal): WithheldIndex | Promise<WithheldIndex> {
    const key = principalKey(principal);
    return this.#indexes.fresh(key) ?? this.#indexes.read(key, () => this.#load(key));
  }

  async withhold(exchange: Conversed, how: Decision['withhold']): Promise<void> {
    const { body, identity } = exchange;
    // A request beside the conversation wraps what others said in its own words, which come with every other one.
    if (body === null || how === 'none' || isSideRequest(exchange)) return;
    const last = lastAssistant(body.leaves);
    const found = new Set<Leaf>(this.#options.released.hitsOf(body).map(({ leaf }) => leaf));
    const said = body.leaves
      .filter((leaf) => leaf.message > last && leaf.origin === 'user' && !leaf.fixed && !leaf.key)
      .filter((leaf) => found.has(leaf) || (how === 'turn' && isUserText(leaf)))
      .map((leaf) => leaf.text)
      .filter((text) => comparable(text).length > 0);
    if (said.length === 0) return;
    const unseen = await this.#notForwarded(identity.principal, said);
    const pieces = await this.#notForwarded(identity.principal, unseen.flatMap(betweenNotices));
    if (pieces.length > 0) await this.#add(principalKey(identity.principal), pieces);
  }

  async #notForwarded(principal: Principal, texts: readonly string[]): Promise<string[]> {
    const before = await this.#options.released.forwardedBefore(principal, texts);
    return [...new Set(texts)].filter((text) => !before.has(text));
  }

  async end(principal: Principal, marks: readonly string[]): Promise<void> {
    if (marks.length === 0) return;
    const key = principalKey(principal);
    const marker = this.#marker(key);
    await this.#write(key, async (query) => {
      await query
        .updateTable('withheld_text')
        .set({ ended: 1 })
        .where('principal', '=', marker.principal)
        .where('mark', 'in', [...marks])
        .execute();
    });
  }

  async renew(principal: Principal, met: readonly string[]): Promise<void> {
    const marks = met.filter((mark) => !this.#renewed.has(mark));
    if (marks.length === 0) return;
    for (const mark of marks) this.#renewed.set(mark, true);
    const now = this.#options.now();
    await this.#query()
      .updateTable('withheld_text')
      .set({ until: now + withheldMs })
      .where('principal', '=', this.#marker(principalKey(principal)).principal)
      .where('mark', 'in', [...marks])
      .where('until', '<', now + withheldMs / 2)
      .execute();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unlisten?.();
  }

  async #load(key: string): Promise<WithheldIndex> {
    const { keys, now } = this.#options;
    const rows = await this.#query()
      .selectFrom('withheld_text')
      .selectAll()
      .where('principal', '=', this.#marker(key).principal)
      .where('until', '>', now())
      .orderBy('until', 'desc')
      .limit(textsMost)
      .execute();
    const texts = rows.map((row): WithheldText => {
      const text = openOne(keys.sealing, sealContext, `${row.principal} ${row.mark}`, row).toString();
      return { mark: row.mark, text, ended: row.ended === 1 };
    });
    return texts.length === 0 ? nothingWithheld : new WithheldIndex(texts);
  }

  async #add(key: string, texts: readonly string[]): Promise<void> {
    const { keys, now } = this.#options;
    const marker = this.#marker(key);
    const until = now() + withheldMs;
    const rows = texts.map((text) => {
      const mark = marker.text(comparable(text).join('\n'));
      const sealed = sealOne(keys.sealing, sealContext, `${marker.principal} ${mark}`, text);
      return { principal: marker.principal, mark, ended: 0, ...sealed, until };
    });
    await this.#write(key, async (query) => {
      await query.deleteFrom('withheld_text').where('until', '<=', now()).execute();
      for (const row of rows) {
        // One that was forwarded once, and so has ended, is not withheld again.
        await query
          .insertInto('withheld_text')
          .values(row)
          .onConflict((conflict) => conflict.columns(['principal', 'mark']).doUpdateSet({ until }))
          .execute();
      }
    });
  }

  async #write(key: string, change: (query: Kysely<Tables>) => Promise<void>): Promise<void> {
    await this.#query()
      .transaction()
      .execute(async (query) => {
        await query
          .updateTable('withheld_change')
          .set((row) => ({ number: row('number', '+', 1) }))
          .execute();
        await change(query);
      });
    this.#indexes.changed(key);
    this.#options.store.hint(channel);
  }

  async #poll(): Promise<void> {
    const { number } = await this.#query().selectFrom('withheld_change').select('number').executeTakeFirstOrThrow();
    if (number !== this.#change) this.#indexes.doubt();
    this.#change = number;
  }

  #marker(key: string): Marker {
    return createMarker(key, this.#options.keys.keyedHash);
  }

  #query(): Kysely<Tables> {
    return this.#options.store.query<Tables>();
  }
}

/** What stands between notices in a text that something was taken out of: the client sends it again without them. */
function betweenNotices(text: string): string[] {
  const pieces: string[][] = [[]];
  for (const line of comparable(text)) {
    if (line === withheldNotice) pieces.push([]);
    else pieces.at(-1)!.push(line);
  }
  return pieces.map((lines) => lines.join('\n')).filter((piece) => comparable(piece).length > 0);
}
