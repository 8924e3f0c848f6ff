import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../store/index.ts';
import { BundleRefused } from './refusal.ts';

/** The high-water mark of one scope: no bundle below it is activated, and no other content under the same version. */
export interface Floor {
  readonly version: number;
  /** The revision that was activated under that version; null where an operator set the floor. */
  readonly revision: string | null;
}

/** High-water marks in `floor.json`. They outlive a restart, which is what a downgrade waits for. */
export interface Floors {
  /** The floor of a scope, or null. Throws BundleRefused version_floor when the file cannot be trusted. */
  read(scope: string): Floor | null;
  /** Durable when it returns; makes the directory where it is missing. */
  write(scope: string, floor: Floor): void;
}

/** Opens the floors that are kept in a directory. */
export function openFloors(directory: string): Floors {
  const path = join(directory, 'floor.json');
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
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      replaceFile(path, `${JSON.stringify({ ...all(), [scope]: floor }, null, 2)}\n`);
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
