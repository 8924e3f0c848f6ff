import { LRUCache } from 'lru-cache';
import type { Body } from '../model/body.ts';
import type { HitLeaf, NewHits } from '../model/content.ts';
import type { Conversed } from '../model/exchange.ts';
import { type Principal, principalKey } from '../model/principal.ts';
import type { Span } from '../model/scan.ts';
import type { Store } from '../store/index.ts';
import {
  type AnchoredMark,
  anchoredMark,
  createMarker,
  hitMarks,
  type Marker,
  readMark,
  spansOutside,
  writeMark,
} from './marks.ts';
import { isSideRequest, isUserText, lastAssistant } from './places.ts';
import type { Tables } from './tables.ts';

/** Milliseconds for which a text stays released after it was forwarded or approved; forwarding it again renews it. */
const releasedMs = 60 * 24 * 3600_000;
/** Rows asked for, or written, by one statement. */
const rowsMost = 400;
/** Texts known in memory, over all principals. */
const knownMost = 100_000;

/** What Claude has seen for a principal, so that policy is told only of what is new. */
export interface ReleasedTexts {
  readonly newHits: NewHits;
  /** What was found in a body that `newHits` has seen; empty for any other. */
  hitsOf(body: Body): readonly HitLeaf[];
  /** The marks of the texts with hits after the last assistant message, for the question that humans are asked. */
  marksOf(exchange: Conversed): readonly string[];
  /** A human approved texts: `marks` as `marksOf` gave them. Rejects with GatewayError STATE_UNAVAILABLE. */
  release(principal: Principal, marks: readonly string[]): Promise<void>;
  /**
   * The request was sent to Claude: a `messages.create` releases its leaves with hits. Undefined where nothing has to
   * be written. Rejects with GatewayError STATE_UNAVAILABLE; the same hits count as new again then.
   */
  forwarded(exchange: Conversed): Promise<void> | undefined;
  /** Which of these texts were forwarded before, as far as is known. Rejects with GatewayError STATE_UNAVAILABLE. */
  forwardedBefore(principal: Principal, texts: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Opens the released texts of a store whose tables exist. */
export function openReleased(
  store: Store,
  keyedHash: (domain: string, text: string) => string,
  now: () => number,
): ReleasedTexts {
  return new StoredReleases(store, keyedHash, now);
}

class StoredReleases implements ReleasedTexts {
  readonly #store: Store;
  readonly #keyedHash: (domain: string, text: string) => string;
  readonly #now: () => number;
  readonly #markers = new LRUCache<string, Marker>({ max: 10_000 });
  /** Released texts with their ends, by principal and mark. */
  readonly #known = new LRUCache<string, number>({ max: knownMost });
  /** What users said, with the conversation it was said in; by principal and mark. */
  readonly #said = new LRUCache<string, string>({ max: knownMost });
  readonly #hits = new WeakMap<Body, readonly HitLeaf[]>();
  #sweptAt = 0;

  constructor(store: Store, keyedHash: (domain: string, text: string) => string, now: () => number) {
    this.#store = store;
    this.#keyedHash = keyedHash;
    this.#now = now;
  }

  readonly newHits: NewHits = (exchange, hits) => {
    const { body } = exchange;
    if (body === null || hits.length === 0) return hits.map(() => []);
    this.#hits.set(body, hits);
    const last = lastAssistant(body.leaves);
    const side = isSideRequest(exchange);
    const marker = this.#marker(exchange.identity.principal);
    const found: (readonly Span[])[] = [];
    const open: { readonly at: number; readonly hit: HitLeaf; readonly mark: string | null }[] = [];
    for (const [at, hit] of hits.entries()) {
      if (hit.leaf.message > last) {
        found.push(hit.spans);
        if (side) open.push({ at, hit, mark: null });
        continue;
      }
      const mark = marker.text(hit.leaf.text);
      const released = this.#isKnown(marker, mark);
      found.push(released ? [] : hit.spans);
      if (!released) open.push({ at, hit, mark });
    }
    if (open.length === 0) return found;
    return this.#look(marker, open, found);
  };

  hitsOf(body: Body): readonly HitLeaf[] {
    return this.#hits.get(body) ?? [];
  }

  marksOf(exchange: Conversed): readonly string[] {
    const { body } = exchange;
    if (body === null) return [];
    const last = lastAssistant(body.leaves);
    const marker = this.#marker(exchange.identity.principal);
    const fresh = this.hitsOf(body).filter(({ leaf }) => leaf.message > last);
    return [...new Set(fresh.map((hit) => writeMark(anchoredMark(marker, hit))))];
  }

  async release(principal: Principal, marks: readonly string[]): Promise<void> {
    const marker = this.#marker(principal);
    const until = this.#now() + releasedMs;
    const rows = marks.map(readMark).map(({ anchorAt, ...found }) => ({
      ...found,
      principal: marker.principal,
      anchor_at: anchorAt,
      until,
    }));
    for (const some of slices(rows)) {
      await this.#query()
        .insertInto('approved_text')
        .values(some)
        .onConflict((conflict) => conflict.columns(['principal', 'anchor', 'mark']).doUpdateSet({ until }))
        .execute();
    }
  }

  forwarded(exchange: Conversed): Promise<void> | undefined {
    const { body, route } = exchange;
    if (body === null || route.action !== 'messages.create') return undefined;
    const marker = this.#marker(exchange.identity.principal);
    const renewBelow = this.#now() + releasedMs / 2;
    const marks = new Set<string>();
    for (const { leaf } of this.hitsOf(body)) {
      const mark = marker.text(leaf.text);
      if ((this.#known.get(name(marker, mark)) ?? 0) < renewBelow) marks.add(mark);
    }
    for (const mark of this.#repeated(exchange, body, marker)) marks.add(mark);
    return marks.size === 0 ? undefined : this.#write(marker, [...marks]);
  }

  async forwardedBefore(principal: Principal, texts: readonly string[]): Promise<ReadonlySet<string>> {
    const marker = this.#marker(principal);
    const marks = new Map(texts.map((text) => [marker.text(text), text]));
    const before = new Set<string>();
    for (const [mark, text] of marks) {
      if (this.#isKnown(marker, mark) || this.#said.has(name(marker, mark))) before.add(text);
    }
    const open = [...marks.keys()].filter((mark) => !before.has(marks.get(mark)!));
    for (const mark of await this.#readKnown(marker, open)) before.add(marks.get(mark)!);
    return before;
  }

  /**
   * Texts without hits are known in memory only. What users said in two conversations, mostly what their client adds
   * to each, is worth a row: after a restart it must not be taken for something that was never forwarded.
   */
  #repeated(exchange: Conversed, body: Body, marker: Marker): string[] {
    const repeated: string[] = [];
    const last = lastAssistant(body.leaves);
    for (const leaf of body.leaves) {
      if (leaf.message <= last || !isUserText(leaf)) continue;
      const mark = marker.text(leaf.text);
      const named = name(marker, mark);
      const before = this.#said.get(named);
      if (before === undefined) this.#said.set(named, exchange.conversation.id);
      else if (before !== exchange.conversation.id && !this.#isKnown(marker, mark)) repeated.push(mark);
    }
    return repeated;
  }

  async #look(
    marker: Marker,
    open: readonly { readonly at: number; readonly hit: HitLeaf; readonly mark: string | null }[],
    found: (readonly Span[])[],
  ): Promise<readonly (readonly Span[])[]> {
    const marks = open.flatMap(({ mark }) => (mark === null ? [] : [mark]));
    const released = await this.#readKnown(marker, marks);
    const rest = open.filter(({ mark }) => mark === null || !released.has(mark));
    for (const { at, mark } of open) if (mark !== null && released.has(mark)) found[at] = [];
    if (rest.length === 0) return found;
    const anchors = rest.flatMap(({ hit }) => [...hitMarks(marker, hit).keys()]);
    const approved = await this.#readApproved(marker, [...new Set(anchors)]);
    if (approved.size === 0) return found;
    // What humans approved may be repeated beside the conversation, inside other words; alone it is asked anew.
    for (const { at, hit, mark } of rest) found[at] = spansOutside(marker, hit, approved, mark === null);
    return found;
  }

  async #readKnown(marker: Marker, marks: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    for (const some of slices(marks)) {
      const rows = await this.#query()
        .selectFrom('released_text')
        .select(['mark', 'until'])
        .where('principal', '=', marker.principal)
        .where('mark', 'in', some)
        .where('until', '>', this.#now())
        .execute();
      for (const { mark, until } of rows) {
        known.add(mark);
        this.#known.set(name(marker, mark), until);
      }
    }
    return known;
  }

  async #readApproved(marker: Marker, anchors: readonly string[]): Promise<ReadonlyMap<string, AnchoredMark[]>> {
    const approved = new Map<string, AnchoredMark[]>();
    for (const some of slices(anchors)) {
      const rows = await this.#query()
        .selectFrom('approved_text')
        .selectAll()
        .where('principal', '=', marker.principal)
        .where('anchor', 'in', some)
        .where('until', '>', this.#now())
        .execute();
      for (const { anchor, mark, length, anchor_at } of rows) {
        const marks = approved.get(anchor) ?? [];
        marks.push({ anchor, mark, length, anchorAt: anchor_at });
        approved.set(anchor, marks);
      }
    }
    return approved;
  }

  async #write(marker: Marker, marks: readonly string[]): Promise<void> {
    const until = this.#now() + releasedMs;
    for (const some of slices(marks)) {
      await this.#query()
        .insertInto('released_text')
        .values(some.map((mark) => ({ principal: marker.principal, mark, until })))
        .onConflict((conflict) => conflict.columns(['principal', 'mark']).doUpdateSet({ until }))
        .execute();
    }
    for (const mark of marks) this.#known.set(name(marker, mark), until);
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const now = this.#now();
    if (now - this.#sweptAt < 3600_000) return;
    this.#sweptAt = now;
    await this.#query().deleteFrom('released_text').where('until', '<=', now).execute();
    await this.#query().deleteFrom('approved_text').where('until', '<=', now).execute();
  }

  #isKnown(marker: Marker, mark: string): boolean {
    return (this.#known.get(name(marker, mark)) ?? 0) > this.#now();
  }

  #marker(principal: Principal): Marker {
    const key = principalKey(principal);
    let marker = this.#markers.get(key);
    if (!marker) {
      marker = createMarker(key, this.#keyedHash);
      this.#markers.set(key, marker);
    }
    return marker;
  }

  #query() {
    return this.#store.query<Tables>();
  }
}

function name(marker: Marker, mark: string): string {
  return `${marker.principal}${mark}`;
}

function slices<T>(list: readonly T[]): T[][] {
  const some: T[][] = [];
  for (let at = 0; at < list.length; at += rowsMost) some.push(list.slice(at, at + rowsMost));
  return some;
}
