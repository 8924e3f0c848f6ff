import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files of `policies/` that a guide shows: each an indented block under a line that is the file's path in
 * backquotes and a colon, or ends with it. By path inside `policies/`.
 */
export function guideFiles(name: string): Readonly<Record<string, string>> {
  const text = readFileSync(join(import.meta.dirname, '../../docs/guides', name), 'utf8');
  const shown = text.matchAll(/`policies\/([^`]+)`:\n\n((?: {4}.*\n|\n)+)/g);
  return Object.fromEntries(
    [...shown].map(([, path, block]) => [path, `${block!.replace(/^ {4}/gm, '').trimEnd()}\n`]),
  );
}
