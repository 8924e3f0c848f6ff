import type { Scanned, Span, TextScanner } from '../model/scan.ts';
import { foldTable, isIgnorableHalf, TRANSPARENT } from './fold.ts';
import { type Literals, step } from './literals.ts';

/** What one literal stands for. */
export interface Pattern {
  readonly detector: string;
  readonly class: string;
  /** Folded length of the literal. */
  readonly length: number;
  /** Where the literal only begins a value: what the value goes on with. Null where the literal is the value. */
  readonly tail: Tail | null;
}

/** An open end: at least `minimum` units of the alphabet, and then as many as follow. */
export interface Tail {
  /** One entry a unit below 128; all other units end the value. */
  readonly alphabet: Uint8Array;
  readonly minimum: number;
}

/** What a stream scans for, shared by all streams. */
export interface Engine {
  readonly literals: Literals;
  readonly patterns: readonly Pattern[];
}

/** More invisible units in a row than this end every value: nothing that long is read as one word. */
export const invisibleMax = 256;

const nothing: readonly Span[] = [];

/** A stretch found, in offsets of the whole stream. */
interface Found {
  readonly pattern: Pattern;
  readonly from: number;
  to: number;
}

/** A value that has begun with its literal and goes on, or does not. `found` is null until the minimum is reached. */
interface Growing {
  readonly pattern: Pattern;
  readonly tail: Tail;
  readonly from: number;
  units: number;
  found: Found | null;
}

/**
 * Scans one stream of text. A character leaves when no text that may follow can change what is found at it: it lies
 * before every value that has begun and is undecided, or inside a masked one. Both depend on the text alone, so the
 * result is the same for every way of cutting it.
 */
export class Scanner implements TextScanner {
  readonly #engine: Engine;
  readonly #masked: (className: string) => boolean;
  #node = 0;
  /** Text not released yet, and the stream offsets of its first unit and of its end. */
  #text = '';
  #start = 0;
  #end = 0;
  /** Offsets of transparent units at or after `#start`. */
  #invisible: number[] = [];
  #invisibleRun = 0;
  #half = false;
  #growing: Growing[] = [];
  /** In the order of `Scanned.spans`. */
  #found: Found[] = [];

  constructor(engine: Engine, masked: (className: string) => boolean) {
    this.#engine = engine;
    this.#masked = masked;
  }

  get held(): number {
    return this.#end - this.#start;
  }

  write(text: string): Scanned {
    this.#scan(text);
    this.#text = this.#text === '' ? text : this.#text + text;
    return this.#release(this.#covered(this.#undecided()));
  }

  /** The last text and the end in one. */
  finish(text: string): Scanned {
    this.#scan(text);
    this.#text += text;
    return this.end();
  }

  end(): Scanned {
    this.#growing = this.#growing.filter((value) => value.found !== null);
    return this.#release(this.#end);
  }

  #scan(text: string): void {
    const { literals } = this.#engine;
    const { output, link } = literals;
    let node = this.#node;
    const base = this.#end;
    for (let i = 0; i < text.length; i++) {
      const raw = text.charCodeAt(i);
      let unit = raw < 128 ? raw : this.#half ? TRANSPARENT : foldTable[raw]!;
      if (raw >= 128) this.#half = !this.#half && isIgnorableHalf(raw);
      else this.#half = false;
      this.#end = base + i + 1;
      if (unit === TRANSPARENT) {
        if (++this.#invisibleRun <= invisibleMax) {
          this.#invisible.push(base + i);
          continue;
        }
        unit = 0xfffe;
      } else {
        this.#invisibleRun = 0;
      }
      if (this.#growing.length > 0) this.#grow(unit);
      node = node === 0 && unit < 256 ? literals.root[unit]! : step(literals, node, unit);
      if (node === 0) continue;
      for (let at = output[node]! === -1 ? link[node]! : node; at !== 0; at = link[at]!) {
        this.#recognise(this.#engine.patterns[output[at]!]!);
      }
    }
    this.#node = node;
  }

  /** A literal ends at the current position. */
  #recognise(pattern: Pattern): void {
    const from = this.#back(pattern.length);
    const { tail } = pattern;
    if (!tail) {
      this.#add(pattern, from);
      return;
    }
    // An accepted value of the same pattern goes on exactly as far as this one would.
    if (this.#growing.some((value) => value.pattern === pattern && value.found)) return;
    this.#growing.push({ pattern, tail, from, units: 0, found: null });
  }

  /** One more unit for every value that has begun. */
  #grow(unit: number): void {
    let kept = 0;
    for (const value of this.#growing) {
      if (unit >= 128 || value.tail.alphabet[unit] === 0) continue;
      value.units++;
      if (value.found) value.found.to = this.#end;
      else if (value.units >= value.tail.minimum) value.found = this.#add(value.pattern, value.from);
      this.#growing[kept++] = value;
    }
    this.#growing.length = kept;
  }

  /** Offset of the unit that is `units` matched units before the end. */
  #back(units: number): number {
    let from = this.#end - units;
    for (let i = this.#invisible.length - 1; i >= 0 && this.#invisible[i]! >= from; i--) from--;
    return from;
  }

  /** Keeps the order of `Scanned.spans`: where it begins, then what was recognised first. */
  #add(pattern: Pattern, from: number): Found {
    const last = this.#found.at(-1);
    if (last && last.pattern.detector === pattern.detector && last.from <= from && last.to > from) {
      last.to = this.#end;
      return last;
    }
    const found: Found = { pattern, from, to: this.#end };
    let at = this.#found.length;
    while (at > 0 && this.#found[at - 1]!.from > from) at--;
    if (at === this.#found.length) this.#found.push(found);
    else this.#found.splice(at, 0, found);
    return found;
  }

  /** Where the earliest undecided value begins, as far as it is not released under a mask already. */
  #undecided(): number {
    let from = this.#back(this.#engine.literals.depth[this.#node]!);
    if (this.#node === 0) from = this.#end;
    for (const value of this.#growing) if (!value.found && value.from < from) from = value.from;
    return Math.max(from, this.#start);
  }

  /** Goes on from `offset` as far as masked stretches cover: masked is masked, whatever follows. */
  #covered(offset: number): number {
    let to = offset;
    for (const span of this.#found) {
      if (span.from > to) break;
      if (span.to > to && this.#masked(span.pattern.class)) to = span.to;
    }
    return to;
  }

  #release(to: number): Scanned {
    const start = this.#start;
    const all = to === this.#end;
    const text = all ? this.#text : this.#text.slice(0, to - start);
    const spans = this.#found.length === 0 ? nothing : this.#spans(start, to);
    this.#text = all ? '' : this.#text.slice(to - start);
    this.#start = to;
    if (this.#invisible.length > 0) this.#invisible = all ? [] : this.#invisible.filter((offset) => offset >= to);
    return { text, spans };
  }

  /** What is found between two offsets; overlapping stretches of one detector are one. */
  #spans(start: number, to: number): readonly Span[] {
    const spans: { -readonly [field in keyof Span]: Span[field] }[] = [];
    for (const found of this.#found) {
      if (found.from >= to || found.to <= start) continue;
      const { detector, class: className } = found.pattern;
      const from = Math.max(found.from, start) - start;
      const end = Math.min(found.to, to) - start;
      const before = spans.findLast((span) => span.detector === detector);
      if (before && before.to > from) before.to = Math.max(before.to, end);
      else spans.push({ detector, class: className, from, to: end, continues: found.from < start });
    }
    this.#found = this.#found.filter((found) => found.to > to || this.#growing.some((value) => value.found === found));
    return spans;
  }
}
