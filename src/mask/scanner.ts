import type { Scanned, Span, TextScanner } from '../model/scan.ts';
import { foldTable, foldText, isIgnorableHalf, TRANSPARENT } from './fold.ts';
import { type Literals, step } from './literals.ts';
import type { Hit, RuleSet } from './rules/rule_set.ts';
import { type Found, type Marks, RuleThreads, rulesBegunBy, type Surroundings } from './threads.ts';

/** A literal that is a value: what is reported of it and its folded length. */
export interface ExactForm {
  readonly hit: Hit;
  readonly length: number;
}

/** What a stream scans for, shared by all streams. */
export interface Engine {
  readonly literals: Literals;
  readonly forms: readonly ExactForm[];
  readonly rules: RuleSet;
  readonly marks: Marks;
}

/** More invisible units in a row than this end every value: nothing that long is read as one word. */
export const invisibleMax = 256;

/** What is matched in place of too many invisible units: a noncharacter, which is in no value. */
const interruption = 0xfffe;

/** Units remembered, a power of two above the length of every literal that begins a rule. */
const recentSize = 16;

const nothing: readonly Span[] = [];

/**
 * Scans one stream of text. A character leaves when no text that may follow can change what is found at it: it lies
 * before every value that has begun and is undecided, or inside a masked one. Both depend on the text alone, so the
 * result is the same for every way of cutting it.
 */
export class Scanner implements TextScanner, Surroundings {
  readonly #engine: Engine;
  readonly #masked: (className: string) => boolean;
  readonly #threads: RuleThreads;
  /** Nodes in the exact values and in the literals that begin rules. */
  #node = 0;
  #ruleNode = 0;
  /** The last units, and how many there were. */
  readonly #recent = new Uint16Array(recentSize);
  #units = 0;
  /** Where the last unit that was matched ended. */
  #matchedEnd = 0;
  /** Text not released yet, and the stream offsets of its first unit and of its end. */
  #text = '';
  #start = 0;
  #end = 0;
  /** Offsets of transparent units at or after `#start`. */
  #invisible: number[] = [];
  #invisibleRun = 0;
  #half = false;
  /** In the order of `Scanned.spans`. */
  #found: Found[] = [];

  constructor(engine: Engine, masked: (className: string) => boolean) {
    this.#engine = engine;
    this.#masked = masked;
    this.#threads = new RuleThreads(engine.rules, engine.marks, this);
  }

  get held(): number {
    return this.#end - this.#start;
  }

  write(text: string): Scanned {
    this.#scan(text);
    return this.#release(this.#covered(this.#undecided()));
  }

  /** The last text and the end in one. */
  finish(text: string): Scanned {
    this.#scan(text);
    return this.end();
  }

  end(): Scanned {
    this.#threads.finish(this.#matchedEnd);
    return this.#release(this.#end);
  }

  /** What is in a text of its own; the scanner is as new then, so that one serves many short texts. */
  whole(text: string): readonly Span[] {
    const { spans } = this.finish(text);
    this.#node = 0;
    this.#ruleNode = 0;
    this.#units = 0;
    this.#matchedEnd = 0;
    this.#start = 0;
    this.#end = 0;
    this.#invisibleRun = 0;
    this.#half = false;
    this.#found = [];
    return spans;
  }

