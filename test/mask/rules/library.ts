import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type CompiledRule, compileRules } from '../../../src/mask/rules/compile.ts';
import { readRules } from '../../../src/mask/rules/format.ts';

const folder = join(import.meta.dirname, '../../../policies/detectors');

/** The rules of `policies/detectors`, compiled; throws with every fault there is. */
export function compileLibrary(): readonly CompiledRule[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const sources = names
    .sort()
    .map((name) => ({ name, content: parse(readFileSync(join(folder, name), 'utf8')) as unknown }));
  const { rules, faults } = readRules(sources);
  const { compiled, faults: more } = compileRules(rules);
  const all = [...faults, ...more].map(({ place, problem }) => `${place}: ${problem}`);
  if (all.length > 0) throw new Error(all.join('\n'));
  return compiled;
}
