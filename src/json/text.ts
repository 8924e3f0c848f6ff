import type { Json, JsonObject } from '../model/json.ts';
import { parse } from './scan.ts';
import type { JsonLimits } from './scanner.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const SPACE = 32;

/**
 * Reads a JSON text into JavaScript values as `parse` does, at the price of JSON.parse where that cannot have read a
 * name otherwise: the value has as many names as the text, and none of them is escaped. Throws `JsonFault`, or what
 * JSON.parse throws.
 */
export function parseText(text: string, limits: JsonLimits): Json {
  const value = JSON.parse(text) as Json;
  return namesIn(text) === namesOf(value, limits.depth) ? value : parse(Buffer.from(text), limits);
}

/** How many names a valid text has, or more where a string looks like one; -1 where a name may be escaped. */
function namesIn(text: string): number {
  const escapes = text.includes('\\');
  let names = 0;
  for (let colon = text.indexOf(':'); colon >= 0; colon = text.indexOf(':', colon + 1)) {
    let at = colon - 1;
    while (text.charCodeAt(at) <= SPACE) at--;
    if (text.charCodeAt(at) !== QUOTE) continue;
    if (escapes && isEscaped(text, at)) return -1;
    names++;
  }
  return names;
}

/** Whether a backslash stands in the string that ends before `end`, or right before it. */
function isEscaped(text: string, end: number): boolean {
  for (let at = end - 1; at >= 0; at--) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) return true;
    if (code === QUOTE) return text.charCodeAt(at - 1) === BACKSLASH;
  }
  return false;
}

/** How many names a value has at every depth, or less than any text has where it is too deep. */
function namesOf(value: Json, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth === 0) return Number.NEGATIVE_INFINITY;
  let names = 0;
  if (Array.isArray(value)) {
    for (const item of value) names += namesOf(item, depth - 1);
    return names;
  }
  for (const name in value) names += 1 + namesOf((value as JsonObject)[name]!, depth - 1);
  return names;
}
