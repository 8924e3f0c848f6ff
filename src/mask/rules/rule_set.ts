import type { TableRule, Tables } from './tables.ts';

/** What a scan needs of a choice of rules, built from the tables once and shared by all streams. */
export interface RuleSet {
  readonly tables: Tables;
  readonly hits: readonly Hit[];
  readonly machines: Int32Array;
  /** The rules that start at a character, by the class before it (or `classes` at the beginning) and its own; 0 none. */
  readonly starts: Uint16Array;
  readonly startLists: readonly (readonly number[])[];
  /** Aho–Corasick over lower-case literals, as one table. */
  readonly literalClassOf: Uint8Array;
  readonly literalClasses: number;
  readonly literalNext: Uint16Array;
  /** What ends at a node: rule and length, in turn; null for none. */
  readonly literalEnds: readonly (readonly number[] | null)[];
  readonly literalDepth: Uint8Array;
  readonly literalFail: Uint16Array;
  /** The rules without a context whose literals go on from the node. */
  readonly literalOpen: readonly (readonly number[])[];
}

/** What a step needs of an automaton, one row of `RuleSet.machines` each. */
export const MachineField = {
  /** Offsets as in `TableAutomaton`. */
  next: 0,
  classes: 1,
  local: 2,
  accepting: 3,
  isBody: 4,
  /** The most units of a match; the largest number where there is no cap. */
  cap: 5,
  /** The right condition, -1 for none. */
  right: 6,
  /** Whether of two attempts in one state the earlier one stands for both. */
  merges: 7,
} as const;

/** Length of a row of `RuleSet.machines`. */
export const machineFields = 8;

/** What is reported of a rule's match. */
export interface Hit {
  readonly detector: string;
  readonly class: string;
}

/** Builds the set of the rules for which `wanted` says so. */
export function buildRuleSet(tables: Tables, wanted: (rule: TableRule) => boolean): RuleSet {
  const chosen = tables.rules.map((rule, index) => ({ rule, index })).filter(({ rule }) => wanted(rule));
  return {
    tables,
    hits: tables.rules.map((rule) => ({ detector: rule.id, class: rule.class })),
    machines: buildMachines(tables),
    ...buildStarts(tables, chosen),
    ...buildLiterals(chosen),
  };
}

interface Chosen {
  readonly rule: TableRule;
  readonly index: number;
}

function buildMachines({ automata, rules }: Tables): Int32Array {
  const unlimited = 0x7fffffff;
  const machines = Int32Array.from(
    automata.flatMap(({ next, classes, local, accepting }) => [next, classes, local, accepting, 0, unlimited, -1, 1]),
  );
  for (const { body, cap, right, validator } of rules) {
    const row = body * machineFields;
    machines[row + MachineField.isBody] = 1;
    machines[row + MachineField.cap] = cap ?? unlimited;
    machines[row + MachineField.right] = right;
    machines[row + MachineField.merges] = cap === null && validator === null ? 1 : 0;
  }
  return machines;
}

function buildStarts(tables: Tables, chosen: readonly Chosen[]): Pick<RuleSet, 'starts' | 'startLists'> {
  const { classes, automata, next, local, leftSets } = tables;
  const plain = chosen.filter(({ rule }) => rule.literals === null);
  const starts = new Uint16Array((classes + 1) * classes);
  const startLists: number[][] = [[]];
  const known = new Map<string, number>();
  const beginning = Array.from({ length: classes }, (_, own) =>
    plain.filter(({ rule }) => {
      const automaton = automata[rule.context === -1 ? rule.body : rule.context]!;
      return next[automaton.next + automaton.classes + local[automaton.local + own]!] !== 0;
    }),
  );
  for (let before = 0; before <= classes; before++) {
    for (let own = 0; own < classes; own++) {
      if (beginning[own]!.length === 0) continue;
      const list = beginning[own]!.filter(
        ({ rule: { left } }) => before === classes || left === -1 || leftSets[left]![before] === 0,
      ).map(({ index }) => index);
      if (list.length === 0) continue;
      const name = list.join(' ');
      let id = known.get(name);
      if (id === undefined) {
        id = startLists.push(list) - 1;
        known.set(name, id);
      }
      starts[before * classes + own] = id;
    }
  }
  return { starts, startLists };
}

function buildLiterals(
  chosen: readonly Chosen[],
): Omit<RuleSet, 'tables' | 'hits' | 'machines' | 'starts' | 'startLists'> {
  const classOfLower = new Map<number, number>();
  const children: Map<number, number>[] = [new Map()];
  const ends: (number[] | null)[] = [null];
  const depth: number[] = [0];
  const open: number[][] = [[]];
  for (const { rule, index } of chosen) {
    for (const literal of rule.literals ?? []) {
      let node = 0;
      for (let at = 0; at < literal.length; at++) {
        if (node !== 0 && rule.context === -1 && open[node]!.at(-1) !== index) open[node]!.push(index);
        const unit = literal.charCodeAt(at);
        if (!classOfLower.has(unit)) classOfLower.set(unit, classOfLower.size + 1);
        const own = classOfLower.get(unit)!;
        let child = children[node]!.get(own);
        if (child === undefined) {
          child = children.push(new Map()) - 1;
          children[node]!.set(own, child);
          ends.push(null);
          depth.push(at + 1);
          open.push([]);
        }
        node = child;
      }
      ends[node] = [...(ends[node] ?? []), index, literal.length];
    }
  }
  if (classOfLower.size > 254 || children.length > 65535)
    throw new RangeError('the rules begin with too many literals');
  const literalClasses = classOfLower.size + 1;
  const { next, fail } = linkTable(children, literalClasses, ends);
  const literalClassOf = new Uint8Array(65536);
  for (const [unit, own] of classOfLower) {
    literalClassOf[unit] = own;
    const upper = String.fromCharCode(unit).toUpperCase();
    if (upper.length === 1) literalClassOf[upper.charCodeAt(0)] = own;
  }
  return {
    literalClassOf,
    literalClasses,
    literalNext: next,
    literalEnds: ends,
    literalDepth: Uint8Array.from(depth),
    literalFail: fail,
    literalOpen: open,
  };
}

/** Breadth first: the table of a node is that of its failure node, with its own children. */
function linkTable(
  children: readonly Map<number, number>[],
  classes: number,
  ends: (number[] | null)[],
): { readonly next: Uint16Array; readonly fail: Uint16Array } {
  const next = new Uint16Array(children.length * classes);
  const fail = new Uint16Array(children.length);
  const queue = [0];
  for (const node of queue) {
    const failed = fail[node]!;
    if (node !== 0) {
      next.copyWithin(node * classes, failed * classes, (failed + 1) * classes);
      const inherited = ends[failed];
      if (inherited) ends[node] = [...(ends[node] ?? []), ...inherited];
    }
    for (const [own, child] of children[node]!) {
      fail[child] = node === 0 ? 0 : next[failed * classes + own]!;
      next[node * classes + own] = child;
      queue.push(child);
    }
  }
  return { next, fail };
}
