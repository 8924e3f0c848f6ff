import { z } from 'zod';
import { plainWords } from '../../config/index.ts';
import { type ValidatorName, validators } from './validators.ts';

/**
 * One detector as data: what it looks for, where, and what it is called. All patterns are regular; see `parsePattern`.
 */
export interface DetectorRule {
  /** Unique among all rules; names the detector in records. */
  readonly id: string;
  /** What policy counts and masks by. */
  readonly class: string;
  readonly label: string;
  /** Where the format is described in public, or why it is what it is. */
  readonly reference: string;
  /** A character class that must not stand right before the context, or before the body where there is none. */
  readonly left: string | null;
  /** What must stand right before the body. It is not masked and never held back. */
  readonly context: string | null;
  /** What the value begins with; a match is at least this and `minimum` characters of the tail. */
  readonly body: string;
  /** The least number of tail characters. */
  readonly minimum: number;
  /** A character class: as many as follow belong to the value. */
  readonly tail: string | null;
  /** A character class that must not follow. */
  readonly right: string | null;
  readonly validator: ValidatorName | null;
  /** The most characters of a match; longer ones are none. Needed where the body alone has no bound. */
  readonly cap: number | null;
  /** Texts with the covered stretches between « and ». */
  readonly examples: readonly string[];
  /** Texts in which nothing is covered. */
  readonly near: readonly string[];
}

const names = Object.keys(validators) as [ValidatorName, ...ValidatorName[]];

const rule = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'an id is lower-case words joined by "-"'),
  class: z.string().regex(/^[a-z][a-z0-9_]*$/, 'a class is lower-case words joined by "_"'),
  label: z.string().min(1),
  reference: z.string().min(1),
  left: z.string().nullable().default('[A-Za-z0-9_]'),
  context: z.string().nullable().default(null),
  body: z.string().min(1),
  minimum: z.int().min(0).max(512).default(0),
  tail: z.string().nullable().default(null),
  right: z.string().nullable().default(null),
  validator: z.enum(names).nullable().default(null),
  cap: z.int().min(1).max(4096).nullable().default(null),
  examples: z.array(z.string()).min(1),
  near: z.array(z.string()).min(1),
});

/** Patterns that several rules of a file share: `{{name}}` in a pattern stands for the part of that name. */
const parts = z.record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'a part is named in lower case'), z.string()).default({});

export const ruleFile = z.strictObject({ parts, rules: z.array(rule).min(1) });

/** A fault in a rule file: where it is and what is wrong. */
export interface RuleFault {
  /** File, rule and field, e.g. `cloud.yaml: aws-key: body`. */
  readonly place: string;
  readonly problem: string;
}

/** One rule file, parsed as YAML or JSON but not checked. */
export interface RuleSource {
  readonly name: string;
  readonly content: unknown;
}

/** Checks the shape of all files and gives their rules, and every fault there is. */
export function readRules(sources: readonly RuleSource[]): {
  readonly rules: readonly DetectorRule[];
  readonly faults: readonly RuleFault[];
} {
  const rules: DetectorRule[] = [];
  const faults: RuleFault[] = [];
  const seen = new Set<string>();
  for (const { name, content } of sources) {
    const parsed = ruleFile.safeParse(content);
    if (!parsed.success) {
      for (const issue of parsed.error.issues)
        faults.push({ place: placeOf(name, content, issue.path), problem: plainWords(issue.message) });
      continue;
    }
    for (const written of parsed.data.rules) {
      const fault = (part: string) =>
        faults.push({ place: `${name}: ${written.id}`, problem: `there is no part "${part}"` });
      const found = withParts(written, parsed.data.parts, fault);
      if (seen.has(found.id)) faults.push({ place: `${name}: ${found.id}`, problem: 'another rule has this id' });
      seen.add(found.id);
      if (found.minimum > 0 && found.tail === null) {
        faults.push({ place: `${name}: ${found.id}: minimum`, problem: 'a minimum counts characters of a tail' });
      }
      if (found.tail !== null && found.right !== null) {
        faults.push({ place: `${name}: ${found.id}: right`, problem: 'an open tail ends where its characters end' });
      }
      rules.push(found);
    }
  }
  return { rules, faults };
}

function withParts(
  { context, body, ...others }: DetectorRule,
  known: Readonly<Record<string, string>>,
  missing: (part: string) => void,
): DetectorRule {
  const filled = (pattern: string) =>
    pattern.replace(/\{\{([^{}]*)\}\}/g, (_, part: string) => {
      if (!Object.hasOwn(known, part)) missing(part);
      return known[part] ?? '';
    });
  return { ...others, context: context === null ? null : filled(context), body: filled(body) };
}

/** Names a rule by its id where it has one: a person looks for that, not for its number. */
function placeOf(file: string, content: unknown, path: readonly PropertyKey[]): string {
  const [list, index, ...field] = path;
  if (list !== 'rules' || typeof index !== 'number') return [file, ...path.map(String)].join(': ');
  const rules = (content as { readonly rules: readonly { readonly id?: unknown }[] }).rules;
  const id = rules[index]?.id;
  return [file, typeof id === 'string' ? id : `rules[${index}]`, ...field.map(String)].join(': ');
}

/** An example without its marks, and the stretches that must be covered. `·` splits values so that scanners stay quiet. */
export function readExample(example: string): {
  readonly text: string;
  readonly covered: readonly (readonly [number, number])[];
} {
  let text = '';
  const covered: [number, number][] = [];
  for (const sign of example.replaceAll('·', '')) {
    if (sign === '«') covered.push([text.length, -1]);
    else if (sign === '»') covered.at(-1)![1] = text.length;
    else text += sign;
  }
  return { text, covered };
}
