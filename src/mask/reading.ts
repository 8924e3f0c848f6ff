import type { Coverage, Found } from './coverage.ts';
import { isLead, mayBegin } from './escapes.ts';
import { foldString, foldTable, isIgnorableHalf, TRANSPARENT } from './fold.ts';
import { type Literals, step } from './literals.ts';
import type { Hit, RuleSet } from './rules/rule_set.ts';
import { type Marks, RuleThreads, rulesBegunBy, type Surroundings } from './threads.ts';

/** A literal that is a value: what is reported of it and its folded length. */
export interface ExactForm {
  readonly hit: Hit;
  readonly length: number;
  /** Whether it is looked for in what encoded characters stand for, too. */
  readonly decoded: boolean;
}

/** What a stream scans for, shared by all streams. */
export interface Engine {
  readonly literals: Literals;
  readonly forms: readonly ExactForm[];
  readonly rules: RuleSet;
  readonly marks: Marks;
  /** By unit: its class, and what else it takes; see `metOf`. */
  readonly met: Uint16Array;
}

const folds = 0x100;
const leads = 0x200;

const leadUnits = [...foldTable.keys()].filter((unit) => isLead(foldTable[unit]!));

/** How each unit is met: its class in the rules, whether it is to be folded, and whether it may begin a spelling. */
export function metOf(classOf: Uint8Array): Uint16Array {
  const met = new Uint16Array(classOf);
  for (let unit = 128; unit < met.length; unit++) met[unit]! |= folds;
  for (const unit of leadUnits) met[unit]! |= leads;
  return met;
}

/** Where a reading takes text from that was read before, by offsets of the stream. */
export interface Source {
  slice(from: number, to: number): string;
}

/** More invisible units in a row than this end every value: nothing that long is read as one word. */
export const invisibleMax = 256;

/** What is matched in place of too many invisible units: a noncharacter, which is in no value. */
const interruption = 0xfffe;

/** Units remembered, a power of two above the length of every literal that begins a rule. */
const recentSize = 16;

/** What a gap holds that stands for no unit. */
const hidden = -1;

/**
 * One reading of a text: every unit is given to the exact values and to the rules, which report to the coverage in
 * offsets of the text. A unit may take several places there (`%41`), and some places stand for no unit at all; both
 * are gaps.
 */
export class Reading implements Surroundings {
  readonly #engine: Engine;
  readonly #coverage: Coverage;
  readonly #source: Source;
  readonly #decoded: boolean;
  readonly #threads: RuleThreads;
  /** Nodes in the exact values and in the literals that begin rules. */
  #node = 0;
  #ruleNode = 0;
  /** The last units, and how many there were. */
  readonly #recent = new Uint16Array(recentSize);
  #units = 0;
  /** Where the last unit that was matched ended. */
  #matchedEnd = 0;
  /** Places without a unit of their own, three numbers each: offset, length, and the unit that began before them. */
  #gaps: number[] = [];
  #invisibleRun = 0;
  #half = false;
  /** Where the text was last read in another way than it stands, and how many units there were then. */
  #turned = 0;
  #turnedUnits = 0;
  /** Offset up to which the text is read. */
  end = 0;

  /** @param decoded whether this is the reading of what encoded characters stand for */
  constructor(engine: Engine, coverage: Coverage, source: Source, decoded: boolean) {
    this.#engine = engine;
    this.#coverage = coverage;
    this.#source = source;
    this.#decoded = decoded;
    this.#threads = new RuleThreads(engine.rules, engine.marks, this);
  }

  /** The last unit, or -1. */
  get last(): number {
    return this.#units === 0 ? -1 : this.#recentUnit(1, this.#units);
  }

