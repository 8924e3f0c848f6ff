import { createHmac } from 'node:crypto';
import type { Detectors, Focus, Span } from '../model/scan.ts';
import { foldText } from './fold.ts';
import { spellings } from './forms.ts';
import { buildLiterals } from './literals.ts';
import { builtinTables } from './rules/builtin.ts';
import { buildRuleSet } from './rules/rule_set.ts';
import type { Tables } from './rules/tables.ts';
import { type Engine, type ExactForm, Scanner } from './scanner.ts';
import { createMarks } from './threads.ts';

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

/**
 * Detectors for exact values, in every spelling of `spellings`, and for the rules of `tables` (by default the built-in
 * ones). `key` makes the digest say nothing about the values. Throws a TypeError, which names the value but does not
 * show it, where one is shorter than `minimumExactLength`.
 */
export function createDetectors(
  values: readonly ExactValue[],
  key: Uint8Array,
  tables: Tables = builtinTables(),
): Detectors {
  const exact = exactForms(values);
  const digest = createHmac('sha256', key).update(tables.digest);
  for (const { name, class: className, value } of values) digest.update(JSON.stringify([name, className, value]));
  const always = new Set(values.map((value) => value.class));
  const ruleClasses = new Set(tables.rules.map((rule) => rule.class));

  const build = (wanted: (className: string) => boolean): Engine => {
    const rules = buildRuleSet(tables, (rule) => wanted(rule.class));
    return { ...exact, rules, marks: createMarks(rules) };
  };
  const every = () => true;
  const engine = build(every);
  const focused = new Map<string, Engine>();
  /** The same engines by how a focus was spelled, so that a stream does not go through all classes. */
  const spelled = new Map<string, Engine>();
  let scanner = new Scanner(engine, every);

  const scanWhole = (text: string): readonly Span[] => {
    try {
      return scanner.whole(text);
    } catch (fault) {
      scanner = new Scanner(engine, every);
      throw fault;
    }
  };

  /** The engine without what a stream neither masks nor reports; policies ask for few different sets. */
  const engineFor = (focus: Focus): Engine => {
    const name = `${[...focus.masked].join(' ')}|${focus.reported === null ? '*' : [...focus.reported].join(' ')}`;
    let known = spelled.get(name);
    if (!known) {
      known = focusedEngine(focus);
      if (spelled.size >= focusedMax) spelled.clear();
      spelled.set(name, known);
    }
    return known;
  };

  const focusedEngine = ({ masked, reported }: Focus): Engine => {
    const wanted = (name: string) => always.has(name) || masked.has(name) || reported === null || reported.has(name);
    const left = [...ruleClasses].filter(wanted).sort();
    if (left.length === ruleClasses.size) return engine;
    const name = left.join(' ');
    const known = focused.get(name);
    if (known) return known;
    const made = build(wanted);
    if (focused.size >= focusedMax) focused.clear();
    focused.set(name, made);
    return made;
  };

  return {
    id: digest.digest('hex').slice(0, 32),
    classes: new Set([...always, ...ruleClasses]),
    always,
    scan: (text) => ({ text, spans: scanWhole(text) }),
    stream(focus?: Focus) {
      if (!focus) return new Scanner(engine, every);
      return new Scanner(engineFor(focus), (name) => always.has(name) || focus.masked.has(name));
    },
  };
}

function exactForms(values: readonly ExactValue[]): Pick<Engine, 'literals' | 'forms'> {
  const forms: ExactForm[] = [];
  const literals: number[][] = [];
  for (const { name, class: className, value } of values) {
    if (foldText(value).length < minimumExactLength) {
      throw new TypeError(`the value "${name}" is shorter than ${minimumExactLength} characters and cannot be masked`);
    }
    const hit = { detector: `exact:${name}`, class: className };
    for (const form of spellings(value)) {
      const units = foldText(form);
      if (units.length < minimumExactLength) continue;
      literals.push(units);
      forms.push({ hit, length: units.length });
    }
  }
  return { literals: buildLiterals(literals), forms };
}
