import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import {
  type CompiledRule,
  compileFolder,
  encodeTables,
  loadTables,
  type RuleFault,
  type Tables,
} from '../mask/index.ts';

/** Which rules a command works with; absent: the library of this project. */
export interface RulesOptions {
  /** Folder of rule files. */
  readonly rules?: string;
  /** Compiled tables, as `detectors compile` writes them. */
  readonly tables?: string;
}

const library = join(import.meta.dirname, '../../policies/detectors');

/** The compiled rules of a folder with every fault. Throws `StartError` where the folder cannot be read. */
export function readFolder({ rules = library }: RulesOptions): {
  readonly compiled: readonly CompiledRule[];
  readonly faults: readonly RuleFault[];
} {
  try {
    return compileFolder(rules);
  } catch (thrown) {
    throw new StartError(`The rules in ${rules} cannot be read: ${(thrown as Error).message}`);
  }
}

/** The rules of a folder, or a `StartError` with every fault they have. */
export function requireRules(options: RulesOptions): readonly CompiledRule[] {
  const { compiled, faults } = readFolder(options);
  if (faults.length > 0) throw new StartError(faults.map(({ place, problem }) => `${place}: ${problem}`).join('\n'));
  return compiled;
}

/** The tables to scan with: read where given, else compiled. Throws `StartError`. */
export function requireTables(options: RulesOptions): Tables {
  if (options.tables === undefined) return loadTables(encodeTables(requireRules(options)));
  try {
    return loadTables(readFileSync(options.tables));
  } catch (thrown) {
    throw new StartError(`The tables ${options.tables} cannot be used: ${(thrown as Error).message}`);
  }
}
