import { join } from 'node:path';
import type { Kysely } from 'kysely';
import { StartError } from '../errors.ts';
import type { Secret } from '../model/secret.ts';
import { ownDirectory } from './data_dir.ts';
import { channelName, Hints } from './hints.ts';
import { type Lock, lockDirectory } from './lock.ts';
import type { Migrations } from './migrations.ts';
import { nodeId } from './node_id.ts';

/** The shared state of the gateway, and the directory that everything of this node lies in. */
export interface Store {
  readonly kind: 'sqlite' | 'postgres';
  /** The data directory, absolute, owner-only, this process's alone while the store is open. */
  readonly directory: string;
  /** The name of this node in shared tables; the same after a restart on the same directory. */
  readonly node: string;
  /**
   * The query builder, typed with the tables of the asking room. SQL must be portable: ids are text, times integer
   * milliseconds (`bigint`, read as numbers), JSON text, booleans 0 or 1, bytes `blob`; no dialect functions. In SQLite
   * statements and transactions run one after the other, in PostgreSQL side by side (read committed): decide by
   * compare-and-set. Never await anything but queries inside a transaction.
   * Statements reject with `GatewayError` STATE_UNAVAILABLE where the store cannot serve.
   */
  query<Tables>(): Kysely<Tables>;
  /**
   * Brings the tables of a room up to date, on one node at a time. `room` is the room's folder name; no room touches
   * another's tables. Rejects with `StartError`.
   */
  migrate(room: string, migrations: Migrations): Promise<void>;
  /**
   * Tells every node of the store that something of a channel has changed, once it is committed. A hint spares waiting
   * for the next poll and no more: it may be lost, so who listens polls as well.
   */
  hint(channel: string): void;
  /** Calls `listener` at every hint of a channel until the returned function is called. */
  onHint(channel: string, listener: () => void): () => void;
  /**
   * Records what every node of a fleet must have alike, such as the id of a key. Rejects with `StartError` where the
   * fleet has another one; a store of one node's own has nothing to agree on.
   */
  agree(name: string, value: string): Promise<void>;
  /** Ends the connections and gives the directory up. */
  close(): Promise<void>;
}

export interface StoreOptions {
  readonly dataDir: string;
  /** `sqlite`: a file in the data directory; `postgres://…`: the database of a fleet. */
  readonly url: string | Secret;
}

/**
 * Opens the store of one node. Throws `StartError` when the data directory is open to others or in use by another
 * gateway, when the URL names no store, and when the database cannot be used.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const url = typeof options.url === 'string' ? options.url : options.url.reveal();
  if (url !== 'sqlite' && !/^postgres(ql)?:\/\//.test(url)) {
    throw new StartError('store.url: neither "sqlite" nor a URL postgres://…');
  }
  const directory = ownDirectory(options.dataDir);
  const lock = lockDirectory(directory);
  try {
    const node = nodeId(directory);
    return url === 'sqlite'
      ? await openSqliteStore(directory, node, lock)
      : await openPostgresStore(url, directory, node, lock);
  } catch (fault) {
    lock.release();
    throw fault;
  }
}

// The builders are loaded when they are needed: the journal's thread uses this room and no query builder.

async function openSqliteStore(directory: string, node: string, lock: Lock): Promise<Store> {
  const { openState, migrateState } = await import('./state.ts');
  const kysely = await openState(join(directory, 'state.db'));
  const hints = new Hints();
  return {
    ...faceOf(kysely, directory, migrateState),
    kind: 'sqlite',
    node,
    hint: (channel) => hints.tell(channelName(channel)),
    onHint: (channel, listener) => hints.on(channelName(channel), listener),
    async agree() {},
    close: () => kysely.destroy().finally(() => lock.release()),
  };
}

async function openPostgresStore(url: string, directory: string, node: string, lock: Lock): Promise<Store> {
  const [{ migrateState }, { alone, openPostgres }, { agreementMigrations, agreeOn }] = await Promise.all([
    import('./state.ts'),
    import('./postgres.ts'),
    import('./agreement.ts'),
  ]);
  const { kysely, hints } = await openPostgres(url);
  const face = faceOf(kysely, directory, (db, room, migrations) =>
    alone(db, (connection) => migrateState(connection, room, migrations)),
  );
  const close = async () => {
    await hints.close();
    await kysely.destroy();
  };
  await face.migrate('store', agreementMigrations).catch((fault) => close().then(() => Promise.reject(fault)));
  return {
    ...face,
    kind: 'postgres',
    node,
    hint: (channel) => hints.tellAll(channelName(channel)),
    onHint: (channel, listener) => hints.on(channelName(channel), listener),
    agree: (name, value) => agreeOn(kysely, name, value),
    close: () => close().finally(() => lock.release()),
  };
}

type Migrate = typeof import('./state.ts').migrateState;

function faceOf(
  kysely: Kysely<unknown>,
  directory: string,
  migrate: Migrate,
): Pick<Store, 'directory' | 'query' | 'migrate'> {
  return {
    directory,
    query: <Tables>() => kysely as Kysely<Tables>,
    async migrate(room, migrations) {
      if (!/^[a-z_]+$/.test(room)) throw new TypeError(`not a room name: ${room}`);
      try {
        await migrate(kysely, room, migrations);
      } catch (cause) {
        throw new StartError(`the tables of ${room} (${directory}) could not be brought up to date`, { cause });
      }
    },
  };
}
