import { findTool, howToGet, type Tool } from '../../tools/find.ts';

/**
 * The path of a real program that tests need. Where it is missing the tests are to be skipped, with the reason printed;
 * where CI is set a missing program is a failure.
 *
 * @throws Error in CI
 */
export function programOrSkip(tool: Tool, tests: string): string | null {
  const path = findTool(tool);
  if (path !== null) return path;
  if (process.env.CI) throw new Error(`${tests}: ${howToGet(tool)}`);
  process.stderr.write(`skipped ${tests}: ${howToGet(tool)}\n`);
  return null;
}
