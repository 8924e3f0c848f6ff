import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Body, Leaf } from '../model/body.ts';
import type { Detectors, Span } from '../model/scan.ts';
import type { ScanMemo } from './memo.ts';
import { type Section, sectionsOf } from './sections.ts';

/** Milliseconds of scanning after which other work gets its turn. */
const sliceMs = 10;
/** Units of a large leaf that are scanned between two looks at the clock; well under a slice. */
const pieceUnits = 16_384;
/** Below this many bytes scanning a leaf costs no more than looking it up. */
const remembered = 48;

/** What was found in one body: spans by the index of its leaf, only for leaves with any. */
export type BodyFindings = ReadonlyMap<number, readonly Span[]>;

/**
 * Scans all leaves of a body that may change. What was scanned before is looked up: whole sections first, which is all
 * of a conversation but its new turn, then long leaves. A promise only where there is much to scan.
 */
export function scanLeaves(body: Body, detectors: Detectors, memo: ScanMemo): BodyFindings | Promise<BodyFindings> {
  const scan = new LeavesScan(body, detectors, memo);
  const wait = scan.run();
  return wait ? wait.then(() => scan.findings) : scan.findings;
}

class LeavesScan {
  readonly findings = new Map<number, readonly Span[]>();
  readonly #body: Body;
  readonly #detectors: Detectors;
  readonly #memo: ScanMemo;
  readonly #sections: Iterator<Section, undefined>;
  /** The leaf that is next, and the section that it is in or that comes next. */
  #at = 0;
  #section: Section | undefined;
  /** The memo's name of the section that is scanned; null outside of any. */
  #name: string | null = null;

  constructor(body: Body, detectors: Detectors, memo: ScanMemo) {
    this.#body = body;
    this.#detectors = detectors;
    this.#memo = memo;
    this.#sections = sectionsOf(body);
    this.#section = this.#sections.next().value;
  }

  /** Goes on to the end; a promise where other work has to get its turn before. */
  run(): Promise<void> | undefined {
    const { leaves } = this.#body;
    const until = performance.now() + sliceMs;
    while (this.#at < leaves.length) {
      if (!this.#pass()) {
        const wait = this.#scan(this.#at++);
        if (wait) return wait.then(() => this.#next());
        this.#leave();
      }
      if (performance.now() >= until) return nextTurn().then(() => this.run());
    }
    return undefined;
  }

  #next(): Promise<void> | undefined {
    this.#leave();
    return this.run();
  }

  /** Takes what is known of the section that begins here and passes over it; false where there is something to scan. */
  #pass(): boolean {
    const section = this.#section;
    if (section?.first !== this.#at || this.#name !== null) return false;
    const name = this.#memo.name(this.#detectors.id, section.place, section.bytes);
    const known = this.#memo.get(name);
    if (!known) {
      this.#name = name;
      return false;
    }
    for (const [index, spans] of known) this.findings.set(section.first + index, spans);
    this.#at = section.end;
    this.#section = this.#sections.next().value;
    return true;
  }

  /** At the end of a section that was scanned: remembers what was found in it. */
  #leave(): void {
    const section = this.#section;
    if (this.#name === null || section?.end !== this.#at) return;
    const found: (readonly [number, readonly Span[]])[] = [];
    for (let index = section.first; index < section.end; index++) {
      const spans = this.findings.get(index);
      if (spans) found.push([index - section.first, spans]);
    }
    this.#memo.set(this.#name, found);
    this.#name = null;
    this.#section = this.#sections.next().value;
  }

  #scan(index: number): Promise<void> | undefined {
    const leaf = this.#body.leaves[index]!;
    if (leaf.fixed) return undefined;
    const spelling = leaf.spelling ?? this.#body.bytes.subarray(leaf.start, leaf.end);
    const name = spelling.length < remembered ? null : this.#memo.name(this.#detectors.id, '', spelling);
    const known = name === null ? undefined : this.#memo.get(name);
    const keep = (spans: readonly Span[]) => {
      if (spans.length > 0) this.findings.set(index, spans);
      if (name !== null && !known) this.#memo.set(name, spans.length > 0 ? [[0, spans]] : []);
    };
    if (known) keep(known[0]?.[1] ?? []);
    else if (leaf.text.length <= pieceUnits) keep(this.#detectors.scan(leaf.text).spans);
    else return scanLarge(leaf, this.#detectors).then(keep);
    return undefined;
  }
}

async function scanLarge(leaf: Leaf, detectors: Detectors): Promise<readonly Span[]> {
  let until = performance.now() + sliceMs;
  const scanner = detectors.stream();
  const spans: Span[] = [];
  let offset = 0;
  const take = (released: { readonly text: string; readonly spans: readonly Span[] }) => {
    for (const span of released.spans) {
      const whole = { ...span, from: span.from + offset, to: span.to + offset, continues: false };
      const before = span.continues ? spans.findLastIndex((other) => other.detector === span.detector) : -1;
      if (before === -1) spans.push(whole);
      else spans[before] = { ...spans[before]!, to: Math.max(spans[before]!.to, whole.to) };
    }
    offset += released.text.length;
  };
  for (let at = 0; at < leaf.text.length; at += pieceUnits) {
    take(scanner.write(leaf.text.slice(at, at + pieceUnits)));
    if (performance.now() < until) continue;
    await nextTurn();
    until = performance.now() + sliceMs;
  }
  take(scanner.end());
  return spans;
}
