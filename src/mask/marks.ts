import { JointAutomaton } from './joint.ts';
import type { RuleSet } from './rules/rule_set.ts';

/** Marks shared by all streams of one engine: scanning is synchronous, so one stream at a time uses them. */
export interface Marks {
  /** By state over all automata: the step at which a thread was last there, and which thread it is. */
  readonly step: Float64Array;
  readonly thread: Int32Array;
  clock: number;
  /** What `leftsBegunBy` found, by node and capitals; bounded. */
  readonly begun: Map<number, readonly number[]>;
  readonly joint: JointAutomaton;
}

/** Marks for a rule set that no text was read with. */
export function createMarks(rules: RuleSet): Marks {
  const states = rules.tables.accepting.length;
  return {
    step: new Float64Array(states),
    thread: new Int32Array(states),
    clock: 0,
    begun: new Map(),
    joint: new JointAutomaton(rules),
  };
}

/** Texts that `leftsBegunBy` remembers: prefixes of literals in the spellings that are met. */
const begunMax = 20_000;

/**
 * The left conditions, each once, of the rules that may begin with units that were read up to a node of the literals.
 * The literals are compared without case; here the automata say which of them the units as they are spelled can still
 * become.
 */
export function leftsBegunBy(rules: RuleSet, marks: Marks, node: number, units: readonly number[]): readonly number[] {
  // The node is the text but for its capitals.
  let capitals = 0;
  for (const unit of units) capitals = capitals * 2 + (isCapital(unit) ? 1 : 0);
  const name = node * 2 ** 12 + capitals;
  const known = marks.begun.get(name);
  if (known) return known;
  const { tables } = rules;
  const begun = rules.literalOpen[node]!.filter((index) => {
    const machine = tables.automata[tables.rules[index]!.body]!;
    let state = 1;
    for (const unit of units) {
      const own = tables.local[machine.local + tables.classOf[unit]!]!;
      state = tables.next[machine.next + state * machine.classes + own]!;
    }
    return state !== 0;
  });
  const lefts = [...new Set(begun.map((index) => tables.rules[index]!.left))];
  if (marks.begun.size >= begunMax) marks.begun.clear();
  marks.begun.set(name, lefts);
  return lefts;
}

function isCapital(unit: number): boolean {
  if (unit < 128) return unit >= 0x41 && unit <= 0x5a;
  const sign = String.fromCharCode(unit);
  return sign.toLowerCase() !== sign;
}
