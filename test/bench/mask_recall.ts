import { type DetectorRule, readExample } from '../../src/mask/index.ts';
import type { Detectors } from '../../src/model/scan.ts';
import { halfSeen, type Spell, seen } from '../mask/rules/evasions.ts';
import { figure, note } from './figure.ts';

/** How many examples of the rules are covered whole where their value is spelled in other ways. */
export function recallFigures(detectors: Detectors, rules: readonly DetectorRule[]): void {
  const examples = rules.flatMap((rule) => rule.examples).map(readExample);
  for (const [name, spell] of Object.entries(seen))
    figure(`mask_recall_percent_${name}`, recall(detectors, examples, spell), '%', '>=', 97);
  for (const [name, spell] of Object.entries(halfSeen))
    note(`mask_recall_percent_${name}`, recall(detectors, examples, spell), '%');
}

function recall(detectors: Detectors, examples: readonly ReturnType<typeof readExample>[], spell: Spell): number {
  const whole = examples.filter(({ text, covered }) => {
    const [from, to] = covered[0]!;
    const spelled = spell(text.slice(from, to));
    let end = from;
    for (const span of detectors.scan(text.slice(0, from) + spelled + text.slice(to)).spans)
      if (span.from <= end) end = Math.max(end, span.to);
    return end >= from + spelled.length;
  });
  return (100 * whole.length) / examples.length;
}
