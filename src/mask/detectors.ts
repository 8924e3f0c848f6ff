import { createHmac } from 'node:crypto';
import type { Detectors, Focus } from '../model/scan.ts';
import { foldText } from './fold.ts';
import { spellings } from './forms.ts';
import { buildLiterals } from './literals.ts';
import { type Engine, type Pattern, Scanner } from './scanner.ts';

/** One value to find wherever it turns up. */
export interface ExactValue {
  /** For records, e.g. the role or the name in the configuration; never the value. */
  readonly name: string;
  readonly class: string;
  readonly value: string;
}

/** Shorter values would mask ordinary text. */
export const minimumExactLength = 8;

/** Characters of a credential's body, as `base64url` writes them. */
const tokenAlphabet = Uint8Array.from({ length: 128 }, (_, unit) =>
  /[A-Za-z0-9_-]/.test(String.fromCharCode(unit)) ? 1 : 0,
);

/** Credentials that are known by how they begin. They are reported; policy decides whether they are masked. */
const prefixes: readonly {
  readonly detector: string;
  readonly class: string;
  readonly prefix: string;
  readonly minimum: number;
}[] = [
  // Anthropic's API keys, admin keys and OAuth tokens: `sk-ant-api03-…`, `sk-ant-admin01-…`, `sk-ant-oat01-…`.
  { detector: 'anthropic', class: 'credential', prefix: 'sk-ant-', minimum: 16 },
];

/**
 * Detectors for exact values, in every spelling of `spellings`, and for the credentials known by their beginning.
 * `key` makes the digest say nothing about the values. Throws a TypeError, which names the value but does not show it,
 * where one is shorter than `minimumExactLength`.
 */
export function exactValues(values: readonly ExactValue[], key: Uint8Array): Detectors {
  const literals: Literal[] = [];
  const digest = createHmac('sha256', key);
  for (const { name, class: className, value } of values) {
    if (foldText(value).length < minimumExactLength) {
      throw new TypeError(`the value "${name}" is shorter than ${minimumExactLength} characters and cannot be masked`);
    }
    digest.update(JSON.stringify([name, className, value]));
    for (const form of spellings(value)) {
      const units = foldText(form);
      if (units.length < minimumExactLength) continue;
      const pattern = { detector: `exact:${name}`, class: className, length: units.length, tail: null };
      literals.push({ units, pattern });
    }
  }
  for (const { detector, class: className, prefix, minimum } of prefixes) {
    const units = foldText(prefix);
    const tail = { alphabet: tokenAlphabet, minimum };
    literals.push({ units, pattern: { detector, class: className, length: units.length, tail } });
  }
  return fromEngine(
    literals,
    digest.digest('hex').slice(0, 32),
    new Set(literals.map(({ pattern }) => pattern.class)),
    new Set(values.map((value) => value.class)),
  );
}

interface Literal {
  readonly units: readonly number[];
  readonly pattern: Pattern;
}

/** Engines for different focuses that are kept. */
const focusedMax = 32;

function buildEngine(literals: readonly Literal[]): Engine {
  return {
    literals: buildLiterals(literals.map(({ units }) => units)),
    patterns: literals.map(({ pattern }) => pattern),
  };
}

function fromEngine(
  literals: readonly Literal[],
  id: string,
  classes: ReadonlySet<string>,
  always: ReadonlySet<string>,
): Detectors {
  const engine = buildEngine(literals);
  const every = () => true;
  const focused = new Map<string, Engine>();

  /** The engine without what a stream neither masks nor reports; policies ask for few different sets. */
  const engineFor = ({ masked, reported }: Focus): Engine => {
    const wanted = (name: string) => always.has(name) || masked.has(name) || reported === null || reported.has(name);
    const left = [...classes].filter(wanted).sort();
    if (left.length === classes.size) return engine;
    const name = left.join(' ');
    const known = focused.get(name);
    if (known) return known;
    const made = buildEngine(literals.filter(({ pattern }) => wanted(pattern.class)));
    if (focused.size >= focusedMax) focused.clear();
    focused.set(name, made);
    return made;
  };

  return {
    id,
    classes,
    always,
    scan(text) {
      return { text, spans: new Scanner(engine, every).finish(text).spans };
    },
    stream(focus?: Focus) {
      if (!focus) return new Scanner(engine, every);
      return new Scanner(engineFor(focus), (name) => always.has(name) || focus.masked.has(name));
    },
  };
}
