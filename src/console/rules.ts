import type { RuleRow } from './models.ts';

/** A rule as its author wrote it. In an id that is put together, `*` stands for what the rule decides at run time. */
export type WrittenRule = Pick<RuleRow, 'id' | 'title' | 'package' | 'effect' | 'place'>;

const head = /^(allow|deny|require_approval|mask|directive) contains /gm;

/**
 * The rules with an id in the Rego sources of a bundle, in the order of their files: which set each adds to, under which
 * id, on which line, with the title of the METADATA block right above it.
 */
export function writtenRules(sources: ReadonlyMap<string, string>): readonly WrittenRule[] {
  const rules: WrittenRule[] = [];
  for (const [path, text] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (path.endsWith('_test.rego')) continue;
    const name = /^package ([\w.]+)/m.exec(text)?.[1] ?? path;
    for (const { 0: found, 1: effect = '', index } of text.matchAll(head)) {
      const above = text.slice(0, index);
      // A rule ends where its body closes, or with its line.
      const rule = /^[\s\S]*?(?:\n\}|\n(?=\n|$)|$)/.exec(text.slice(index + found.length))?.[0] ?? '';
      const id = idOf(rule);
      if (id === null) continue;
      const place = `${path}:${above.split('\n').length}`;
      rules.push({ id, title: titleAbove(above), package: name.replace(/^policies\./, ''), effect, place });
    }
  }
  return rules;
}

/** The literal id of a rule, or the pattern of one that `concat` or `sprintf` puts together; null where it has none. */
function idOf(rule: string): string | null {
  const literal = /"id":\s*"([^"]+)"/.exec(rule);
  if (literal) return literal[1]!;
  if (!/"id":/.test(rule)) return null;
  const joined = /\bid := concat\("([^"]*)", \[([^\]]*)\]\)/.exec(rule);
  if (joined) return pieces(joined[2]!).join(joined[1]);
  const printed = /\bid := sprintf\("([^"]*)"/.exec(rule);
  return printed ? printed[1]!.replace(/%[a-z]/g, '*') : '*';
}

function pieces(list: string): string[] {
  return list.split(',').map((piece) => /^\s*"(.*)"\s*$/.exec(piece)?.[1] ?? '*');
}

/** The title in the comment block that ends the text. */
function titleAbove(text: string): string {
  const block = /(?:^#.*\n)+$/m.exec(text)?.[0] ?? '';
  return /^# title: (.*)$/m.exec(block)?.[1] ?? '';
}

/** Whether an id that was seen is one of the rule's. */
export function isOf(rule: Pick<WrittenRule, 'id'>, id: string): boolean {
  if (!rule.id.includes('*')) return rule.id === id;
  const [first = '', ...rest] = rule.id.split('*');
  const last = rest.at(-1) ?? '';
  return id.startsWith(first) && id.endsWith(last) && id.length > first.length + last.length;
}

/**
 * Where a rule id is written, null where it is not: an exact id before a pattern, and among several the one that adds to
 * the set `effect`.
 */
export function placeOf(rules: readonly WrittenRule[], id: string, effect: string): string | null {
  const found = rules.filter((rule) => rule.id !== '*' && isOf(rule, id));
  const exact = found.filter((rule) => rule.id === id);
  const fitting = exact.length > 0 ? exact : found;
  return (fitting.find((rule) => rule.effect === effect) ?? fitting[0])?.place ?? null;
}
