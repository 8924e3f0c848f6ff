import { stringify } from 'yaml';
import { z } from 'zod';
import { type Config, schemaFor } from './schema.ts';

/** The part of JSON Schema (draft 2020-12) that the configuration uses. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: { readonly [key: string]: SchemaNode };
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

/** JSON Schema of the configuration as written in the file, for editors and for the reference page. */
export function configSchema(): SchemaNode {
  const schema: unknown = z.toJSONSchema(schemaFor({ directory: '/', env: {} }), { io: 'input' });
  return schema as SchemaNode;
}

/** The whole configuration with every default filled in, as YAML; every secret shows as `[secret]`. */
export function printConfig(config: Config): string {
  return stringify(JSON.parse(JSON.stringify(config)));
}
