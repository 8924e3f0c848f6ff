import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { syncDirectory } from '../store/index.ts';
import { BundleRefused } from './refusal.ts';

/** The high-water mark of one scope: no bundle below it is activated, and no other content under the same version. */
export interface Floor {
  readonly version: number;
  /** The revision that was activated under that version; null where an operator set the floor. */
  readonly revision: string | null;
}

/** High-water marks in `<data_dir>/policy/floor.json`. They outlive a restart, which is what a downgrade waits for. */
export interface Floors {
  /** The floor of a scope, or null. Throws BundleRefused version_floor when the file cannot be trusted. */
  read(scope: string): Floor | null;
  /** Durable when it returns. */
  write(scope: string, floor: Floor): void;
}

/** Opens the floors of a data directory. */
export function openFloors(directory: string): Floors {
  const path = join(directory, 'policy', 'floor.json');
  const all = (): { [scope: string]: Floor } => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return {};
      throw new BundleRefused('version_floor', `the version floor in ${path} cannot be read`, thrown);
    }
    return parse(text, path);
  };
  return {
    read: (scope) => (Object.hasOwn(all(), scope) ? all()[scope]! : null),
    write(scope, floor) {
      writeDurably(path, Buffer.from(`${JSON.stringify({ ...all(), [scope]: floor }, null, 2)}\n`));
    },
  };
}

function parse(text: string, path: string): { [scope: string]: Floor } {
  try {
    const floors = JSON.parse(text) as { [scope: string]: Partial<Floor> };
    for (const { version, revision } of Object.values(floors)) {
      if (!Number.isSafeInteger(version) || (revision !== null && typeof revision !== 'string'))
        throw new Error('shape');
    }
    return floors as { [scope: string]: Floor };
  } catch (thrown) {
    throw new BundleRefused(
      'version_floor',
      `the version floor in ${path} is damaged; mend or remove it knowingly`,
      thrown,
    );
  }
}

/** Writes a file, owner-only, so that a crash leaves either the old or the new one. */
export function writeDurably(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}
