import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** One rule of a policy as its `# METADATA` tells it. */
interface Rule {
  readonly effect: string;
  readonly id: string | null;
  readonly title: string;
}

/** What a policy says at one point. */
interface Point {
  readonly point: string;
  readonly title: string;
  readonly description: string;
  readonly rules: readonly Rule[];
}

const source = join(import.meta.dirname, '../../policies');
/** In the order in which a request meets them. */
const points = ['request', 'chunk', 'tool_use', 'admin'];

/** One page for each policy of the built-in bundle, from the metadata of its rules and its data, and one that lists them. */
export function policyPages(): { readonly path: string; readonly text: string }[] {
  const policies = readdirSync(source)
    .sort()
    .map((name) => ({ name, points: pointsOf(name) }))
    .filter((policy) => policy.points.length > 0);
  const pages = policies.map(({ name, points: said }) => ({
    path: `docs/policies/${name}.md`,
    text: page(name, said),
  }));
  const rows = policies.map(({ name, points: said }) => {
    const titles = [...new Set(said.map(({ title }) => title))].join('; ');
    return `| [${name}](${name}.md) | ${said.map(({ point }) => `\`${point}\``).join(', ')} | ${titles} |`;
  });
  const text = [
    '# The policies that ship',
    '',
    'Generated from `policies/` by `make docs`. Each reads its lists from the `data.json` beside it; most changes need no Rego.',
    '[Your first policy](../guides/first-policy.md) shows how to change and add them.',
    '',
    '| policy | points | about |',
    '| --- | --- | --- |',
    ...rows,
    '',
    '## Whose approval a rule asks for',
    '',
    '`policies/approvals/data.json` says it for all rules: `default` holds for every rule, `rules` changes members of it by rule id.',
    '`quorum` persons of `groups` have to approve, never who asked or owns the workload that asked; `scopes` are what an approver may',
    'grant: this one call (`once`), what the same rules ask about in this conversation (`session`) or from this caller (`time_boxed`)',
    'for `grant_s` seconds. A question nobody answers ends after `expires_s`.',
    '',
    ...block('approvals'),
  ];
  return [{ path: 'docs/policies/README.md', text: `${text.join('\n')}\n` }, ...pages];
}

function pointsOf(name: string): Point[] {
  return points.flatMap((point) => {
    const file = join(source, name, point, `${point}.rego`);
    return existsSync(file) ? [{ point, ...read(readFileSync(file, 'utf8')) }] : [];
  });
}

function read(text: string): Omit<Point, 'point'> {
  const [, head, ...others] = text.split(/^# METADATA\n/m);
  const { title, description } = metadata(head ?? '');
  const rules = others.flatMap((block) => {
    const effect = /^(deny|require_approval|allow|mask|directive) contains /m.exec(block)?.[1];
    if (effect === undefined) return [];
    const id =
      /"id": "([a-z-]+)"/.exec(block)?.[1] ??
      /concat\("-", \[(\w+), "([a-z-]+)"\]\)/.exec(block)?.slice(1, 3).join('-');
    return [{ effect, id: id?.replace(/^class-/, '*class*-') ?? null, title: metadata(block).title }];
  });
  return { title, description, rules };
}

function metadata(block: string): { readonly title: string; readonly description: string } {
  const lines = block.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const comment = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^# ?/, ''));
  const { title, description } = parse(comment.join('\n')) as { title?: string; description?: string };
  return { title: title ?? '', description: (description ?? '').trim() };
}

function page(name: string, said: readonly Point[]): string {
  const lines = [`# Policy \`${name}\``, '', `Generated from \`policies/${name}\` by \`make docs\`.`, ''];
  for (const { point, title, description, rules } of said) {
    lines.push(`## ${title} (\`${point}\`)`, '');
    if (description !== '') lines.push(...wrapped(description), '');
    lines.push('| effect | rule | when |', '| --- | --- | --- |');
    for (const rule of rules) {
      const id = rule.id === null ? '' : rule.id.startsWith('*') ? rule.id : `\`${rule.id}\``;
      lines.push(`| ${rule.effect.replace('_', ' ')} | ${id} | ${rule.title} |`);
    }
    lines.push('');
  }
  lines.push(...block(name));
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The data as shipped. */
function block(name: string): string[] {
  const file = join(source, name, 'data.json');
  if (!existsSync(file)) return [];
  return [`\`policies/${name}/data.json\` as shipped:`, '', '```json', readFileSync(file, 'utf8').trimEnd(), '```'];
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > 120) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
