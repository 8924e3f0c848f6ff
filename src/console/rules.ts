import type { RuleRow } from './models.ts';

/** A rule as its author wrote it. */
export type WrittenRule = Pick<RuleRow, 'id' | 'title' | 'package' | 'effect' | 'place'>;

const rulePattern = /^(allow|deny|require_approval|mask|directive) contains \{[^{}]*?"id":\s*"([^"]+)"/gm;

/**
 * The rules in the Rego sources of a bundle, in the order of their files: which set each adds to, under which id, on
 * which line, with the title of the METADATA block right above it. A rule whose id is computed is not found; ids of
 * the published bundles are literals.
 */
export function writtenRules(sources: ReadonlyMap<string, string>): readonly WrittenRule[] {
  const rules: WrittenRule[] = [];
  for (const [path, text] of [...sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (path.endsWith('_test.rego')) continue;
    const name = /^package ([\w.]+)/m.exec(text)?.[1] ?? path;
    for (const match of text.matchAll(rulePattern)) {
      const [, set = '', id = ''] = match;
      const above = text.slice(0, match.index);
      rules.push({
        id,
        title: titleAbove(above),
        package: name.replace(/^policies\./, ''),
        effect: set,
        place: `${path}:${above.split('\n').length}`,
      });
    }
  }
  return rules;
}

/** The title in the comment block that ends the text. */
function titleAbove(text: string): string {
  const block = /(?:^#.*\n)+$/m.exec(text)?.[0] ?? '';
  return /^# title: (.*)$/m.exec(block)?.[1] ?? '';
}

/** Where each rule id is written; the first place counts. */
export function placesOf(rules: readonly WrittenRule[]): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const { id, place } of rules) if (!places.has(id)) places.set(id, place);
  return places;
}
