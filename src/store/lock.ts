import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from '../errors.ts';
import { ownFile } from './data_dir.ts';

/** Held by the one process that may write in a data directory. */
export interface Lock {
  release(): void;
}

/**
 * Takes the data directory for this process alone. The lock is the kernel's (a file lock that SQLite takes), so it
 * ends with the process however that dies, and a number that now belongs to another process cannot be mistaken for a
 * holder. `gateway.pid` only says who holds it.
 * Throws `StartError` naming the holder when another gateway runs on the directory.
 */
export function lockDirectory(directory: string): Lock {
  const path = join(directory, 'lock');
  const note = join(directory, 'gateway.pid');
  ownFile(path);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    const holder = readHolder(note);
    throw new StartError(
      `another gateway${holder} is using ${directory}. Stop it first, or give this one its own data_dir`,
      { cause },
    );
  }
  writeFileSync(note, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      if (!database.isOpen) return;
      rmSync(note, { force: true });
      database.close();
    },
  };
}

function readHolder(note: string): string {
  try {
    return ` (process ${Number.parseInt(readFileSync(note, 'utf8'), 10)})`;
  } catch {
    return '';
  }
}
