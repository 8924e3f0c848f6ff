import { hash, randomInt } from 'node:crypto';
import { LineAutomaton } from './line_automaton.ts';
import { comparable, type Lines, linesOf, quickHash, skipSpace, skipSpaceBack } from './lines.ts';

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
  readonly digest: string;
}

/** Lines that are looked for, over all texts: the first texts count. */
const linesMost = 200_000;

/**
 * Finds the withheld texts of one principal in other texts, as whole lines. Reading a text costs a look at each of its
 * lines; only a text with a line that begins a withheld one costs more. Holds hashes, not the texts.
 */
export class WithheldIndex {
  readonly #seed = randomInt(2 ** 31);
  readonly #patterns: Pattern[] = [];
  /** Length and first character of the first lines. */
  readonly #heads = new Set<number>();
  /** Quick hashes of the first lines. */
  readonly #firsts = new Set<number>();
  readonly #automaton: LineAutomaton;

  constructor(texts: readonly WithheldText[]) {
    const quicks: number[][] = [];
    let total = 0;
    for (const { mark, text, ended } of texts) {
      const lines = comparable(text);
      total += lines.length;
      if (lines.length === 0 || total > linesMost) continue;
      const numbers = lines.map((line) => quickHash(line, 0, line.length, this.#seed));
      quicks.push(numbers);
      this.#patterns.push({ mark, ended, lines: lines.length, digest: hash('sha256', lines.join('\n')) });
      this.#heads.add(head(lines[0]!, 0, lines[0]!.length));
      this.#firsts.add(numbers[0]!);
    }
    this.#automaton = new LineAutomaton(quicks);
  }

  /** How many texts it looks for. */
  get size(): number {
    return this.#patterns.length;
  }

  /** What of `text` is withheld; null where nothing is. */
  find(text: string): Found | null {
    if (!this.#mayBegin(text)) return null;
    const lines = linesOf(text);
    const quicks = new Int32Array(lines.count);
    for (let at = 0; at < lines.count; at++) quicks[at] = quickHash(text, lines.from(at), lines.to(at), this.#seed);
    const longest = this.#automaton.longestAt(quicks);
    const active: string[] = [];
    const ended: string[] = [];
    let out = '';
    let copied = 0;
    let whole = true;
    for (let line = 0; line < lines.count; ) {
      const pattern = this.#proved(text, lines, line, longest[line]!);
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
    for (let start = 0; start <= text.length; ) {
      const at = text.indexOf('\n', start);
      const end = at === -1 ? text.length : at;
      const from = skipSpace(text, start, end);
      const to = skipSpaceBack(text, from, end);
      if (this.#heads.has(head(text, from, to)) && this.#firsts.has(quickHash(text, from, to, this.#seed))) return true;
      start = end + 1;
    }
    return false;
  }

  /** The longest pattern that is there for certain. */
  #proved(text: string, lines: Lines, line: number, candidate: number): Pattern | null {
    for (let at = candidate; at !== -1; at = this.#automaton.shorter(at)) {
      const pattern = this.#patterns[at]!;
      const said: string[] = [];
      for (let next = line; next < line + pattern.lines; next++)
        said.push(text.slice(lines.from(next), lines.to(next)));
      if (hash('sha256', said.join('\n')) === pattern.digest) return pattern;
    }
    return null;
  }
}

function head(text: string, from: number, to: number): number {
  return from < to ? (to - from) * 65536 + text.charCodeAt(from) : -1;
}

/** Finds nothing. */
export const nothingWithheld = new WithheldIndex([]);
