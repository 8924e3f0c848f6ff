import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Context, Environment } from './context.ts';
import { configSchema, type SchemaNode } from './describe.ts';
import { ConfigFaults, type Fault } from './faults.ts';
import { describeAt, formWith, isSecretAt, knownKeys, nearest } from './hints.ts';
import { applyOverrides, overrideName, type Tree } from './overrides.ts';
import { plainWords } from './plain_words.ts';
import { type Config, type ConfigInput, schemaFor } from './schema.ts';
import { yamlFault } from './yaml_faults.ts';

/**
 * Reads a configuration file (YAML), applies the `SALLYPORT_` overrides of `env`, checks it and reads its secrets.
 * Relative paths start at the folder of the file. Throws `ConfigFaults` with every fault at once.
 */
export function loadConfig(file: string, env: Environment): Config {
  const path = resolve(file);
  const tree = readTree(path);
  const faults = applyOverrides(tree, env);
  return check(tree, { directory: dirname(path), env }, path, faults, env);
}

/**
 * The configuration of a development gateway on this host: the development issuer, the built-in bundle, state in
 * `dataDir`, where relative paths start. `overrides` are written as in a file and must bring `credential`; they win,
 * key by key. Throws `ConfigFaults`.
 */
export function developmentConfig(dataDir: string, overrides: ConfigInput, env: Environment = {}): Config {
  const directory = resolve(dataDir);
  const base = { data_dir: directory, identity: { development: true }, policy: { source: 'builtin' } };
  return check(merge(base, overrides), { directory, env }, 'the development configuration', []);
}

function readTree(path: string): Tree {
  const refuse = (faultPath: string, message: string, hint: string) =>
    new ConfigFaults(path, [{ path: faultPath, message, hint }]);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'error';
    throw refuse(
      path,
      `cannot be read (${code})`,
      'Give the path of a configuration file, or run `sallyport dev` to try the gateway.',
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false });
  const broken = [...document.errors, ...document.warnings].map((error): Fault => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: `line ${line}, column ${col}`, ...yamlFault(error.code) };
  });
  if (broken.length > 0) throw new ConfigFaults(path, broken);
  const tree: unknown = document.toJS({ maxAliasCount: 20 });
  if (tree === null || tree === undefined) return {};
  if (typeof tree !== 'object' || Array.isArray(tree)) {
    throw refuse('the file', 'not a mapping of keys', 'Start with a key, such as `upstream:`.');
  }
  return tree as Tree;
}

/** `overrides` are the variables that were applied to `tree`: a fault of one is told under its name. */
function check(
  tree: unknown,
  context: Context,
  source: string,
  earlier: readonly Fault[],
  overrides: Environment = {},
): Config {
  const result = schemaFor(context).safeParse(tree);
  if (result.success && earlier.length === 0) return result.data;
  const about = configSchema();
  const found = (result.error?.issues ?? []).flatMap((issue) => toFaults(issue, about, overrides));
  throw new ConfigFaults(source, [...earlier, ...found]);
}

function toFaults(issue: z.core.$ZodIssue, schema: SchemaNode, overrides: Environment): Fault[] {
  if (issue.code === 'invalid_union') {
    // The forms of another type or value say nothing; where one form is left, its own faults do.
    const forms = issue.errors.filter((form) => !form.some((it) => isOtherForm(it)));
    if (forms.length === 1) {
      return forms[0]!.flatMap((inner) =>
        toFaults({ ...inner, path: [...issue.path, ...inner.path] }, schema, overrides),
      );
    }
  }
  const place = (path: readonly PropertyKey[]) => {
    const variable = overrideName(path);
    return overrides[variable] === undefined ? spell(path) : variable;
  };
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => ({
      path: place([...issue.path, key]),
      message: 'not a known key',
      hint: unknownKeyHint(key, known, formWith(schema, issue.path, key)),
    }));
  }
  const custom = issue.code === 'custom' ? issue.params?.hint : undefined;
  const about = describeAt(schema, issue.path);
  const how = isSecretAt(schema, issue.path)
    ? 'Write a secret as {file: path} or {env: NAME}, never itself.'
    : `Also set by ${overrideName(issue.path)}.`;
  const hint = typeof custom === 'string' ? custom : `${about ? `${about} ` : ''}${how}`;
  return [{ path: place(issue.path), message: plainWords(issue.message), hint }];
}

function isOtherForm({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function unknownKeyHint(key: string, known: readonly string[], form: string | null): string {
  if (form !== null) return `It goes with ${form}.`;
  const close = nearest(key, known);
  if (close !== null) return `Did you mean ${close}?`;
  return known.length > 0 ? `Known here: ${known.join(', ')}.` : '';
}

function spell(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return text.replace(/^\./, '') || 'the whole configuration';
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isTree(base) || !isTree(over)) return over;
  const merged: Tree = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value);
  return merged;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
