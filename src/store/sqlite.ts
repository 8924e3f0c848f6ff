import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { ownFile } from './data_dir.ts';

/** One open SQLite file, for the rooms that keep a file of their own and prepare their statements. */
export type SqliteFile = DatabaseSync;

/** A value that SQLite stores. */
export type SqliteValue = SQLInputValue;

/** How long a statement waits for a lock that another connection holds. */
const BUSY_MS = 2000;

/**
 * Opens a SQLite file, creating it owner-only. A writer commits durably: WAL with `synchronous=FULL` syncs the log at
 * every commit (`NORMAL` may lose the newest commits with the power, https://www.sqlite.org/pragma.html#pragma_synchronous).
 * A reader sees committed rows only and can write nothing.
 */
export function openSqlite(path: string, access: 'write' | 'read' = 'write'): DatabaseSync {
  if (access === 'read') return new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
  ownFile(path);
  const database = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  } catch (fault) {
    database.close();
    throw fault;
  }
  return database;
}
