import { MachineField, machineFields, type RuleSet } from './rules/rule_set.ts';

/** Steps that lead to no node: nothing is left, or what is left has to go on rule by rule. */
export const DEAD = 0;
export const APART = -1;
const UNKNOWN = -2;

/** Nodes that are kept: more are only made by texts that were written for it, and those go on rule by rule. */
const nodesMost = 4096;

/** A rule and the state it is in. */
export interface Member {
  readonly rule: number;
  readonly machine: number;
  readonly state: number;
}

interface Node {
  readonly members: readonly Member[];
  /** The most units that every member may have. */
  readonly most: number;
  /** Whether the value of some member is to be validated. */
  readonly checked: boolean;
}

/** How the rules of a start list begin: as one attempt at `node` (or `DEAD`), and rule by rule. */
export interface Beginning {
  readonly node: number;
  readonly apart: readonly number[];
}

/**
 * The rules that begin at one unit, as one automaton: a dozen begin at every number, and nearly all end at its second or
 * third unit without a decision. Its nodes are sets of states of single automata, made when a text first comes to them
 * (lazy subset construction). Where some rule accepts, they have to be told apart.
 */
export class JointAutomaton {
  readonly #rules: RuleSet;
  readonly #nodes: Node[] = [{ members: [], most: 0, checked: false }];
  readonly #named = new Map<string, number>();
  readonly #beginnings: (Beginning | undefined)[] = [];
  /** By node and class. */
  #next: Int16Array;

  constructor(rules: RuleSet) {
    this.#rules = rules;
    this.#next = new Int16Array(rules.tables.classes).fill(UNKNOWN);
  }

  /** Where the rules of a start list are after their first unit. */
  begin(list: number, own: number): Beginning {
    const key = list * this.#rules.tables.classes + own;
    let beginning = this.#beginnings[key];
    if (beginning === undefined) {
      beginning = this.#beginning(this.#rules.startLists[list]!, own);
      this.#beginnings[key] = beginning;
    }
    return beginning;
  }

  /** The node after one more unit, `DEAD` or `APART`. */
  step(node: number, own: number): number {
    const at = node * this.#rules.tables.classes + own;
    const known = this.#next[at]!;
    if (known !== UNKNOWN) return known;
    const next = this.#nodeOf(this.#moved(this.#nodes[node]!.members, own));
    this.#next[at] = next;
    return next;
  }

  node(index: number): Node {
    return this.#nodes[index]!;
  }

  #beginning(list: readonly number[], own: number): Beginning {
    const { rules } = this.#rules.tables;
    const first = list
      .filter((rule) => rules[rule]!.context === -1)
      .map((rule) => ({ rule, machine: rules[rule]!.body, state: 1 }));
    const joined = this.#moved(first, own).filter((member) => !this.#accepts(member));
    const node = joined.length > 1 ? this.#nodeOf(joined) : APART;
    if (node <= 0) return { node: DEAD, apart: list };
    const names = new Set(joined.map(({ rule }) => rule));
    return { node, apart: list.filter((rule) => !names.has(rule)) };
  }

  /** The members that go on. */
  #moved(members: readonly Member[], own: number): readonly Member[] {
    const { machines, tables } = this.#rules;
    return members.flatMap(({ rule, machine, state }) => {
      const row = machine * machineFields;
      const at = machines[row + MachineField.next]! + state * machines[row + MachineField.classes]!;
      const next = tables.next[at + tables.local[machines[row + MachineField.local]! + own]!]!;
      return next === 0 ? [] : [{ rule, machine, state: next }];
    });
  }

  #accepts({ machine, state }: Member): boolean {
    const { machines, tables } = this.#rules;
    return tables.accepting[machines[machine * machineFields + MachineField.accepting]! + state] === 1;
  }

  #nodeOf(members: readonly Member[]): number {
    if (members.length === 0) return DEAD;
    if (members.some((member) => this.#accepts(member))) return APART;
    const name = members.map(({ rule, state }) => `${rule} ${state}`).join(',');
    const known = this.#named.get(name);
    if (known !== undefined) return known;
    if (this.#nodes.length >= nodesMost) return APART;
    const { machines, tables } = this.#rules;
    const caps = members.map(({ machine }) => machines[machine * machineFields + MachineField.cap]!);
    const checked = members.some(({ rule }) => tables.rules[rule]!.validator !== null);
    const index = this.#nodes.push({ members, most: Math.min(...caps), checked }) - 1;
    this.#named.set(name, index);
    if (this.#next.length < this.#nodes.length * tables.classes) {
      const larger = new Int16Array(this.#next.length * 2).fill(UNKNOWN);
      larger.set(this.#next);
      this.#next = larger;
    }
    return index;
  }
}
