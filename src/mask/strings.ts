import type { Json, JsonObject } from '../model/json.ts';

/** What may become of one string of a JSON value; `path` names its place, the property name or index last. */
export type Visit = (text: string, path: readonly (string | number)[]) => string;

/**
 * Names under which Claude's answers hold what must never change: ids, signatures, encrypted content, and the closed
 * words of the protocol. Tool inputs are not walked by this: there every name is the model's own.
 * Source: the Messages API reference (content blocks, citations, server tool results).
 */
const fixedNames: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'signature',
  'tool_use_id',
  'file_id',
  'encrypted_content',
  'encrypted_index',
  'encrypted_stdout',
  'media_type',
  'stop_reason',
]);

/** Objects whose `data` is bytes, not text. */
const dataTypes: ReadonlySet<Json | undefined> = new Set(['base64', 'redacted_thinking']);

/**
 * Passes every string and property name of a value through `visit`. Returns the value itself where nothing changed,
 * else a copy that shares what did not.
 */
export function mapStrings(value: Json, visit: Visit, path: readonly (string | number)[] = []): Json {
  if (typeof value === 'string') return visit(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    const mapped = items.map((item, index) => mapStrings(item, visit, [...path, index]));
    return mapped.some((item, index) => item !== items[index]) ? mapped : value;
  }
  return mapMembers(value as JsonObject, visit, path);
}

function mapMembers(value: JsonObject, visit: Visit, path: readonly (string | number)[]): JsonObject {
  let changed = false;
  const members = Object.entries(value).map(([name, member]): [string, Json] => {
    if (isFixed(value, name)) return [name, member];
    const newName = visit(name, [...path, name, '']);
    const newMember = mapStrings(member, visit, [...path, name]);
    if (newName !== name || newMember !== member) changed = true;
    return [newName, newMember];
  });
  return changed ? Object.fromEntries(members) : value;
}

function isFixed(holder: JsonObject, name: string): boolean {
  if (fixedNames.has(name)) return true;
  if (name === 'data') return dataTypes.has(holder.type);
  // The name of a tool is a reference to the caller's own definition.
  return name === 'name' && typeof holder.type === 'string' && holder.type.endsWith('tool_use');
}
