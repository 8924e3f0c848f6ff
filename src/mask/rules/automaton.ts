import { type CharSet, partition } from './charset.ts';
import type { Pattern } from './syntax.ts';

/** A minimal automaton, anchored at the start of what it matches. State 0 is dead, state 1 is the start. */
export interface Automaton {
  /** `next[state * classes + class]`. */
  readonly next: Uint16Array;
  readonly accepting: Uint8Array;
  readonly states: number;
  readonly classes: number;
  /** The class of each UTF-16 unit. */
  readonly classOf: Uint8Array;
}

/** Too many states: the rule must be written with smaller counts or fewer choices. */
export class BudgetFault extends Error {
  override readonly name = 'BudgetFault';
}

/** States that the automaton of one rule may have before it is reduced. */
export const stateBudget = 20_000;
/** Nodes that a rule may take when its counts are written out. */
const nodeBudget = 40_000;

interface Nodes {
  readonly set: (CharSet | null)[];
  readonly to: number[];
  readonly empty: number[][];
}

/** Builds the automaton of a pattern. Throws BudgetFault where it grows beyond `stateBudget`. */
export function buildAutomaton(pattern: Pattern): Automaton {
  const nodes: Nodes = { set: [], to: [], empty: [] };
  const end = addNode(nodes);
  const start = build(nodes, pattern, end);
  const { classOf, count } = partition(nodes.set.filter((set) => set !== null));
  const sets = nodes.set.map((set) => (set === null ? null : classesOf(set, classOf)));
  return reduce(determine(nodes, sets, start, end, count), count, classOf);
}

function addNode(nodes: Nodes): number {
  nodes.set.push(null);
  nodes.to.push(-1);
  nodes.empty.push([]);
  if (nodes.set.length > nodeBudget) throw new BudgetFault(`more than ${nodeBudget} nodes`);
  return nodes.set.length - 1;
}

/** Adds nodes that match the pattern and then go on at `next`; gives the first of them. */
function build(nodes: Nodes, pattern: Pattern, next: number): number {
  switch (pattern.kind) {
    case 'set': {
      const node = addNode(nodes);
      nodes.set[node] = pattern.set;
      nodes.to[node] = next;
      return node;
    }
    case 'sequence':
      return pattern.items.reduceRight((after, item) => build(nodes, item, after), next);
    case 'choice': {
      const node = addNode(nodes);
      nodes.empty[node]!.push(...pattern.items.map((item) => build(nodes, item, next)));
      return node;
    }
    case 'repeat': {
      let after = next;
      if (pattern.max === Number.POSITIVE_INFINITY) {
        const loop = addNode(nodes);
        nodes.empty[loop]!.push(build(nodes, pattern.item, loop), next);
        after = loop;
      } else {
        for (let i = pattern.min; i < pattern.max; i++) {
          const option = addNode(nodes);
          nodes.empty[option]!.push(build(nodes, pattern.item, after), next);
          after = option;
        }
      }
      for (let i = 0; i < pattern.min; i++) after = build(nodes, pattern.item, after);
      return after;
    }
  }
}

function classesOf(set: CharSet, classOf: Uint8Array): readonly number[] {
  const classes = new Set<number>();
  let last = -1;
  for (const [from, to] of set) {
    for (let unit = from; unit <= to; unit++) {
      const id = classOf[unit]!;
      if (id !== last) classes.add(id);
      last = id;
    }
  }
  return [...classes];
}

interface Determined {
  readonly rows: number[][];
  readonly accepting: boolean[];
}

