import { join } from 'node:path';
import type { CompiledRule } from '../../../src/mask/rules/compile.ts';
import { compileFolder } from '../../../src/mask/rules/folder.ts';

/** The rules of `policies/detectors`, compiled; throws with every fault there is. */
export function compileLibrary(): readonly CompiledRule[] {
  const { compiled, faults } = compileFolder(join(import.meta.dirname, '../../../policies/detectors'));
  if (faults.length > 0) throw new Error(faults.map(({ place, problem }) => `${place}: ${problem}`).join('\n'));
  return compiled;
}