  /**
   * Goes on with what stands in `text` between two indices, each unit in so many places of the stream. With `stops`,
   * up to where a spelling may begin. Gives the index where it stopped.
   */
  read(text: string, first: number, last: number, places = 1, stops = false): number {
    const { literals, rules, met } = this.#engine;
    const { root, output, link } = literals;
    const { starts, literalClassOf, literalClasses, literalNext, literalEnds } = rules;
    const { classOf, classes } = rules.tables;
    const threads = this.#threads;
    const recent = this.#recent;
    const base = this.end - first;
    let node = this.#node;
    let ruleNode = this.#ruleNode;
    let units = this.#units;
    let matchedEnd = this.#matchedEnd;
    let before = units === 0 ? classes : classOf[recent[(units - 1) & (recentSize - 1)]!]!;
    let i = first;
    for (; i < last; i++) {
      let unit = text.charCodeAt(i);
      const at = base + i;
      let own = met[unit]!;
      if (own > 0xff || this.#half) {
        const previous = units === 0 ? -1 : recent[(units - 1) & (recentSize - 1)]!;
        if (stops && (own & leads) !== 0 && mayBegin(text, i, last, previous)) break;
        if (unit >= 128 || this.#half) unit = this.#fold(unit, at);
        if (unit === TRANSPARENT) continue;
        own = classOf[unit]!;
      }
      if (unit < 128) this.#invisibleRun = 0;
      const end = at + places;
      recent[units++ & (recentSize - 1)] = unit;
      if (threads.count + threads.joint !== 0) threads.step(own, at, end, matchedEnd);
      matchedEnd = end;
      node = node === 0 && unit < 256 ? root[unit]! : step(literals, node, unit);
      if (node !== 0) {
        for (let found = output[node]! === -1 ? link[node]! : node; found !== 0; found = link[found]!) {
          this.#findExact(this.#engine.forms[output[found]!]!, end);
        }
      }
      ruleNode = literalNext[ruleNode * literalClasses + literalClassOf[unit]!]!;
      if (ruleNode !== 0) {
        const ends = literalEnds[ruleNode]!;
        if (ends !== null) this.#beginLiterals(ends, units, end);
      }
      const list = starts[before * classes + own]!;
      if (list !== 0) threads.begin(list, own, at, end);
      before = own;
    }
    this.#node = node;
    this.#ruleNode = ruleNode;
    this.#units = units;
    this.#matchedEnd = matchedEnd;
    this.end = base + i + places - 1;
    return i;
  }

  /** Reads one unit that is spelled by the places up to `to`. */
  readSpelled(raw: number, to: number): void {
    const unit = this.#half && raw >= 0xdc00 && raw <= 0xdfff ? TRANSPARENT : foldTable[raw]!;
    this.#half = isIgnorableHalf(raw);
    if (unit === TRANSPARENT) this.hide(to);
    else this.#readAs(unit, to);
  }

  #readAs(unit: number, to: number): void {
    const places = to - this.end;
    if (places > 1) this.#gaps.push(this.end + 1, places - 1, unit);
    this.#half = false;
    this.read(String.fromCharCode(unit), 0, 1, places);
    this.#turn();
  }

  /** Goes on to `to` without reading a unit. */
  hide(to: number): void {
    const length = to - this.end;
    this.#invisibleRun += length;
    if (this.#invisibleRun > invisibleMax) this.#readAs(interruption, to);
    else {
      this.#gaps.push(this.end, length, hidden);
      this.end = to;
      this.#turn();
    }
  }

  #turn(): void {
    this.#turned = this.end;
    this.#turnedUnits = this.#units;
  }

  /** The text has ended. */
  finish(): void {
    this.#threads.finish(this.#matchedEnd);
  }

  /** Begins a new text. */
  reset(): void {
    this.#node = 0;
    this.#ruleNode = 0;
    this.#units = 0;
    this.#matchedEnd = 0;
    this.#invisibleRun = 0;
    this.#half = false;
    this.end = 0;
  }

  /** Goes on from where another reading is. */
  takeOver(other: Reading): void {
    this.#threads.takeOver(other.#threads);
    this.#node = other.#node;
    this.#ruleNode = other.#ruleNode;
    this.#recent.set(other.#recent);
    this.#units = other.#units;
    this.#matchedEnd = other.#matchedEnd;
    this.#gaps = other.#gaps.slice();
    this.#invisibleRun = other.#invisibleRun;
    this.#half = other.#half;
    this.end = other.end;
  }

