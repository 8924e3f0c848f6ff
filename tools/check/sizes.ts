import type { Sources } from './imports.ts';

/** Longest file that can still be read in one sitting. */
export const lineLimit = 400;

/** Files with more lines than the limit, as sentences. Generated files are not read by people and do not count. */
export function sizeFaults(sources: Sources): string[] {
  const faults: string[] = [];
  for (const [path, text] of sources) {
    const lines = text.split('\n').length - 1;
    if (lines > lineLimit && !path.includes('/generated/')) {
      faults.push(`${path}: ${lines} lines, at most ${lineLimit}; a file does one job`);
    }
  }
  return faults;
}
