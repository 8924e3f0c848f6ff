import { createHash } from 'node:crypto';
import type { Automaton } from './automaton.ts';
import { type CharSet, contains } from './charset.ts';
import type { CompiledRule } from './compile.ts';
import type { ValidatorName } from './validators.ts';

/** One rule as the tables hold it. */
export interface TableRule {
  readonly id: string;
  readonly class: string;
  readonly label: string;
  readonly validator: ValidatorName | null;
  readonly cap: number | null;
  readonly literals: readonly string[] | null;
  /** Indices into `leftSets` and `rightSets`; -1 for no condition. */
  readonly left: number;
  readonly right: number;
  /** Indices into `automata`; -1 for no context. */
  readonly context: number;
  readonly body: number;
  readonly undecided: number;
}

/** Where one automaton lies in the joint arrays. */
export interface TableAutomaton {
  readonly states: number;
  readonly classes: number;
  /** Offset in `next`. */
  readonly next: number;
  /** Offset in `accepting`. */
  readonly accepting: number;
  /** Offset in `local`: `classes` of all rules to the classes of this automaton. */
  readonly local: number;
}

/** All rules of a set, compiled: what a bundle ships and the gateway loads. */
export interface Tables {
  /** sha256 of the bytes they were loaded from, hex. */
  readonly digest: string;
  readonly rules: readonly TableRule[];
  readonly automata: readonly TableAutomaton[];
  /** Forbidden neighbours, one entry a class. */
  readonly leftSets: readonly Uint8Array[];
  readonly rightSets: readonly Uint8Array[];
  readonly classOf: Uint8Array;
  readonly classes: number;
  readonly next: Uint16Array;
  readonly accepting: Uint8Array;
  readonly local: Uint8Array;
}

interface Header {
  readonly rules: readonly TableRule[];
  readonly automata: readonly TableAutomaton[];
  readonly leftSets: readonly string[];
  readonly rightSets: readonly string[];
  /** First unit and class of every run of units of one class. */
  readonly runs: readonly (readonly [unit: number, id: number])[];
  readonly classes: number;
  readonly lengths: readonly [next: number, accepting: number, local: number];
}

const magic = 'sallyport detectors 1\n';

/** Writes compiled rules as bytes; equal rules give equal bytes. */
export function encodeTables(compiled: readonly CompiledRule[]): Uint8Array {
  const automata = compiled.flatMap(({ context, body }) => (context ? [context, body] : [body]));
  const leftSets = distinctSets(compiled.map(({ left }) => left));
  const rightSets = distinctSets(compiled.map(({ right }) => right));
  const { runs, classes } = jointClasses(automata, [...leftSets.values(), ...rightSets.values()]);
  const representative = new Array<number>(classes);
  for (const [unit, id] of runs) representative[id] ??= unit;

  const placed: TableAutomaton[] = [];
  let nextLength = 0;
  let stateCount = 0;
  for (const automaton of automata) {
    const { states, classes: own } = automaton;
    placed.push({ states, classes: own, next: nextLength, accepting: stateCount, local: placed.length * classes });
    nextLength += states * own;
    stateCount += states;
  }
  const next = new Uint16Array(nextLength);
  const accepting = new Uint8Array(stateCount);
  const local = new Uint8Array(placed.length * classes);
  automata.forEach((automaton, at) => {
    next.set(automaton.next, placed[at]!.next);
    accepting.set(automaton.accepting, placed[at]!.accepting);
    for (let id = 0; id < classes; id++) local[placed[at]!.local + id] = automaton.classOf[representative[id]!]!;
  });

  let index = 0;
  const rules = compiled.map(({ rule, left, right, context, literals, undecided }): TableRule => {
    const contextAt = context ? index++ : -1;
    const body = index++;
    const names = { id: rule.id, class: rule.class, label: rule.label, validator: rule.validator, cap: rule.cap };
    const sides = { left: indexOfSet(leftSets, left), right: indexOfSet(rightSets, right) };
    return { ...names, literals, ...sides, context: contextAt, body, undecided };
  });
  const members = (set: CharSet) => representative.map((unit) => (contains(set, unit) ? '1' : '0')).join('');
  const header: Header = {
    rules,
    automata: placed,
    leftSets: [...leftSets.values()].map(members),
    rightSets: [...rightSets.values()].map(members),
    runs,
    classes,
    lengths: [next.length, accepting.length, local.length],
  };
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(text.length);
  return Buffer.concat([Buffer.from(magic), size, text, littleEndian(next), accepting, local]);
}

