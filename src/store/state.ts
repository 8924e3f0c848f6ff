import type { StatementSync } from 'node:sqlite';
import {
  type DatabaseConnection,
  type Driver,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { Migrator } from 'kysely/migration';
import { LRUCache } from 'lru-cache';
import { guardConnection } from './faults.ts';
import type { Migrations } from './migrations.ts';
import { openSqlite, type SqliteFile, type SqliteValue } from './sqlite.ts';

const PREPARED_STATEMENTS = 500;

/** Opens the state in a SQLite file. */
export async function openState(path: string): Promise<Kysely<unknown>> {
  const kysely = new Kysely<unknown>({ dialect: new GuardedDialect(openSqlite(path)) });
  // The driver must exist for `destroy` to close the file.
  await kysely.connection().execute(async () => {});
  return kysely;
}

/** Applies the schema steps of one room that were not applied yet. Throws what a step throws; that step is undone. */
export async function migrateState(db: Kysely<unknown>, room: string, migrations: Migrations): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...migrations }) },
    migrationTableName: `migration_${room}`,
    migrationLockTableName: `migration_lock_${room}`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

class GuardedDialect extends SqliteDialect {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    super({ database: kyselyDatabase(file) });
    this.#file = file;
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }

  override createDriver(): Driver {
    return new GuardedDriver(this.#file);
  }
}

/** SQLite undoes schema changes with their transaction (https://www.sqlite.org/lang_transaction.html), so a step is whole or not at all. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class GuardedDriver extends SqliteDriver {
  readonly #guarded = new WeakSet<DatabaseConnection>();
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    super({ database: kyselyDatabase(file) });
    this.#file = file;
  }

  /** Without room SQLite undoes a transaction by itself; that there is none any more would be told in place of the fault. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#file.isTransaction) await super.rollbackTransaction(connection);
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    guardConnection(connection, this.#guarded);
    return connection;
  }
}

/** The part of `node:sqlite` that kysely's SQLite dialect asks for. Statements are prepared once per text. */
function kyselyDatabase(database: SqliteFile): SqliteDatabase {
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
    return this.#statement.all(...(parameters as SqliteValue[]));
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SqliteValue[]));
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SqliteValue[]));
  }
}
