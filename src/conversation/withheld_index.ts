import { hash, randomInt } from 'node:crypto';
import { comparable, type Lines, linesOf, quickHash, trimmed } from './lines.ts';

/** What stands in for a withheld text. */
export const withheldNotice = '[withheld by policy]';

/** A text that was denied. */
export interface WithheldText {
  /** Names it in the store. */
  readonly mark: string;
  readonly text: string;
  /** It was allowed or approved after all: it stays as it is. */
  readonly ended: boolean;
}

/** What of a text is withheld. */
export interface Found {
  /** The text with a notice for each withheld text that is still in force; itself where there is none. */
  readonly text: string;
  /** Marks of withheld texts that were found. */
  readonly active: readonly string[];
  /** Marks of texts that were found and may pass. */
  readonly ended: readonly string[];
  /** There is nothing else in the text. */
  readonly whole: boolean;
}

/** A withheld text, told by its lines: nothing of it is kept. */
interface Pattern {
  readonly mark: string;
  readonly ended: boolean;
  readonly lines: number;
  /** Quick hash over the quick hashes of its lines. */
  readonly quick: number;
  readonly digest: string;
}

const base = 0x2c1b3c6d;

/**
 * Finds the withheld texts of one principal in other texts, as whole lines. Reading a text costs a look at each of its
 * lines; only lines that begin a withheld text cost more. Holds hashes, not the texts.
 */
export class WithheldIndex {
  readonly #seed = randomInt(2 ** 31);
  /** By the length of the first line, then by its quick hash; the longest first. */
  readonly #byLength = new Map<number, Map<number, Pattern[]>>();
  readonly size: number;

  constructor(texts: readonly WithheldText[]) {
    this.size = texts.length;
    for (const { mark, text, ended } of texts) {
      const lines = comparable(text);
      const first = lines[0];
      if (first === undefined) continue;
      const quicks = lines.map((line) => quickHash(line, 0, line.length, this.#seed));
      const pattern: Pattern = {
        mark,
        ended,
        lines: lines.length,
        quick: quicks.reduce((sum, quick) => (Math.imul(sum, base) + quick) | 0, 0),
        digest: hash('sha256', lines.join('\n')),
      };
      const named = this.#byLength.get(first.length) ?? new Map<number, Pattern[]>();
      this.#byLength.set(first.length, named);
      const patterns = named.get(quicks[0]!) ?? [];
      named.set(quicks[0]!, patterns);
      patterns.push(pattern);
      patterns.sort((a, b) => b.lines - a.lines);
    }
  }

  /** What of `text` is withheld; null where nothing is. */
  find(text: string): Found | null {
    if (!this.#mayBegin(text)) return null;
    const lines = linesOf(text);
    const sums = new QuickSums(text, lines, this.#seed);
    const active: string[] = [];
    const ended: string[] = [];
    let out = '';
    let copied = 0;
    let whole = true;
    for (let line = 0; line < lines.count; ) {
      const pattern = this.#at(text, lines, sums, line);
      if (pattern === null) {
        if (lines.from(line) < lines.to(line)) whole = false;
        line++;
        continue;
      }
      (pattern.ended ? ended : active).push(pattern.mark);
      if (!pattern.ended) {
        out += text.slice(copied, lines.start(line)) + withheldNotice;
        copied = lines.end(line + pattern.lines - 1);
      }
      line += pattern.lines;
    }
    if (active.length === 0 && ended.length === 0) return null;
    if (active.length === 0) return { text, active, ended, whole };
    // A whole text becomes the notice alone, whatever white space its client puts around it the next time.
    const left = whole && ended.length === 0 ? active.map(() => withheldNotice).join('\n') : out + text.slice(copied);
    return { text: left, active, ended, whole };
  }

  #mayBegin(text: string): boolean {
    const sizes = this.#byLength;
    for (let start = 0; start <= text.length; ) {
      const at = text.indexOf('\n', start);
      const end = at === -1 ? text.length : at;
      const [from, to] = trimmed(text, start, end);
      const named = sizes.get(to - from);
      if (named?.has(quickHash(text, from, to, this.#seed))) return true;
      start = end + 1;
    }
    return false;
  }

  #at(text: string, lines: Lines, sums: QuickSums, line: number): Pattern | null {
    const named = this.#byLength.get(lines.to(line) - lines.from(line));
    for (const pattern of named?.get(sums.of(line)) ?? []) {
      if (line + pattern.lines > lines.count || sums.over(line, pattern.lines) !== pattern.quick) continue;
      const said: string[] = [];
      for (let at = line; at < line + pattern.lines; at++) said.push(text.slice(lines.from(at), lines.to(at)));
      if (hash('sha256', said.join('\n')) === pattern.digest) return pattern;
    }
    return null;
  }
}

/** Sums over quick hashes of lines, so that any stretch of lines is compared at the same cost. */
class QuickSums {
  readonly #quicks: Int32Array;
  readonly #sums: Int32Array;
  readonly #powers: Int32Array;

  constructor(text: string, lines: Lines, seed: number) {
    this.#quicks = new Int32Array(lines.count);
    this.#sums = new Int32Array(lines.count + 1);
    this.#powers = new Int32Array(lines.count + 1);
    this.#powers[0] = 1;
    for (let line = 0; line < lines.count; line++) {
      const quick = quickHash(text, lines.from(line), lines.to(line), seed);
      this.#quicks[line] = quick;
      this.#sums[line + 1] = Math.imul(this.#sums[line]!, base) + quick;
      this.#powers[line + 1] = Math.imul(this.#powers[line]!, base);
    }
  }

  of(line: number): number {
    return this.#quicks[line]!;
  }

  over(line: number, count: number): number {
    return (this.#sums[line + count]! - Math.imul(this.#sums[line]!, this.#powers[count]!)) | 0;
  }
}

/** Finds nothing. */
export const nothingWithheld = new WithheldIndex([]);
