import type { Json, JsonObject } from '../model/json.ts';

/**
 * The canonical text of a value, as RFC 8785 writes it: keys sorted by UTF-16 units, no white space, numbers and
 * strings as JavaScript writes them. Equal values have equal bytes, which is what the digests of the journal rest on.
 * A value whose keys are in order already costs little more than `JSON.stringify`.
 */
export function canonicalJson(value: Json): string {
  if (inOrder(value)) return JSON.stringify(value);
  const members: string[] = [];
  if (isArray(value)) {
    for (const item of value) members.push(canonicalJson(item));
    return `[${members.join(',')}]`;
  }
  const object = value as JsonObject;
  for (const key of Object.keys(object).sort()) {
    const member = object[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

/** Whether `JSON.stringify`, which writes keys in the order that `Object.keys` gives, writes the canonical text. */
function inOrder(value: Json): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (isArray(value)) return value.every(inOrder);
  let before = '';
  for (const key of Object.keys(value)) {
    if (key < before || !inOrder(value[key]!)) return false;
    before = key;
  }
  return true;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
