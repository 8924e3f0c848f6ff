import { scan } from '../json/index.ts';
import type { JsonNode } from '../model/body.ts';
import type { JsonObject } from '../model/json.ts';

/** At most so many changes are listed, and so many characters of each side. */
const MOST = 200;
const LONGEST = 4_000;

/**
 * What differs between two contents, value by value: `{path, before, after}` with JSON texts, null for a value that is
 * not there. `more` says whether there are others. Both are JSON.
 */
export function differences(
  before: string,
  after: string,
): { readonly changes: readonly JsonObject[]; readonly more: boolean } {
  const changes: JsonObject[] = [];
  const limits = { depth: 1024, keys: Infinity, values: Infinity };
  const compare = (path: string, old: JsonNode | null, now: JsonNode | null): void => {
    if (changes.length > MOST) return;
    if (old && now && old.type === now.type && (old.type === 'object' || old.type === 'array')) {
      for (const [key, a, b] of pairs(old, now)) compare(path === '' ? key : `${path}.${key}`, a, b);
      return;
    }
    const [was, is] = [spelling(old), spelling(now)];
    if (was !== is) changes.push({ path, before: cut(was), after: cut(is) });
  };
  compare('', scan(Buffer.from(before), limits), scan(Buffer.from(after), limits));
  return { changes: changes.slice(0, MOST), more: changes.length > MOST };
}

function pairs(old: JsonNode, now: JsonNode): (readonly [string, JsonNode | null, JsonNode | null])[] {
  if (old.type === 'array') {
    const [a, b] = [old.items(), now.items()];
    return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => [String(at), a[at] ?? null, b[at] ?? null]);
  }
  const [a, b] = [new Map(old.entries()), new Map(now.entries())];
  return [...new Set([...a.keys(), ...b.keys()])].map((key) => [key, a.get(key) ?? null, b.get(key) ?? null]);
}

function spelling(node: JsonNode | null): string | null {
  return node === null ? null : node.spelling();
}

function cut(text: string | null): string | null {
  return text === null || text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