/** Subset construction. Row 0 is dead, row 1 the start. */
function determine(
  nodes: Nodes,
  sets: readonly (readonly number[] | null)[],
  start: number,
  end: number,
  classes: number,
): Determined {
  const closure = (seeds: Iterable<number>): number[] => {
    const seen = new Set<number>(seeds);
    const stack = [...seen];
    while (stack.length > 0) {
      for (const next of nodes.empty[stack.pop()!]!) {
        if (!seen.has(next)) {
          seen.add(next);
          stack.push(next);
        }
      }
    }
    return [...seen].filter((node) => sets[node] !== null || node === end).sort((a, b) => a - b);
  };
  const rows: number[][] = [new Array<number>(classes).fill(0)];
  const accepting = [false];
  const known = new Map<string, number>();
  const queue: number[][] = [];
  const reached = new Map<string, number>();
  const idOf = (members: number[]): number => {
    if (members.length === 0) return 0;
    const name = members.join(' ');
    let id = known.get(name);
    if (id === undefined) {
      id = rows.length;
      if (id > stateBudget) throw new BudgetFault(`more than ${stateBudget} states`);
      known.set(name, id);
      rows.push(new Array<number>(classes).fill(0));
      accepting.push(members.includes(end));
      queue.push(members);
    }
    return id;
  };
  idOf(closure([start]));
  for (let id = 1; id <= queue.length; id++) {
    // Members are in order, so equal targets are equal lists; most classes share theirs.
    const targets: number[][] = Array.from({ length: classes }, () => []);
    for (const node of queue[id - 1]!) for (const at of sets[node] ?? []) targets[at]!.push(nodes.to[node]!);
    const row = rows[id]!;
    targets.forEach((target, at) => {
      if (target.length === 0) return;
      const name = target.join(' ');
      let to = reached.get(name);
      if (to === undefined) {
        to = idOf(closure(target));
        reached.set(name, to);
      }
      row[at] = to;
    });
  }
  return { rows, accepting };
}

/** Drops what can no longer accept and merges equal states (Moore). */
function reduce({ rows, accepting }: Determined, classes: number, classOf: Uint8Array): Automaton {
  const alive = aliveStates(rows, accepting);
  let group = rows.map((_, state): number => (!alive[state] ? 0 : accepting[state] ? 2 : 1));
  for (let count = 0; ; ) {
    const known = new Map<string, number>([[`0`, 0]]);
    const next = group.map((mine, state) => {
      if (!alive[state]) return 0;
      const name = `${mine}:${rows[state]!.map((to) => group[to]).join(' ')}`;
      let id = known.get(name);
      if (id === undefined) {
        id = known.size;
        known.set(name, id);
      }
      return id;
    });
    group = next;
    if (known.size === count) break;
    count = known.size;
  }
  // The start takes number 1, whatever was found first.
  const startGroup = group[1]!;
  const number = (id: number) => (id === startGroup && id !== 0 ? 1 : id === 1 ? startGroup : id);
  const states = Math.max(...group) + 1;
  const size = Math.max(states, 2);
  const out = {
    next: new Uint16Array(size * classes),
    accepting: new Uint8Array(size),
    states: size,
    classes,
    classOf,
  };
  group.forEach((id, state) => {
    if (id === 0) return;
    const mine = number(id);
    out.accepting[mine] = accepting[state] ? 1 : 0;
    rows[state]!.forEach((to, at) => {
      out.next[mine * classes + at] = number(group[to]!);
    });
  });
  return out;
}

function aliveStates(rows: readonly number[][], accepting: readonly boolean[]): boolean[] {
  const from: number[][] = rows.map(() => []);
  rows.forEach((row, state) => {
    for (const to of new Set(row)) from[to]!.push(state);
  });
  const alive = accepting.slice();
  const stack = [...alive.keys()].filter((state) => alive[state]);
  while (stack.length > 0) {
    for (const state of from[stack.pop()!]!) {
      if (!alive[state]) {
        alive[state] = true;
        stack.push(state);
      }
    }
  }
  alive[0] = false;
  return alive;
}

/**
 * The most units that may be read before the first acceptance or the death of the attempt; Infinity where a loop may
 * come before any acceptance.
 */
export function longestUndecided({ next, accepting, classes, states }: Automaton): number {
  const longest = new Float64Array(states).fill(-1);
  const open = new Uint8Array(states);
  // Iterative depth-first search: patterns may be long chains.
  const stack: { state: number; at: number }[] = [{ state: 1, at: 0 }];
  open[1] = 1;
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    if (top.at === classes) {
      stack.pop();
      open[top.state] = 2;
      const below = stack.at(-1);
      if (below) longest[below.state] = Math.max(longest[below.state]!, 1 + longest[top.state]!);
      continue;
    }
    const to = next[top.state * classes + top.at++]!;
    if (longest[top.state]! < 0) longest[top.state] = 0;
    if (to === 0 || accepting[to]) longest[top.state] = Math.max(longest[top.state]!, 1);
    else if (open[to] === 1) return Number.POSITIVE_INFINITY;
    else if (open[to] === 2) longest[top.state] = Math.max(longest[top.state]!, 1 + longest[to]!);
    else {
      open[to] = 1;
      stack.push({ state: to, at: 0 });
    }
  }
  return longest[1]!;
}
