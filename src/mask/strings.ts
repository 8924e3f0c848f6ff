import type { Json, JsonObject } from '../model/json.ts';

/**
 * What may become of one string of a JSON value; `path` names its place, the property name or index last, and is only
 * valid during the call.
 */
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

/**
 * Names that Claude gives to the parts of an answer: no client finds a part under another name, so none is looked for
 * values. What stands under them is walked like anything else. Source: the Messages API reference.
 */
const partNames: ReadonlySet<string> = new Set([
  ...[
    'message',
    'index',
    'delta',
    'content',
    'content_block',
    'text',
    'citations',
    'usage',
    'error',
    'context_management',
  ],
  ...['stop_sequence', 'input_tokens', 'output_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'],
  ...['cache_creation', 'ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens', 'server_tool_use', 'service_tier'],
]);

/** Objects whose `data` is bytes, not text. */
const dataTypes: ReadonlySet<Json | undefined> = new Set(['base64', 'redacted_thinking']);

/** Numbers of twelve digits and more may be cards; those of the protocol are shorter. */
const longNumber = 1e11;

/**
 * Passes every string, property name and long number of a value through `visit`. Returns the value itself where nothing changed,
 * else a copy that shares what did not.
 */
export function mapStrings(value: Json, visit: Visit): Json {
  return mapValue(value, visit, []);
}

function mapValue(value: Json, visit: Visit, path: (string | number)[]): Json {
  if (typeof value === 'string') return visit(value, path);
  if (typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) >= longNumber) {
    const text = String(value);
    const visited = visit(text, path);
    return visited === text ? value : visited;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? mapItems(value, visit, path) : mapMembers(value as JsonObject, visit, path);
}

function mapItems(items: readonly Json[], visit: Visit, path: (string | number)[]): Json {
  let mapped: Json[] | null = null;
  for (let index = 0; index < items.length; index++) {
    path.push(index);
    const item = mapValue(items[index]!, visit, path);
    path.pop();
    if (item !== items[index]) mapped ??= items.slice();
    if (mapped) mapped[index] = item;
  }
  return mapped ?? items;
}

function mapMembers(value: JsonObject, visit: Visit, path: (string | number)[]): JsonObject {
  let changes: Map<string, readonly [name: string, member: Json]> | null = null;
  for (const name in value) {
    if (isFixed(value, name)) continue;
    const member = value[name]!;
    path.push(name, '');
    const newName = partNames.has(name) ? name : visit(name, path);
    path.pop();
    const newMember = mapValue(member, visit, path);
    path.pop();
    if (newName === name && newMember === member) continue;
    changes ??= new Map();
    changes.set(name, [newName, newMember]);
  }
  if (!changes) return value;
  // In one go, in their order; a name such as `__proto__` becomes an ordinary own property.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => changes.get(name) ?? [name, member]));
}

function isFixed(holder: JsonObject, name: string): boolean {
  if (fixedNames.has(name)) return true;
  if (name === 'data') return dataTypes.has(holder.type);
  // The name of a tool is a reference to the caller's own definition.
  return name === 'name' && typeof holder.type === 'string' && holder.type.endsWith('tool_use');
}
