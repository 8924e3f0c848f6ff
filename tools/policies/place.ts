import type { Reads } from '../../src/model/decision.ts';

// A place deeper than this is read whole: no input is as deep, and a local that is assigned from its own member would go on for ever.
const maxDepth = 12;

/** A place in the input, and what of it is read. */
export class Place {
  #use: 'none' | 'order' | 'value' = 'none';
  readonly #members = new Map<string, Place>();
  #each: Place | null = null;
  readonly #depth: number;

  constructor(depth = 0) {
    this.#depth = depth;
  }

  use(use: 'order' | 'value'): void {
    if (this.#use !== 'value') this.#use = use;
  }

  /** The place of a member, or, for null, the one that stands for all members. */
  member(name: string | null): Place {
    if (this.#depth === maxDepth) {
      this.use('value');
      return this;
    }
    if (name === null) {
      this.#each ??= new Place(this.#depth + 1);
      return this.#each;
    }
    const known = this.#members.get(name);
    if (known !== undefined) return known;
    const made = new Place(this.#depth + 1);
    this.#members.set(name, made);
    return made;
  }

  reads(): Reads {
    const inner = this.#members.size > 0 || this.#each !== null;
    if (this.#use === 'order' && !inner) return 'order';
    // A place that is only looked for counts by its value too.
    if (this.#use !== 'none' || !inner) return 'value';
    const each = this.#each?.reads() ?? null;
    const members = [...this.#members].map(([name, place]) => [name, united(place.reads(), each)] as const);
    if (each === 'value' && members.every(([, reads]) => reads === 'value')) return 'value';
    return { members: Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1))), each };
  }
}

/** What is read of a place in one way or another. */
function united(a: Reads, b: Reads | null): Reads {
  if (b === null) return a;
  if (typeof a === 'string' || typeof b === 'string') return a === b ? a : 'value';
  const each = a.each === null ? b.each : united(a.each, b.each);
  const names = [...new Set([...Object.keys(a.members), ...Object.keys(b.members)])].sort();
  const members = names.map((name) => {
    const ways = [a.members[name] ?? a.each, b.members[name] ?? b.each].filter((reads) => reads !== null);
    return [name, united(ways[0]!, ways[1] ?? null)] as const;
  });
  return { members: Object.fromEntries(members), each };
}
