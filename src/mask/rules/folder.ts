import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type CompiledRule, compileRules } from './compile.ts';
import { type RuleFault, type RuleSource, readRules } from './format.ts';

/**
 * Reads and compiles every rule file (`.yaml`, `.yml`, `.json`) of a folder, in the order of their names. Every fault
 * of every file is told; what has none is compiled. Throws as `readdirSync` where the folder cannot be read.
 */
export function compileFolder(folder: string): {
  readonly compiled: readonly CompiledRule[];
  readonly faults: readonly RuleFault[];
} {
  const sources: RuleSource[] = [];
  const unread: RuleFault[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!/\.(?:ya?ml|json)$/.test(name)) continue;
    try {
      sources.push({ name, content: parse(readFileSync(join(folder, name), 'utf8')) as unknown });
    } catch (thrown) {
      unread.push({ place: name, problem: thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown) });
    }
  }
  const { rules, faults } = readRules(sources);
  const { compiled, faults: more } = compileRules(rules);
  return { compiled, faults: [...unread, ...faults, ...more] };
}
