import { createHmac } from 'node:crypto';
import type { Detectors, Focus, Span } from '../model/scan.ts';
import type { TokenEntry } from '../model/token.ts';
import { foldText } from './fold.ts';
import { spellings } from './forms.ts';
import { buildLiterals } from './literals.ts';
import { createMarks } from './marks.ts';
import { type Engine, type ExactForm, metOf } from './reading.ts';
import { builtinTables } from './rules/builtin.ts';
import { buildRuleSet } from './rules/rule_set.ts';
import type { Tables } from './rules/tables.ts';
import { Scanner } from './scanner.ts';
import { tokenDetector, tokenValueMin } from './tokens.ts';

/** One value to find wherever it turns up. */
export interface ExactValue {
  /** For records, e.g. the role or the name in the configuration; never the value. */
  readonly name: string;
  readonly class: string;
  readonly value: string;
}

/** Shorter values would mask ordinary text. */
export const minimumExactLength = 8;

/** Engines for different focuses that are kept. */
const focusedMax = 32;

/** Detectors that can look for the values of a conversation, too. */
export interface MaskDetectors extends Detectors {
  /** The same, and the values of these tokens wherever they turn up. */
  withTokens(entries: readonly TokenEntry[]): Detectors;
  /** Only the values of these tokens. */
  tokensOnly(entries: readonly TokenEntry[]): Detectors;
}

/**
 * Detectors for exact values, in every spelling of `spellings`, and for the rules of `tables` (by default the built-in
 * ones). `key` makes the digest say nothing about the values. Throws a TypeError, which names the value but does not
 * show it, where one is shorter than `minimumExactLength`.
 */
export function createDetectors(
  values: readonly ExactValue[],
  key: Uint8Array,
  tables: Tables = builtinTables(),
): MaskDetectors {
  const forms = exactForms(values);
  const exact = engineForms(forms);
  const digest = createHmac('sha256', key).update(tables.digest);
  for (const { name, class: className, value } of values) digest.update(JSON.stringify([name, className, value]));
  const always = new Set(values.map((value) => value.class));
  const ruleClasses = new Set(tables.rules.map((rule) => rule.class));

  const met = metOf(tables.classOf);
  const build = (wanted: (className: string) => boolean): Rules => {
    const rules = buildRuleSet(tables, (rule) => wanted(rule.class));
    return { rules, marks: createMarks(rules), met };
  };
  const everyRule = build(every);
  const focused = new Map<string, Rules>();

  const rulesFor = (wanted: (className: string) => boolean): Rules => {
    const left = [...ruleClasses].filter(wanted).sort();
    if (left.length === ruleClasses.size) return everyRule;
    const name = left.join(' ');
    const known = focused.get(name);
    if (known) return known;
    const made = build(wanted);
    if (focused.size >= focusedMax) focused.clear();
    focused.set(name, made);
    return made;
  };

  const id = digest.digest('hex').slice(0, 32);
  const shared = { always, classes: new Set([...always, ...ruleClasses]), rulesFor };
  const keyed = (kind: string, entries: readonly TokenEntry[]) => {
    const hmac = createHmac('sha256', key).update(`${id} ${kind}`);
    for (const { token } of entries) hmac.update(` ${token}`);
    return hmac.digest('hex').slice(0, 32);
  };
  return {
    ...detectorsOf(id, exact, everyRule, shared),
    withTokens: (entries) =>
      detectorsOf(keyed('with', entries), engineForms([...forms, ...tokenForms(entries)]), everyRule, shared),
    tokensOnly(entries) {
      const none = rulesFor(() => false);
      return detectorsOf(keyed('only', entries), engineForms(tokenForms(entries)), none, {
        ...shared,
        rulesFor: () => none,
      });
    },
  };
}

type Rules = Pick<Engine, 'rules' | 'marks' | 'met'>;

/** What detectors over the same tables share. */
interface SharedRules {
  readonly always: ReadonlySet<string>;
  readonly classes: ReadonlySet<string>;
  rulesFor(wanted: (className: string) => boolean): Rules;
}

const every = () => true;

function detectorsOf(
  id: string,
  exact: Pick<Engine, 'literals' | 'forms'>,
  everyRule: Rules,
  { always, classes, rulesFor }: SharedRules,
): Detectors {
  const engine: Engine = { ...exact, ...everyRule };
  /** What looks for everything, and what looks for less, by how a focus was spelled. */
  const all = new WholeScanner(engine);
  const spelled = new Map<string, WholeScanner>();

  /** Without what is neither masked nor reported; policies ask for few different sets. */
  const within = (focus: Focus): WholeScanner => {
    const name = `${[...focus.masked].join(' ')}|${focus.reported === null ? '*' : [...focus.reported].join(' ')}`;
    let known = spelled.get(name);
    if (!known) {
      const { masked, reported } = focus;
      const rules = rulesFor((name) => always.has(name) || masked.has(name) || reported === null || reported.has(name));
      known = rules === everyRule ? all : new WholeScanner({ ...exact, ...rules });
      if (spelled.size >= focusedMax) spelled.clear();
      spelled.set(name, known);
    }
    return known;
  };

  return {
    id,
    classes,
    always,
    scan: (text, focus) => ({ text, spans: (focus ? within(focus) : all).scan(text) }),
    stream(focus) {
      if (!focus) return new Scanner(engine, every);
      return new Scanner(within(focus).engine, (name) => always.has(name) || focus.masked.has(name));
    },
  };
}

/** Scans texts of their own with one scanner, which costs more to make than a short text to scan. */
class WholeScanner {
  readonly engine: Engine;
  #scanner: Scanner;

  constructor(engine: Engine) {
    this.engine = engine;
    this.#scanner = new Scanner(engine, every);
  }

  scan(text: string): readonly Span[] {
    try {
      return this.#scanner.whole(text);
    } catch (fault) {
      this.#scanner = new Scanner(this.engine, every);
      throw fault;
    }
  }
}

/** A literal to find, folded, and what it is reported as. */
interface Form extends ExactForm {
  readonly units: readonly number[];
}

function engineForms(forms: readonly Form[]): Pick<Engine, 'literals' | 'forms'> {
  return { literals: buildLiterals(forms.map(({ units }) => units)), forms };
}

function exactForms(values: readonly ExactValue[]): readonly Form[] {
  const forms: Form[] = [];
  for (const { name, class: className, value } of values) {
    if (foldText(value).length < minimumExactLength) {
      throw new TypeError(`the value "${name}" is shorter than ${minimumExactLength} characters and cannot be masked`);
    }
    const hit = { detector: `exact:${name}`, class: className };
    for (const form of spellings(value)) {
      const units = foldText(form);
      if (units.length >= minimumExactLength) forms.push({ hit, length: units.length, units, decoded: true });
    }
  }
  return forms;
}

/** Values of tokens are found as they are: another spelling would come back as another text. */
function tokenForms(entries: readonly TokenEntry[]): readonly Form[] {
  return entries.flatMap(({ class: className, value }) => {
    const units = foldText(value);
    if (units.length < tokenValueMin) return [];
    return [{ hit: { detector: tokenDetector, class: className }, length: units.length, units, decoded: false }];
  });
}
