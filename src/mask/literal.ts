import type { Replacement } from './redact.ts';

/** Where a string literal stands in a JSON text, and what it says. */
export interface LiteralAt {
  /** Offsets of the literal with its quotes; a literal cut off by the end of the text has no closing quote. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Every string literal of a JSON text in order. Takes broken and truncated JSON as well: whatever stands between
 * quotes is a literal, a bad escape says what it spells.
 */
export function* literalsOf(json: string): Generator<LiteralAt> {
  for (let at = json.indexOf('"'); at !== -1; ) {
    const start = at;
    let end = start + 1;
    let escaped = false;
    for (; end < json.length && json[end] !== '"'; end++) {
      if (json[end] === '\\') {
        escaped = true;
        end++;
      }
    }
    const body = json.slice(start + 1, Math.min(end, json.length));
    end = Math.min(end + 1, json.length);
    yield { start, end, text: escaped ? decode(body) : body };
    at = json.indexOf('"', end);
  }
}

/** A string literal, or a number long enough to be somebody's. */
export interface TextAt extends LiteralAt {
  readonly number: boolean;
}

/** Fewer digits than this name nobody. */
export const numberDigits = 8;
const longNumber = /-?\d[\d.eE+-]{7,}/g;

/** Every string literal of a JSON text and every long number outside of them, in order. */
export function* textsOf(json: string): Generator<TextAt> {
  let at = 0;
  for (const literal of literalsOf(json)) {
    if (literal.start - at >= numberDigits) yield* numbersIn(json, at, literal.start);
    yield { ...literal, number: false };
    at = literal.end;
  }
  if (json.length - at >= numberDigits) yield* numbersIn(json, at, json.length);
}

function* numbersIn(json: string, from: number, to: number): Generator<TextAt> {
  for (const found of json.slice(from, to).matchAll(longNumber)) {
    const start = from + found.index;
    yield { start, end: start + found[0].length, text: found[0], number: true };
  }
}

const shortEscapes: { readonly [sign: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Units of source that the escape at `at` takes; 1 where there is none. */
function unitLength(body: string, at: number): number {
  if (body[at] !== '\\') return 1;
  if (body[at + 1] === 'u' && /^[0-9a-fA-F]{4}/.test(body.slice(at + 2, at + 6))) return 6;
  return Math.min(2, body.length - at);
}

function decode(body: string): string {
  let out = '';
  for (let at = 0; at < body.length; ) {
    const length = unitLength(body, at);
    if (length === 1) out += body[at];
    else if (length === 6) out += String.fromCharCode(Number.parseInt(body.slice(at + 2, at + 6), 16));
    else out += shortEscapes[body[at + 1]!] ?? body[at + 1];
    at += length;
  }
  return out;
}

/**
 * The literal with stretches of its decoded text replaced. Everything outside them keeps its spelling.
 * `literal` starts with a quote; the replacements are in order and apart.
 */
export function replaceInLiteral(literal: string, runs: readonly Replacement[]): string {
  let out = '';
  let at = 1;
  let copied = 0;
  let decoded = 0;
  const advance = (to: number) => {
    for (; decoded < to && at < literal.length; decoded++) at += unitLength(literal, at);
  };
  for (const run of runs) {
    advance(run.from);
    out += literal.slice(copied, at) + JSON.stringify(run.text).slice(1, -1);
    advance(run.to);
    copied = at;
  }
  return out + literal.slice(copied);
}
