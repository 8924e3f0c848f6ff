import type { Found } from './coverage.ts';
import { APART, DEAD, JointAutomaton } from './joint.ts';
import { type Hit, MachineField, machineFields, type RuleSet } from './rules/rule_set.ts';
import { passes } from './rules/validators.ts';

/** What threads ask of the reading they run in. */
export interface Surroundings {
  /** Reports a stretch that ends at `to`. */
  add(hit: Hit, from: number, to: number): Found;
  /** The text between two offsets of the stream as it is matched. */
  folded(from: number, to: number): string;
}

/** Marks shared by all streams of one engine: scanning is synchronous, so one stream at a time uses them. */
export interface Marks {
  /** By state over all automata: the step at which a thread was last there, and which thread it is. */
  readonly step: Float64Array;
  readonly thread: Int32Array;
  clock: number;
  /** What `rulesBegunBy` found, by text; bounded. */
  readonly begun: Map<string, readonly number[]>;
  readonly joint: JointAutomaton;
}

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

/** Texts that `rulesBegunBy` remembers: prefixes of literals in the spellings that are met. */
const begunMax = 20_000;

/**
 * The rules that may begin with a text that was read up to a node of the literals. The literals are compared without
 * case; here the automata say which of them the text as it is spelled can still become.
 */
export function rulesBegunBy(rules: RuleSet, marks: Marks, node: number, text: string): readonly number[] {
  const known = marks.begun.get(text);
  if (known) return known;
  const { tables } = rules;
  const begun = rules.literalOpen[node]!.filter((index) => {
    const machine = tables.automata[tables.rules[index]!.body]!;
    let state = 1;
    for (let i = 0; i < text.length && state !== 0; i++) {
      const own = tables.local[machine.local + tables.classOf[text.charCodeAt(i)]!]!;
      state = tables.next[machine.next + state * machine.classes + own]!;
    }
    return state !== 0;
  });
  if (marks.begun.size >= begunMax) marks.begun.clear();
  marks.begun.set(text, begun);
  return begun;
}

const small = 8;
/** Joint attempts that may be alive: one more, and the earliest goes on rule by rule, where attempts merge. */
const jointMost = 4;

/**
 * The attempts of a rule set that are alive in one stream. Each has its own start, so what is undecided is known
 * exactly. Attempts of one rule that have come to the same state have the same future: the earliest start stands for
 * all, except where a check of the whole value (validator, cap) may tell them apart.
 */
export class RuleThreads {
  readonly #rules: RuleSet;
  readonly #marks: Marks;
  readonly #around: Surroundings;
  count = 0;
  /** Attempts of several rules that began at one unit and were not told apart yet; see `joint.ts`. */
  joint = 0;
  readonly #jointNode = new Int32Array(jointMost);
  readonly #jointStart = new Int32Array(jointMost);
  readonly #jointLength = new Int32Array(jointMost);
  #rule = new Int32Array(small);
  #machine = new Int32Array(small);
  #state = new Int32Array(small);
  /** Offset of the first unit of the body; -1 for a context, and for a body that has read nothing yet. */
  #start = new Int32Array(small);
  #length = new Int32Array(small);
  readonly #found: (Found | null)[] = [];

  constructor(rules: RuleSet, marks: Marks, around: Surroundings) {
    this.#rules = rules;
    this.#marks = marks;
    this.#around = around;
  }