  #scan(text: string): void {
    this.#text = this.#text === '' ? text : this.#text + text;
    const { literals, rules } = this.#engine;
    const { root, output, link } = literals;
    const { starts, literalClassOf, literalClasses, literalNext, literalEnds } = rules;
    const { classOf, classes } = rules.tables;
    const threads = this.#threads;
    const recent = this.#recent;
    const base = this.#end;
    let node = this.#node;
    let ruleNode = this.#ruleNode;
    let units = this.#units;
    let matchedEnd = this.#matchedEnd;
    let before = units === 0 ? classes : classOf[recent[(units - 1) & (recentSize - 1)]!]!;
    for (let i = 0; i < text.length; i++) {
      let unit = text.charCodeAt(i);
      const at = base + i;
      if (unit >= 128 || this.#half) unit = this.#fold(unit, at);
      if (unit === TRANSPARENT) continue;
      if (unit < 128) this.#invisibleRun = 0;
      const own = classOf[unit]!;
      recent[units++ & (recentSize - 1)] = unit;
      if (threads.count + threads.joint !== 0) threads.step(own, at, matchedEnd);
      matchedEnd = at + 1;
      node = node === 0 && unit < 256 ? root[unit]! : step(literals, node, unit);
      if (node !== 0) {
        for (let end = output[node]! === -1 ? link[node]! : node; end !== 0; end = link[end]!) {
          const form = this.#engine.forms[output[end]!]!;
          this.add(form.hit, this.#back(form.length, matchedEnd), matchedEnd);
        }
      }
      ruleNode = literalNext[ruleNode * literalClasses + literalClassOf[unit]!]!;
      if (ruleNode !== 0) {
        const ends = literalEnds[ruleNode]!;
        if (ends !== null) this.#beginLiterals(ends, units, matchedEnd);
      }
      const list = starts[before * classes + own]!;
      if (list !== 0) threads.begin(list, own, at);
      before = own;
    }
    this.#node = node;
    this.#ruleNode = ruleNode;
    this.#units = units;
    this.#matchedEnd = matchedEnd;
    this.#end = base + text.length;
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
    this.#invisible.push(at);
    return TRANSPARENT;
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
    let from = end - units;
    for (let i = this.#invisible.length - 1; i >= 0 && this.#invisible[i]! >= from; i--) from--;
    return from;
  }

  folded(from: number, to: number): string {
    return String.fromCharCode(...foldText(this.#text.slice(from - this.#start, to - this.#start)));
  }

  /** Keeps the order of `Scanned.spans`: where it begins, then what was recognised first. */
  add(hit: Hit, from: number, to: number): Found {
    const last = this.#found.at(-1);
    if (last && last.hit.detector === hit.detector && last.from <= from && last.to > from) {
      last.to = Math.max(last.to, to);
      return last;
    }
    const found: Found = { hit, from, to, users: 0 };
    let at = this.#found.length;
    while (at > 0 && this.#found[at - 1]!.from > from) at--;
    if (at === this.#found.length) this.#found.push(found);
    else this.#found.splice(at, 0, found);
    return found;
  }

  /** Where the earliest undecided value begins, as far as it is not released under a mask already. */
  #undecided(): number {
    let from = this.#node === 0 ? this.#end : this.#back(this.#engine.literals.depth[this.#node]!, this.#end);
    const { literalDepth, literalFail } = this.#engine.rules;
    for (let node = this.#ruleNode; node !== 0; node = literalFail[node]!) {
      if (!this.#mayBegin(node, literalDepth[node]!)) continue;
      from = Math.min(from, this.#back(literalDepth[node]!, this.#end));
      break;
    }
    return Math.max(this.#threads.undecided(from), this.#start);
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

  /** Goes on from `offset` as far as masked stretches cover: masked is masked, whatever follows. */
  #covered(offset: number): number {
    let to = offset;
    for (const span of this.#found) {
      if (span.from > to) break;
      if (span.to > to && this.#masked(span.hit.class)) to = span.to;
    }
    // A check of the whole value still needs its text.
    return Math.min(to, Math.max(offset, this.#threads.unchecked(to)));
  }

  #release(to: number): Scanned {
    const start = this.#start;
    const all = to === this.#end;
    const text = all ? this.#text : this.#text.slice(0, to - start);
    const spans = this.#found.length === 0 ? nothing : this.#spans(start, to);
    this.#text = all ? '' : this.#text.slice(to - start);
    this.#start = to;
    if (this.#invisible.length > 0) this.#invisible = all ? [] : this.#invisible.filter((offset) => offset >= to);
    return { text, spans };
  }

  /** What is found between two offsets; overlapping stretches of one detector are one. */
  #spans(start: number, to: number): readonly Span[] {
    const spans: { -readonly [field in keyof Span]: Span[field] }[] = [];
    const last = new Map<string, (typeof spans)[number]>();
    for (const found of this.#found) {
      if (found.from >= to || found.to <= start) continue;
      const { detector, class: className } = found.hit;
      const from = Math.max(found.from, start) - start;
      const end = Math.min(found.to, to) - start;
      const before = last.get(detector);
      if (before && before.to > from) {
        before.to = Math.max(before.to, end);
        continue;
      }
      const span = { detector, class: className, from, to: end, continues: found.from < start };
      spans.push(span);
      last.set(detector, span);
    }
    this.#found = this.#found.filter((found) => found.to > to || found.users > 0);
    return spans;
  }
}
