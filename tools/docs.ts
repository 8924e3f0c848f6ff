/**
 * Writes the reference pages that come from the code's own tables: `docs/reference/configuration.md` from the
 * configuration schema and `docs/reference/errors.md` from the error table. `make docs` runs it; a test fails when a
 * page is not up to date.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configSchema, type SchemaNode } from '../src/config/index.ts';
import { errorTable } from '../src/errors.ts';
import { detectorsPage } from './docs_detectors.ts';
import { policyPages } from './policies/pages.ts';

/** Every generated page: its path in the project and its text. */
export function pages(): { readonly path: string; readonly text: string }[] {
  return [
    { path: 'docs/reference/configuration.md', text: configurationPage() },
    { path: 'docs/reference/errors.md', text: errorsPage() },
    { path: 'docs/reference/detectors.md', text: detectorsPage() },
    ...policyPages(),
  ];
}

function configurationPage(): string {
  const lines = [
    '# Configuration',
    '',
    'Generated from the configuration schema by `make docs`.',
    '',
    'One YAML file, given as `sallyport serve --config FILE`. `sallyport config check` reports every fault at once,',
    '`sallyport config print` shows what is in force with secrets hidden, `sallyport config schema` prints a JSON Schema',
    'for your editor.',
    '',
    '- Any key can be set by an environment variable: `SALLYPORT_` and the path in upper case with two underscores',
    '  between the keys, a number for a place in a list. The value is YAML: `SALLYPORT_LISTEN__DATA=127.0.0.1:9000` sets',
    '  `listen.data`. Only `SALLYPORT_TOKEN` and `SALLYPORT_GATEWAY` are not keys; they belong to the command line.',
    '- A *secret* is only ever `{file: path}` or `{env: NAME}`. The file must be readable by its owner alone.',
    '- Relative paths start at the folder of the configuration file.',
    '- Unknown keys are faults.',
    '',
    '| key | takes | default | meaning |',
    '| --- | --- | --- | --- |',
    ...rowsOf(configSchema(), '', ''),
    '',
  ];
  return lines.join('\n');
}

function rowsOf(node: SchemaNode, path: string, condition: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const here = path === '' ? key : `${path}.${key}`;
    const fallback = isSection(child) || child.default === undefined ? '' : code(child.default);
    const needed = node.required?.includes(key) ? 'required' : fallback;
    const own = row(here, takes(child), needed, `${child.description ?? ''}${condition}`);
    return [own, ...(isSecret(child) ? [] : below(child, here, condition))];
  });
}

function row(path: string, takesWhat: string, fallback: string, meaning: string): string {
  return `| \`${path}\` | ${takesWhat} | ${fallback} | ${meaning.replaceAll('|', '\\|').trim()} |`;
}

function below(node: SchemaNode, path: string, condition: string): string[] {
  const lines = [...rowsOf(node, path, condition), ...formRows(node.oneOf ?? node.anyOf ?? [], path, condition)];
  if (node.items !== undefined) lines.push(...below(node.items, `${path}[]`, condition));
  if (typeof node.additionalProperties === 'object') {
    lines.push(...below(node.additionalProperties, `${path}.<name>`, condition));
  }
  return lines;
}

/** Alternative forms of one mapping: the key that chooses has one row, the others say with which choice they go. */
function formRows(forms: readonly SchemaNode[], path: string, condition: string): string[] {
  const chooser = Object.entries(forms[0]?.properties ?? {}).find(([, value]) => typeof value.const === 'string')?.[0];
  if (chooser === undefined) {
    return forms.flatMap((form) => rowsOf({ properties: form.properties ?? {} }, path, condition));
  }
  const choices = forms.map((form) => form.properties?.[chooser]?.const);
  const lines = [
    row(`${path}.${chooser}`, choices.map(code).join(', '), 'required', `Which form this is.${condition}`),
  ];
  for (const [index, form] of forms.entries()) {
    const { [chooser]: _, ...properties } = form.properties ?? {};
    const rest = { properties, required: form.required ?? [] };
    lines.push(...rowsOf(rest, path, ` With \`${chooser}: ${String(choices[index])}\`.`));
  }
  return lines;
}

/** A mapping with keys of its own, whose default is the sum of theirs. */
function isSection(node: SchemaNode): boolean {
  return node.properties !== undefined && !isSecret(node);
}

function isSecret(node: SchemaNode): boolean {
  return Object.keys(node.properties ?? {}).join() === 'file,env';
}

function takes(node: SchemaNode): string {
  if (isSecret(node)) return 'secret';
  if (node.const !== undefined) return code(node.const);
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  const forms = node.oneOf ?? node.anyOf;
  if (forms !== undefined) return [...new Set(forms.map(takes))].join(' or ');
  if (node.type === 'array') return `list of ${node.items ? takes(node.items) : 'anything'}`;
  if (node.type === 'object') return 'mapping';
  return node.type ?? '';
}

function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function errorsPage(): string {
  const lines = [
    '# Errors',
    '',
    'Generated from the error table by `make docs`.',
    '',
    'Every refusal is an error in the form of the Claude API, so that the official clients raise their own exception for',
    'it. The code is `error.code` of the answer; it does not change between versions. The `request-id` header names the',
    'exchange in the log and in `sallyport audit list`. Where *retry* is no, the answer carries `x-should-retry: false`. A',
    'text marked *detailed* is replaced by a more exact one where there is one. The reason is the label of the metrics.',
    '',
    '| code | status | type | reason | retry | text |',
    '| --- | --- | --- | --- | --- | --- |',
    ...Object.entries(errorTable).map(([name, { status, type, reason, retry, text, open }]) => {
      const cells = [
        code(name),
        status,
        code(type),
        reason,
        retry ? 'yes' : 'no',
        `${text}${open ? ' *(detailed)*' : ''}`,
      ];
      return `| ${cells.join(' | ')} |`;
    }),
    '',
  ];
  return lines.join('\n');
}

if (import.meta.main) {
  for (const { path, text } of pages()) {
    const target = join(import.meta.dirname, '..', path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
