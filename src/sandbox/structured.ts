import type { Json, JsonObject } from '../model/json.ts';
import { isObject, listOf, objectsOf, textOf } from './json.ts';

/**
 * Makes a value that a JSON Schema accepts: required properties only, the first choice where it offers several.
 *
 * @param hint text for strings that the schema leaves free
 */
export function satisfy(schema: JsonObject, hint: string, root: JsonObject = schema): Json {
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum) && schema.enum.length) return schema.enum[0]!;
  if (typeof schema.$ref === 'string') {
    const target = schema.$ref.replace(/^#\//, '').split('/');
    let found: Json | undefined = root;
    for (const name of target) found = isObject(found) ? found[name] : undefined;
    return isObject(found) ? satisfy(found, hint, root) : null;
  }
  const choice = objectsOf(schema.anyOf)[0] ?? objectsOf(schema.oneOf)[0];
  if (choice) return satisfy(choice, hint, root);
  const type = Array.isArray(schema.type) ? textOf(schema.type[0]) : textOf(schema.type);
  switch (type) {
    case 'object':
      return satisfyObject(schema, hint, root);
    case 'array': {
      const least = typeof schema.minItems === 'number' ? schema.minItems : 0;
      const item = isObject(schema.items) ? schema.items : {};
      return Array.from({ length: least }, () => satisfy(item, hint, root));
    }
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 0;
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'string': {
      const most = typeof schema.maxLength === 'number' ? schema.maxLength : 60;
      const least = typeof schema.minLength === 'number' ? schema.minLength : 0;
      return hint.slice(0, most).padEnd(least, '.');
    }
    default:
      return isObject(schema.properties) ? satisfyObject(schema, hint, root) : hint;
  }
}

function satisfyObject(schema: JsonObject, hint: string, root: JsonObject): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const made: Record<string, Json> = {};
  for (const name of listOf(schema.required)) {
    if (typeof name !== 'string') continue;
    const property = properties[name];
    made[name] = isObject(property) ? satisfy(property, hint, root) : hint;
  }
  return made;
}
