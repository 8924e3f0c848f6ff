import { spawnSync } from 'node:child_process';
import { it, type TestContext } from 'vitest';
import { findTool, howToGet, type Tool } from '../../tools/find.ts';

/**
 * Defines tests that need a real program, with its path. Where it is missing one test stands for them: skipped with the
 * reason, or failing where CI is set.
 */
export function withProgram(tool: Tool, tests: string, define: (path: string) => void): void {
  const path = findTool(tool);
  if (path !== null) {
    define(path);
    return;
  }
  it(tests, (context) => {
    if (process.env.CI) throw new Error(howToGet(tool));
    context.skip(`${tests}: ${howToGet(tool)}`);
  });
}

/** Goes on where a program of the system is there; else skips the test with the reason, or fails it where CI is set. */
export function needs(context: TestContext, program: string, from: string): void {
  if (!spawnSync(program, ['--version']).error) return;
  const reason = `${program} is missing; ${from} has it`;
  if (process.env.CI) throw new Error(reason);
  context.skip(`${context.task.name}: ${reason}`);
}