  /** One more unit, of class `own`, for every attempt. `end` is where it ends, `before` where the last one ended. */
  step(own: number, at: number, end: number, before: number): void {
    if (this.joint !== 0) this.#stepJoint(own);
    if (this.count === 0) return;
    if (this.count === 1 && this.#stepAlone(own)) return;
    const { machines } = this.#rules;
    const { next, accepting, local, rightSets } = this.#rules.tables;
    const { step: seenAt, thread: seenBy } = this.#marks;
    const clock = ++this.#marks.clock;
    const ofMachine = this.#machine;
    const states = this.#state;
    const lengths = this.#length;
    const count = this.count;
    let kept = 0;
    let entering = false;
    for (let i = 0; i < count; i++) {
      const machine = ofMachine[i]! * machineFields;
      const old = states[i]!;
      const right = machines[machine + MachineField.right]!;
      const acceptingAt = machines[machine + MachineField.accepting]!;
      if (right !== -1 && accepting[acceptingAt + old] === 1 && rightSets[right]![own] === 0) this.#accept(i, before);
      const row = machines[machine + MachineField.next]! + old * machines[machine + MachineField.classes]!;
      const state = next[row + local[machines[machine + MachineField.local]! + own]!]!;
      const length = lengths[i]! + 1;
      if (state === 0 || length > machines[machine + MachineField.cap]!) {
        this.#drop(i);
        continue;
      }
      states[i] = state;
      lengths[i] = length;
      const isBody = machines[machine + MachineField.isBody] === 1;
      if (length === 1 && isBody) this.#start[i] = at;
      const mark = acceptingAt + state;
      if (accepting[mark] === 1) {
        if (!isBody) entering = true;
        else if (right === -1) this.#accept(i, end);
      }
      if (machines[machine + MachineField.merges] === 1) {
        if (seenAt[mark] === clock) {
          this.#keepEarlier(seenBy[mark]!, i);
          continue;
        }
        seenAt[mark] = clock;
        seenBy[mark] = kept;
      }
      if (i !== kept) this.#move(i, kept);
      kept++;
    }
    if (kept !== count) {
      this.#found.length = kept;
      this.count = kept;
    }
    if (entering) this.#enterBodies(kept);
  }

  /** A single attempt that goes on without a decision, or ends, which is most of them; false where it takes more. */
  #stepAlone(own: number): boolean {
    const { machines } = this.#rules;
    const { next, accepting, local } = this.#rules.tables;
    const machine = this.#machine[0]! * machineFields;
    const old = this.#state[0]!;
    const length = this.#length[0]!;
    const acceptingAt = machines[machine + MachineField.accepting]!;
    if (length === 0 || accepting[acceptingAt + old] === 1) return false;
    const row = machines[machine + MachineField.next]! + old * machines[machine + MachineField.classes]!;
    const state = next[row + local[machines[machine + MachineField.local]! + own]!]!;
    if (state === 0 || length >= machines[machine + MachineField.cap]!) {
      this.#drop(0);
      this.#found.length = 0;
      this.count = 0;
      return true;
    }
    if (accepting[acceptingAt + state] === 1) return false;
    this.#state[0] = state;
    this.#length[0] = length + 1;
    return true;
  }

