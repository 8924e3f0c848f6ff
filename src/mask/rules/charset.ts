/** A set of UTF-16 units as sorted, disjoint, inclusive ranges. */
export type CharSet = readonly (readonly [from: number, to: number])[];

export const lastUnit = 0xffff;

/** The union of ranges given in any order. */
export function charSet(ranges: Iterable<readonly [from: number, to: number]>): CharSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

export function complement(set: CharSet): CharSet {
  const ranges: [number, number][] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) ranges.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= lastUnit) ranges.push([next, lastUnit]);
  return ranges;
}

export function contains(set: CharSet, unit: number): boolean {
  return set.some(([from, to]) => from <= unit && unit <= to);
}

/** Number of units in the set. */
export function sizeOf(set: CharSet): number {
  return set.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** The set with the other case of each of its letters; sets that are not small keep letters beyond ASCII as they are. */
export function bothCases(set: CharSet): CharSet {
  const ranges = [...set];
  for (const [from, to] of set) {
    const end = sizeOf(set) > 512 ? Math.min(to, 0x7f) : to;
    for (let unit = from; unit <= end; unit++) {
      const char = String.fromCharCode(unit);
      for (const other of [char.toLowerCase(), char.toUpperCase()]) {
        if (other.length === 1 && other !== char) ranges.push([other.charCodeAt(0), other.charCodeAt(0)]);
      }
    }
  }
  return charSet(ranges);
}

/**
 * Divides all units into classes such that every given set is a union of classes. Returns the class of each unit; a
 * unit in no set has class 0 unless some set's complement makes it differ.
 */
export function partition(sets: readonly CharSet[]): { readonly classOf: Uint8Array; readonly count: number } {
  const edges = new Set<number>([0]);
  for (const set of sets) {
    for (const [from, to] of set) {
      edges.add(from);
      if (to < lastUnit) edges.add(to + 1);
    }
  }
  const starts = [...edges].sort((a, b) => a - b);
  const classOf = new Uint8Array(lastUnit + 1);
  const known = new Map<string, number>();
  const cursor = sets.map(() => 0);
  starts.forEach((start, index) => {
    const signature: number[] = [];
    sets.forEach((set, at) => {
      while (cursor[at]! < set.length && set[cursor[at]!]![1] < start) cursor[at]!++;
      const range = set[cursor[at]!];
      if (range && range[0] <= start) signature.push(at);
    });
    const name = signature.join(' ');
    let id = known.get(name);
    if (id === undefined) {
      id = known.size;
      if (id > 255) throw new RangeError('the rules tell more than 256 kinds of characters apart');
      known.set(name, id);
    }
    classOf.fill(id, start, starts[index + 1] ?? lastUnit + 1);
  });
  return { classOf, count: known.size };
}
