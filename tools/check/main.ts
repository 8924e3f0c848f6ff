/** The part of `make check` that is ours: the import rule and the size of files. Prints every fault at once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importFaults, type Sources } from './imports.ts';
import { sizeFaults } from './sizes.ts';

const root = join(import.meta.dirname, '../..');

/** Reads the files of some folders whose names end in one of `endings`. */
export function sourcesIn(folders: readonly string[], endings: readonly string[]): Sources {
  const found = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !endings.some((ending) => entry.name.endsWith(ending))) continue;
      const path = join(entry.parentPath, entry.name);
      found.set(path.slice(root.length + 1).replaceAll('\\', '/'), readFileSync(path, 'utf8'));
    }
  }
  return found;
}

/** The packages an installation without development packages has. */
export function runtimeDependencies(): ReadonlySet<string> {
  const manifest: { dependencies: object } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return new Set(Object.keys(manifest.dependencies));
}

/** Every fault in this checkout. */
export function projectFaults(): string[] {
  return [
    ...importFaults(sourcesIn(['src'], ['.ts', '.tsx', '.js']), runtimeDependencies()),
    ...sizeFaults(sourcesIn(['src', 'test', 'tools', 'policies'], ['.ts', '.tsx', '.rego'])),
  ];
}

if (import.meta.main) {
  const faults = projectFaults();
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
