/** The lines of a text, trimmed, with their places in it. */
export interface Lines {
  readonly count: number;
  /** Offset of the trimmed line, and behind it. */
  from(line: number): number;
  to(line: number): number;
  /** Offset of the whole line, and behind it, its line break not included. */
  start(line: number): number;
  end(line: number): number;
}

/**
 * A text's lines. White space around a line does not matter, since clients add and take some when they put prompts
 * together.
 */
export function linesOf(text: string): Lines {
  let count = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  const places = new Int32Array(4 * count);
  let start = 0;
  for (let place = 0; place < places.length; place += 4) {
    const at = text.indexOf('\n', start);
    const end = at === -1 ? text.length : at;
    const from = skipSpace(text, start, end);
    places[place] = start;
    places[place + 1] = from;
    places[place + 2] = skipSpaceBack(text, from, end);
    places[place + 3] = end;
    start = end + 1;
  }
  return {
    count,
    start: (line) => places[line * 4]!,
    from: (line) => places[line * 4 + 1]!,
    to: (line) => places[line * 4 + 2]!,
    end: (line) => places[line * 4 + 3]!,
  };
}

/** The trimmed lines of a text without blank ones at its ends: what two texts are compared by. */
export function comparable(text: string): readonly string[] {
  const lines = linesOf(text);
  let first = 0;
  let last = lines.count - 1;
  while (first <= last && lines.from(first) === lines.to(first)) first++;
  while (last > first && lines.from(last) === lines.to(last)) last--;
  const said: string[] = [];
  for (let line = first; line <= last; line++) said.push(text.slice(lines.from(line), lines.to(line)));
  return said;
}

/** Where a stretch of text begins behind its white space. */
export function skipSpace(text: string, start: number, end: number): number {
  let from = start;
  while (from < end && isSpace(text.charCodeAt(from))) from++;
  return from;
}

/** Where a stretch of text ends before its white space. */
export function skipSpaceBack(text: string, start: number, end: number): number {
  let to = end;
  while (to > start && isSpace(text.charCodeAt(to - 1))) to--;
  return to;
}

/** White space and invisible characters that a client, or a terminal, puts around a line. */
function isSpace(unit: number): boolean {
  if (unit <= 0x20) return true;
  return unit === 0x7f || unit === 0x85 || unit === 0xa0 || unit === 0xfeff || (unit >= 0x2000 && unit <= 0x200b);
}

/** A quick hash of a stretch of text: 32 bits that only say "may be equal". */
export function quickHash(text: string, from: number, to: number, seed: number): number {
  let value = seed ^ (to - from);
  for (let at = from; at < to; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value ^ (value >>> 15);
}
