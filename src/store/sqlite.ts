import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { LRUCache } from 'lru-cache';
import { ownFile } from './data_dir.ts';

/** One open SQLite file, for the rooms that keep a file of their own and prepare their statements. */
export type SqliteFile = DatabaseSync;

/** A value that SQLite stores. */
export type SqliteValue = SQLInputValue;

/** How long a statement waits for a lock that another connection holds. */
const BUSY_MS = 2000;
const PREPARED_STATEMENTS = 500;

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

/** The part of `node:sqlite` that kysely's SQLite dialect asks for. Statements are prepared once per text. */
export function kyselyDatabase(database: DatabaseSync): SqliteDatabase {
  const prepared = new LRUCache<string, Statement>({ max: PREPARED_STATEMENTS });
  return {
    close: () => database.close(),
    prepare(sql) {
      let statement = prepared.get(sql);
      if (statement) return statement;
      statement = new Statement(database.prepare(sql));
      prepared.set(sql, statement);
      return statement;
    },
  };
}

class Statement implements SqliteStatement {
  readonly reader: boolean;
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    this.#statement = statement;
    this.reader = statement.columns().length > 0;
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[]));
  }
}