  /**
   * Whether another reading of the same text, which is as far, will find the same from here on, whatever follows: all
   * that either still needs was read by both as it stands.
   */
  agreesWith(other: Reading): boolean {
    if (this.#node !== other.#node || this.#ruleNode !== other.#ruleNode) return false;
    const { literals, rules } = this.#engine;
    const needed = Math.max(literals.depth[this.#node]!, rules.literalDepth[this.#ruleNode]! + 1);
    return this.#units - this.#turnedUnits >= needed && this.#threads.agreeWith(other.#threads, this.#turned);
  }

  /** Drops what was begun and not decided. */
  abandon(): void {
    this.#threads.clear();
    this.#gaps = [];
  }

  /** What a unit beyond ASCII is matched as, and what it makes of the one after it. */
  #fold(raw: number, at: number): number {
    const unit = this.#half && raw >= 0xdc00 && raw <= 0xdfff ? TRANSPARENT : foldTable[raw]!;
    this.#half = isIgnorableHalf(raw);
    if (unit !== TRANSPARENT) {
      this.#invisibleRun = 0;
      return unit;
    }
    if (++this.#invisibleRun > invisibleMax) return interruption;
    this.#gaps.push(at, 1, hidden);
    return TRANSPARENT;
  }

  #findExact({ hit, length, decoded }: ExactForm, end: number): void {
    if (decoded || !this.#decoded) this.#coverage.add(hit, this.#back(length, end), end);
  }

  /** Literals of rules end here: rule and length in turn. */
  #beginLiterals(ends: readonly number[], units: number, end: number): void {
    const { tables } = this.#engine.rules;
    for (let i = 0; i < ends.length; i += 2) {
      const rule = ends[i]!;
      const length = ends[i + 1]!;
      if (!this.#isFree(tables.rules[rule]!.left, length, units)) continue;
      const classes: number[] = [];
      for (let back = length; back > 0; back--) classes.push(tables.classOf[this.#recentUnit(back, units)]!);
      this.#threads.beginRead(rule, classes, this.#back(length, end), end);
    }
  }

  /** The unit that many units ago, 1 for the last one. */
  #recentUnit(back: number, units: number): number {
    return this.#recent[(units - back) & (recentSize - 1)]!;
  }

  /** Whether a left condition holds for what begins `length` units ago. */
  #isFree(left: number, length: number, units: number): boolean {
    if (left === -1 || units <= length) return true;
    const { leftSets, classOf } = this.#engine.rules.tables;
    return leftSets[left]![classOf[this.#recentUnit(length + 1, units)]!] === 0;
  }

  /** Offset of the unit that is `units` matched units before `end`. */
  #back(units: number, end: number): number {
    const gaps = this.#gaps;
    let from = end - units;
    for (let i = gaps.length - 3; i >= 0 && gaps[i]! + gaps[i + 1]! > from; i -= 3) from -= gaps[i + 1]!;
    return from;
  }

  /** Where the earliest undecided value begins, as far as nothing of it is reported. */
  undecided(): number {
    let from = this.#node === 0 ? this.end : this.#back(this.#engine.literals.depth[this.#node]!, this.end);
    const { literalDepth, literalFail } = this.#engine.rules;
    for (let node = this.#ruleNode; node !== 0; node = literalFail[node]!) {
      if (!this.#mayBegin(node, literalDepth[node]!)) continue;
      from = Math.min(from, this.#back(literalDepth[node]!, this.end));
      break;
    }
    return this.#threads.undecided(from);
  }

  /** Where the earliest value begins that is yet to be validated, or `offset`. */
  unchecked(offset: number): number {
    return this.#threads.unchecked(offset);
  }

  /** Whether some rule may begin with the units that led to a node of the literals. */
  #mayBegin(node: number, length: number): boolean {
    const { rules, marks } = this.#engine;
    if (rules.literalOpen[node]!.length === 0) return false;
    let text = '';
    for (let back = length; back > 0; back--) text += String.fromCharCode(this.#recentUnit(back, this.#units));
    const begun = rulesBegunBy(rules, marks, node, text);
    return begun.some((rule) => this.#isFree(rules.tables.rules[rule]!.left, length, this.#units));
  }

  add(hit: Hit, from: number, to: number): Found {
    return this.#coverage.add(hit, from, to);
  }

  folded(from: number, to: number): string {
    const gaps = this.#gaps;
    let text = '';
    let at = from;
    for (let i = this.#gapAt(from); i < gaps.length && gaps[i]! < to; i += 3) {
      const unit = gaps[i + 2]!;
      text += foldString(this.#source.slice(at, unit === hidden ? gaps[i]! : gaps[i]! - 1));
      if (unit !== hidden) text += String.fromCharCode(unit);
      at = gaps[i]! + gaps[i + 1]!;
    }
    return text + foldString(this.#source.slice(at, to));
  }

  /** Index of the first gap that ends after `offset`. */
  #gapAt(offset: number): number {
    let i = this.#gaps.length;
    while (i > 0 && this.#gaps[i - 3]! + this.#gaps[i - 2]! > offset) i -= 3;
    return i;
  }

  /** What lies before `offset` is released. */
  release(offset: number): void {
    if (this.#gaps.length === 0) return;
    this.#gaps = offset === this.end ? [] : this.#gaps.slice(this.#gapAt(offset));
  }
}
