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
  const places: number[] = [];
  let start = 0;
  for (;;) {
    const at = text.indexOf('\n', start);
    const end = at === -1 ? text.length : at;
    const [from, to] = trimmed(text, start, end);
    places.push(start, from, to, end);
    if (at === -1) break;
    start = at + 1;
  }
  return {
    count: places.length / 4,
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

/** Where a stretch of text begins and ends without the white space around it. */
export function trimmed(text: string, start: number, end: number): readonly [from: number, to: number] {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return [from, to];
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
