import { join } from 'node:path';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { StartError } from '../errors.ts';
import { ownDirectory } from './data_dir.ts';
import { lockDirectory } from './lock.ts';

/** Schema steps of one room, by name; applied once each, in the order of their names. */
export type Migrations = { readonly [name: string]: Migration };

/** The shared state of the gateway (`state.db`) and the directory that everything of this node lies in. */
export interface Store {
  /** The data directory, absolute, owner-only, this process's alone while the store is open. */
  readonly directory: string;
  /**
   * The query builder, typed with the tables of the asking room. SQL must be portable to PostgreSQL: ids are text,
   * times integer milliseconds, JSON text, booleans 0 or 1; no dialect functions. Statements and transactions of one
   * store run one after the other; never await anything but queries inside a transaction.
   */
  query<Tables>(): Kysely<Tables>;
  /** Brings the tables of a room up to date. `room` is the room's folder name; no room touches another's tables. */
  migrate(room: string, migrations: Migrations): Promise<void>;
  /** Ends the connection and gives the directory up. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  /** `sqlite`: a file in the data directory. */
  readonly url: string;
}

/**
 * Opens the store of one node. Throws `StartError` when the data directory is open to others or in use by another
 * gateway, or the URL names a store that this version does not have.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  if (options.url !== 'sqlite') {
    throw new StartError('store.url: this version keeps its state in SQLite only. Set it to "sqlite"');
  }
  const directory = ownDirectory(options.dataDir);
  const lock = lockDirectory(directory);
  try {
    // Loaded when it is needed: the journal's thread uses this room and no query builder.
    const { openState, migrateState } = await import('./state.ts');
    const kysely = await openState(join(directory, 'state.db'));
    return new SqliteStore(directory, kysely, migrateState, () => lock.release());
  } catch (fault) {
    lock.release();
    throw fault;
  }
}

type Migrate = typeof import('./state.ts').migrateState;

class SqliteStore implements Store {
  readonly directory: string;
  readonly #kysely: Kysely<unknown>;
  readonly #migrate: Migrate;
  readonly #release: () => void;

  constructor(directory: string, kysely: Kysely<unknown>, migrate: Migrate, release: () => void) {
    this.directory = directory;
    this.#kysely = kysely;
    this.#migrate = migrate;
    this.#release = release;
  }

  query<Tables>(): Kysely<Tables> {
    return this.#kysely as Kysely<Tables>;
  }

  async migrate(room: string, migrations: Migrations): Promise<void> {
    if (!/^[a-z_]+$/.test(room)) throw new TypeError(`not a room name: ${room}`);
    try {
      await this.#migrate(this.#kysely, room, migrations);
    } catch (cause) {
      throw new StartError(`the tables of ${room} in ${this.directory} could not be brought up to date`, { cause });
    }
  }

  async close(): Promise<void> {
    try {
      await this.#kysely.destroy();
    } finally {
      this.#release();
    }
  }
}
