import type { Span } from '../model/scan.ts';
import type { Hit } from './rules/rule_set.ts';

/** A stretch found, in offsets of the whole stream. */
export interface Found {
  readonly hit: Hit;
  readonly from: number;
  to: number;
  /** Threads that may still extend it. */
  users: number;
}

const nothing: readonly Span[] = [];

/** What was found in one stream and is not released, or may still grow. */
export class Coverage {
  /** In the order of `Scanned.spans`: where it begins, then what was recognised first. */
  #found: Found[] = [];

  add(hit: Hit, from: number, to: number): Found {
    const last = this.#found.at(-1);
    if (last && last.hit.detector === hit.detector && last.from <= from && last.to > from) {
      last.to = Math.max(last.to, to);
      return last;
    }
    const found: Found = { hit, from, to, users: 0 };
    let at = this.#found.length;
    while (at > 0 && this.#found[at - 1]!.from > from) at--;
    if (at === this.#found.length) this.#found.push(found);
    else this.#found.splice(at, 0, found);
    return found;
  }

  /** Goes on from `offset` as far as stretches of masked classes cover. */
  end(offset: number, masked: (className: string) => boolean): number {
    let to = offset;
    for (const span of this.#found) {
      if (span.from > to) break;
      if (span.to > to && masked(span.hit.class)) to = span.to;
    }
    return to;
  }

  /** What is found between two offsets, counted from the first; overlapping stretches of one detector are one. */
  release(start: number, to: number): readonly Span[] {
    if (this.#found.length === 0) return nothing;
    const spans: { -readonly [field in keyof Span]: Span[field] }[] = [];
    const last = new Map<string, (typeof spans)[number]>();
    for (const found of this.#found) {
      if (found.from >= to || found.to <= start) continue;
      const { detector, class: className } = found.hit;
      const from = Math.max(found.from, start) - start;
      const end = Math.min(found.to, to) - start;
      const before = last.get(detector);
      if (before && before.to > from) {
        before.to = Math.max(before.to, end);
        continue;
      }
      const span = { detector, class: className, from, to: end, continues: found.from < start };
      spans.push(span);
      last.set(detector, span);
    }
    this.#found = this.#found.filter((found) => found.to > to || found.users > 0);
    return spans;
  }

  clear(): void {
    this.#found = [];
  }
}
