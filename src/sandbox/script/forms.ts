import type { JsonObject } from '../../model/json.ts';
import type { Asked } from '../asked.ts';
import { isObject } from '../json.ts';
import type { Step } from '../steps.ts';
import { satisfy } from '../structured.ts';

/**
 * The answer to a request that asks for JSON of a schema (session titles, classifiers), whatever the script; null for others.
 */
export function answerInForm(asked: Asked): readonly Step[] | null {
  const schema = schemaOf(asked.body);
  if (!schema) return null;
  const hint =
    asked.text
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 48) || 'Sandbox session';
  return [{ kind: 'say', text: JSON.stringify(satisfy(schema, hint)) }];
}

function schemaOf(body: JsonObject): JsonObject | null {
  const config = isObject(body.output_config) ? body.output_config.format : undefined;
  const format = config ?? body.output_format;
  if (!isObject(format) || format.type !== 'json_schema') return null;
  return isObject(format.schema) ? format.schema : null;
}
