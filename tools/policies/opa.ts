import { spawnSync } from 'node:child_process';
import { findTool, howToGet, type Tool } from '../find.ts';

/** A step of the policy build that failed; the message is all the author needs to see. */
export class BuildFailed extends Error {
  override readonly name = 'BuildFailed';
}

/**
 * Runs `opa` or `regal` in a folder and gives its standard output.
 *
 * @throws BuildFailed with the tool's own output where it exits non-zero or is missing.
 */
export function run(tool: Tool, folder: string, args: readonly string[]): string {
  const path = findTool(tool);
  if (path === null) throw new BuildFailed(howToGet(tool));
  const result = spawnSync(path, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.status !== 0) {
    throw new BuildFailed(
      `${tool} ${args[0]} failed:\n${result.stdout}${result.stderr || (result.error?.message ?? '')}`,
    );
  }
  return result.stdout;
}