  #stepJoint(own: number): void {
    const { joint } = this.#marks;
    const count = this.joint;
    this.joint = 0;
    for (let i = 0; i < count; i++) {
      const node = this.#jointNode[i]!;
      const start = this.#jointStart[i]!;
      const length = this.#jointLength[i]!;
      const next = joint.step(node, own);
      if (next === DEAD) continue;
      // As they were before this unit, which each takes by itself.
      if (next === APART || length >= joint.node(next).most) this.#tellApart(node, start, length);
      else this.#keepJoint(next, start, length + 1);
    }
  }

  #keepJoint(node: number, start: number, length: number): void {
    const at = this.joint++;
    this.#jointNode[at] = node;
    this.#jointStart[at] = start;
    this.#jointLength[at] = length;
  }

  #tellApart(node: number, start: number, length: number): void {
    for (const { rule, machine, state } of this.#marks.joint.node(node).members) {
      this.#push(rule, machine, state, start, length);
    }
  }

  #tellAllApart(): void {
    for (let i = 0; i < this.joint; i++) {
      this.#tellApart(this.#jointNode[i]!, this.#jointStart[i]!, this.#jointLength[i]!);
    }
    this.joint = 0;
  }

  #beginJoint(node: number, start: number): void {
    if (this.joint === jointMost) {
      this.#tellApart(this.#jointNode[0]!, this.#jointStart[0]!, this.#jointLength[0]!);
      for (const column of [this.#jointNode, this.#jointStart, this.#jointLength]) column.copyWithin(0, 1);
      this.joint--;
    }
    this.#keepJoint(node, start, 1);
  }

  #enterBodies(count: number): void {
    const { accepting, automata, rules } = this.#rules.tables;
    for (let i = 0; i < count; i++) {
      const machine = this.#machine[i]!;
      if (machine === rules[this.#rule[i]!]!.body) continue;
      if (accepting[automata[machine]!.accepting + this.#state[i]!] === 1) this.#enter(this.#rule[i]!, count);
    }
  }

  /** A context has accepted: the body may begin with the next unit. */
  #enter(rule: number, firstNew: number): void {
    for (let i = firstNew; i < this.count; i++) if (this.#rule[i] === rule && this.#length[i] === 0) return;
    this.#push(rule, this.#rules.tables.rules[rule]!.body, 1, -1, 0);
  }

  /** Begins the rules of a start list at a unit. */
  begin(list: number, own: number, at: number, end: number): void {
    const { node, apart } = this.#marks.joint.begin(list, own);
    for (const rule of apart) this.#begin(rule, own, at, end);
    if (node !== DEAD) this.#beginJoint(node, at);
  }

  #begin(index: number, own: number, at: number, end: number): void {
    const { next, local, automata, rules } = this.#rules.tables;
    const rule = rules[index]!;
    const machineIndex = rule.context === -1 ? rule.body : rule.context;
    const machine = automata[machineIndex]!;
    const state = next[machine.next + machine.classes + local[machine.local + own]!]!;
    if (state !== 0) this.#arrive(index, machineIndex, state, at, 1, end);
  }

  /** Begins a rule whose literal was just read: `classes` are those of its units. */
  beginRead(index: number, classes: readonly number[], start: number, end: number): void {
    const { next, local, automata, rules } = this.#rules.tables;
    const rule = rules[index]!;
    const machineIndex = rule.context === -1 ? rule.body : rule.context;
    const machine = automata[machineIndex]!;
    let state = 1;
    for (const own of classes) {
      state = next[machine.next + state * machine.classes + local[machine.local + own]!]!;
      if (state === 0) return;
    }
    this.#arrive(index, machineIndex, state, start, classes.length, end);
  }

  /** A new attempt is in `state` after its first units. */
  #arrive(index: number, machineIndex: number, state: number, start: number, length: number, end: number): void {
    const { accepting, automata, rules } = this.#rules.tables;
    const rule = rules[index]!;
    const isBody = machineIndex === rule.body;
    if (!isBody || (rule.cap === null && rule.validator === null)) {
      for (let i = 0; i < this.count; i++) {
        if (this.#machine[i] !== machineIndex || this.#state[i] !== state || this.#length[i] === 0) continue;
        if (!isBody || this.#start[i]! <= start) return;
        this.#drop(i);
        this.#move(this.count - 1, i);
        this.count--;
        this.#found.length = this.count;
        break;
      }
    }
    const accepts = accepting[automata[machineIndex]!.accepting + state] === 1;
    const at = this.#push(index, machineIndex, state, isBody ? start : -1, length);
    if (!accepts) return;
    if (!isBody) this.#enter(index, at);
    else if (rule.right === -1) this.#accept(at, end);
  }

  /** Ends all attempts: the end of the text satisfies every right condition. */
  finish(end: number): void {
    const { accepting, automata, rules } = this.#rules.tables;
    for (let i = 0; i < this.count; i++) {
      const rule = rules[this.#rule[i]!]!;
      if (this.#machine[i] !== rule.body || rule.right === -1 || this.#length[i] === 0) continue;
      if (accepting[automata[rule.body]!.accepting + this.#state[i]!]) this.#accept(i, end);
    }
    this.clear();
  }

  /** Ends all attempts without a decision. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.#drop(i);
    this.count = 0;
    this.joint = 0;
    this.#found.length = 0;
  }

  /** Goes on with the attempts of another reading, which keeps its own. */
  takeOver(other: RuleThreads): void {
    this.clear();
    other.#tellAllApart();
    for (let i = 0; i < other.count; i++) {
      this.#push(other.#rule[i]!, other.#machine[i]!, other.#state[i]!, other.#start[i]!, other.#length[i]!);
      const found = other.#found[i]!;
      if (found) found.users++;
      this.#found[i] = found;
    }
  }

  /**
   * Whether the attempts of another reading have the same future. Those that a check of the whole value may tell apart
   * have it only where both read the same since `turned`.
   */
  agreeWith(other: RuleThreads, turned: number): boolean {
    this.#tellAllApart();
    other.#tellAllApart();
    if (this.count !== other.count) return false;
    const { machines } = this.#rules;
    for (let i = 0; i < this.count; i++) {
      const machine = this.#machine[i]!;
      const start = this.#start[i]!;
      if (this.#rule[i] !== other.#rule[i] || machine !== other.#machine[i]) return false;
      if (this.#state[i] !== other.#state[i] || start !== other.#start[i]) return false;
      if ((this.#length[i] === 0) !== (other.#length[i] === 0)) return false;
      if (machines[machine * machineFields + MachineField.merges] === 0 && start !== -1 && start < turned) return false;
    }
    return true;
  }

  /** Where the earliest undecided attempt begins, or `end`. */
  undecided(end: number): number {
    let from = end;
    for (let i = 0; i < this.joint; i++) from = Math.min(from, this.#jointStart[i]!);
    for (let i = 0; i < this.count; i++) {
      // A longer value is validated as a whole, so its text is kept even where a shorter one was found.
      const checked = this.#rules.tables.rules[this.#rule[i]!]!.validator !== null;
      const start = (checked ? undefined : this.#found[i]?.to) ?? this.#start[i]!;
      if (start !== -1 && start < from) from = start;
    }
    return from;
  }

  /** Where the earliest attempt begins whose value is yet to be validated, or `end`. */
  unchecked(end: number): number {
    let from = end;
    for (let i = 0; i < this.joint; i++) {
      if (this.#marks.joint.node(this.#jointNode[i]!).checked) from = Math.min(from, this.#jointStart[i]!);
    }
    for (let i = 0; i < this.count; i++) {
      const start = this.#start[i]!;
      if (start === -1 || start >= from || this.#rules.tables.rules[this.#rule[i]!]!.validator === null) continue;
      if (this.#machine[i] === this.#rules.tables.rules[this.#rule[i]!]!.body) from = start;
    }
    return from;
  }

  #accept(i: number, to: number): void {
    const rule = this.#rules.tables.rules[this.#rule[i]!]!;
    const from = this.#start[i]!;
    if (rule.validator !== null && !passes(rule.validator, this.#around.folded(from, to))) return;
    const known = this.#found[i];
    if (known && known.from <= from && known.to >= from) {
      known.to = Math.max(known.to, to);
      return;
    }
    const found = this.#around.add(this.#rules.hits[this.#rule[i]!]!, from, to);
    found.users++;
    this.#found[i] = found;
  }

  /** Of two attempts in one state keeps the one that began earlier, at the place of `first`. */
  #keepEarlier(first: number, second: number): void {
    if (this.#start[second]! === -1 || this.#start[second]! >= this.#start[first]!) {
      this.#drop(second);
      return;
    }
    this.#drop(first);
    this.#move(second, first);
  }

  #push(rule: number, machine: number, state: number, start: number, length: number): number {
    const at = this.count++;
    if (at === this.#rule.length) this.#grow();
    this.#rule[at] = rule;
    this.#machine[at] = machine;
    this.#state[at] = state;
    this.#start[at] = start;
    this.#length[at] = length;
    this.#found[at] = null;
    return at;
  }

  #move(from: number, to: number): void {
    if (from === to) return;
    this.#rule[to] = this.#rule[from]!;
    this.#machine[to] = this.#machine[from]!;
    this.#state[to] = this.#state[from]!;
    this.#start[to] = this.#start[from]!;
    this.#length[to] = this.#length[from]!;
    this.#found[to] = this.#found[from]!;
  }

  #drop(i: number): void {
    const found = this.#found[i];
    if (found) found.users--;
  }

  #grow(): void {
    const larger = (old: Int32Array) => {
      const copy = new Int32Array(old.length * 2);
      copy.set(old);
      return copy;
    };
    this.#rule = larger(this.#rule);
    this.#machine = larger(this.#machine);
    this.#state = larger(this.#state);
    this.#start = larger(this.#start);
    this.#length = larger(this.#length);
  }
}