/** Reads what `encodeTables` wrote. Throws a RangeError where the bytes are something else or cut off. */
export function loadTables(bytes: Uint8Array): Tables {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.subarray(0, magic.length).toString('latin1') !== magic)
    throw new RangeError('these are no detector tables');
  const start = magic.length + 4;
  const end = start + buffer.readUInt32LE(magic.length);
  const header = JSON.parse(buffer.subarray(start, end).toString()) as Header;
  const [nextLength, acceptingLength, localLength] = header.lengths;
  const atAccepting = end + nextLength * 2;
  const atLocal = atAccepting + acceptingLength;
  if (buffer.length !== atLocal + localLength) throw new RangeError('the detector tables are cut off');
  const next = new Uint16Array(nextLength);
  for (let i = 0; i < nextLength; i++) next[i] = buffer.readUInt16LE(end + i * 2);
  const classOf = new Uint8Array(65536);
  header.runs.forEach(([unit, id], at) => {
    classOf.fill(id, unit, header.runs[at + 1]?.[0] ?? 65536);
  });
  const sets = (texts: readonly string[]) => texts.map((text) => Uint8Array.from(text, Number));
  return {
    digest: createHash('sha256').update(bytes).digest('hex'),
    rules: header.rules,
    automata: header.automata,
    leftSets: sets(header.leftSets),
    rightSets: sets(header.rightSets),
    classOf,
    classes: header.classes,
    next,
    accepting: Uint8Array.from(buffer.subarray(atAccepting, atLocal)),
    local: Uint8Array.from(buffer.subarray(atLocal)),
  };
}

function littleEndian(values: Uint16Array): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, at) => {
    bytes.writeUInt16LE(value, at * 2);
  });
  return bytes;
}

function distinctSets(sets: readonly CharSet[]): Map<string, CharSet> {
  return new Map(sets.filter((set) => set.length > 0).map((set) => [JSON.stringify(set), set]));
}

function indexOfSet(sets: Map<string, CharSet>, set: CharSet): number {
  return [...sets.keys()].indexOf(JSON.stringify(set));
}

/** The coarsest classes of units that every automaton and every set can be told by. */
function jointClasses(
  automata: readonly Automaton[],
  sets: readonly CharSet[],
): { readonly runs: readonly (readonly [number, number])[]; readonly classes: number } {
  const edges = new Set([0]);
  for (const { classOf } of automata) {
    for (let unit = 1; unit < 65536; unit++) if (classOf[unit] !== classOf[unit - 1]) edges.add(unit);
  }
  for (const set of sets) {
    for (const [from, to] of set) {
      edges.add(from);
      if (to < 65535) edges.add(to + 1);
    }
  }
  const known = new Map<string, number>();
  const runs = [...edges]
    .sort((a, b) => a - b)
    .map((unit): readonly [number, number] => {
      const seen = [...automata.map(({ classOf }) => classOf[unit]), ...sets.map((set) => Number(contains(set, unit)))];
      const name = seen.join(' ');
      if (!known.has(name)) known.set(name, known.size);
      return [unit, known.get(name)!];
    });
  if (known.size > 255) throw new RangeError(`the rules tell ${known.size} kinds of characters apart, more than 255`);
  return { runs, classes: known.size };
}
