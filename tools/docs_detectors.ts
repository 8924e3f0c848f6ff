import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type DetectorRule, readRules } from '../src/mask/index.ts';

const folder = join(import.meta.dirname, '../policies/detectors');

/** The reference page of all rules in `policies/detectors`, by class. Throws where a file has a fault. */
export function detectorsPage(): string {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const sources = names
    .sort()
    .map((name) => ({ name, content: parse(readFileSync(join(folder, name), 'utf8')) as unknown }));
  const { rules, faults } = readRules(sources);
  if (faults.length > 0) throw new Error(faults.map(({ place, problem }) => `${place}: ${problem}`).join('\n'));
  const classes = [...new Set(rules.map((rule) => rule.class))].sort();
  const lines = [
    '# Detectors',
    '',
    'Generated from `policies/detectors` by `make docs`. How rules are written: [the guide](../guides/detectors.md).',
    '',
    `${rules.length} rules in ${classes.length} classes. Policy counts and masks by class. Between « and » stands what is covered.`,
    '',
  ];
  for (const className of classes) {
    lines.push(
      `## ${className}`,
      '',
      '| rule | finds | source | covers | but not |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const rule of rules.filter((one) => one.class === className)) lines.push(rowOf(rule));
    lines.push('');
  }
  return lines.join('\n');
}

function rowOf(rule: DetectorRule): string {
  const cells = [
    `\`${rule.id}\``,
    plain(rule.label),
    plain(rule.reference),
    example(rule.examples[0]!),
    example(rule.near[0]!),
  ];
  return `| ${cells.join(' | ')} |`;
}

function plain(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** The middle dots stay: they keep scanners of this repository quiet. Long values are shortened. */
function example(text: string): string {
  const line = text.replace(/\r?\n/g, '⏎');
  const short = line.length > 90 ? `${line.slice(0, 60)}…${line.slice(-24)}` : line;
  return `\`${short.replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}
