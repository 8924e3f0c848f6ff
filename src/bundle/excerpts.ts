import type { ExcerptLengths } from '../model/decision.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { BundleRefused } from './refusal.ts';

/** The most characters that a bundle may ask for: an input that grows with its text costs every decision time. */
export const excerptMost = 4096;

const points = ['request', 'chunk', 'tool_use'] as const satisfies readonly (keyof ExcerptLengths)[];

/**
 * Reads `metadata.excerpt_characters` of a manifest: for each point at which policy wants to see text, how many
 * characters of it.
 *
 * @throws BundleRefused manifest for anything else, so that a misspelt point is not silently a policy without its text.
 */
export function excerptLengths(asked: Json | undefined): ExcerptLengths {
  const lengths: { -readonly [P in keyof ExcerptLengths]: ExcerptLengths[P] } = {
    request: null,
    chunk: null,
    tool_use: null,
  };
  if (asked === undefined) return lengths;
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw wrong('', 'an object');
  for (const [name, value] of Object.entries(asked as JsonObject)) {
    const point = points.find((known) => known === name);
    if (point === undefined) throw wrong('', `an object of ${points.join(', ')}`);
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > excerptMost) {
      throw wrong(`.${point}`, `a whole number from 1 to ${excerptMost}`);
    }
    lengths[point] = value;
  }
  return lengths;
}

function wrong(where: string, wanted: string): BundleRefused {
  return new BundleRefused('manifest', `metadata.excerpt_characters${where} in the manifest has to be ${wanted}`);
}
