import type { Reads } from '../model/decision.ts';
import type { Json, JsonObject } from '../model/json.ts';

/** Places of numbers among those that a policy compares numbers of its input with: equal ones, and those between two. */
export interface Ranks {
  /** Of two numbers with the same rank no comparison of the policy tells one from the other. */
  of(number: number): number;
  /** Some number with this rank, where floating point has one. */
  at(rank: number): number;
}

/** Ranks among the constants of a policy and all numbers of its data. */
export function createRanks(constants: readonly number[], data: Json): Ranks {
  const numbers = new Set(constants);
  collect(data, numbers);
  const sorted = Float64Array.from(numbers).sort();
  return {
    of(number) {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sorted[middle]! < number) low = middle + 1;
        else high = middle;
      }
      return sorted[low] === number ? 2 * low + 1 : 2 * low;
    },
    at(rank) {
      const next = sorted[rank >> 1];
      if (next !== undefined && rank % 2 === 1) return next;
      const last = sorted[(rank >> 1) - 1];
      if (last === undefined) return next === undefined ? 0 : next - 1;
      return next === undefined ? last + 1 : (last + next) / 2;
    },
  };
}

/** The text of what a policy can read of an input. Inputs of equal text get equal decisions. */
export function keyText(input: Json, reads: Reads, ranks: Ranks): string {
  const parts: Json[] = [];
  addParts(input, reads, ranks, parts);
  return JSON.stringify(parts);
}

/** Adds one value: what kind of part it is, then what there is to say of it, so that no two values add the same. */
function addParts(value: Json | undefined, reads: Reads, ranks: Ranks, parts: Json[]): void {
  if (value === undefined) parts.push('absent');
  else if (reads === 'order' && isNumber(value)) parts.push('rank', ranks.of(value));
  else if (typeof reads === 'string' || !isRead(value, reads)) parts.push('value', value);
  else if (reads.each === null) {
    parts.push('members');
    for (const name in reads.members) addParts(own(value, name), reads.members[name]!, ranks, parts);
  } else {
    const names = Object.keys(value);
    parts.push(Array.isArray(value) ? 'list' : 'object', names.length);
    for (const name of names) {
      parts.push(name);
      addParts(own(value, name), own(reads.members, name) ?? reads.each, ranks, parts);
    }
  }
}

/** Another input with the same key: without what is not read, and with other numbers where only their order is. */
export function twinOf(value: Json, reads: Reads, ranks: Ranks): Json {
  if (reads === 'order' && isNumber(value)) {
    const rank = ranks.of(value);
    const other = ranks.at(rank);
    return ranks.of(other) === rank ? other : value;
  }
  if (typeof reads === 'string' || !isRead(value, reads)) return value;
  const { members, each } = reads;
  const twin = (name: string) => {
    const inner = own(members, name) ?? each;
    return inner ? [[name, twinOf(own(value, name)!, inner, ranks)] as const] : [];
  };
  const entries = Object.keys(value).flatMap(twin);
  return Array.isArray(value) ? entries.map(([, entry]) => entry) : Object.fromEntries(entries);
}

// What is no finite number becomes null on its way to policy.
function isNumber(value: Json): value is number {
  return Number.isFinite(value);
}

/** Whether a value has members that are told apart; of a list, single ones never are. */
function isRead(value: Json, reads: Exclude<Reads, string>): value is JsonObject | readonly Json[] {
  return typeof value === 'object' && value !== null && (!Array.isArray(value) || reads.each !== null);
}

// Names come from outside: `constructor` is no member of an object that does not have it itself.
function own<T>(value: { readonly [name: string]: T } | readonly T[], name: string): T | undefined {
  return Object.hasOwn(value, name) ? (value as { readonly [name: string]: T })[name] : undefined;
}

function collect(value: Json, numbers: Set<number>): void {
  if (typeof value === 'number') numbers.add(value);
  else if (typeof value === 'object' && value !== null) {
    for (const entry of Object.values(value)) collect(entry as Json, numbers);
  }
}
