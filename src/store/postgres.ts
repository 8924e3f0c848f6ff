import {
  type DatabaseConnection,
  type DataTypeNode,
  type Driver,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  PostgresQueryCompiler,
  type QueryCompiler,
  sql,
} from 'kysely';
import pg from 'pg';
import { GatewayError, StartError } from '../errors.ts';
import { guardConnection } from './faults.ts';
import { PostgresHints } from './postgres_hints.ts';

/** Longest time to connect, and longest wait for a free connection of the pool. */
const CONNECT_MS = 3_000;
/** Longest statement: no statement of the gateway reads more than a few hundred rows. */
const STATEMENT_MS = 5_000;
/** A server that does not even answer, e.g. behind a network that swallows packets. */
const SILENCE_MS = 8_000;
const CONNECTIONS = 10;
const INT8 = 20;

/** A pool of connections to one PostgreSQL database, with the query builder on it. */
export interface Postgres {
  readonly kysely: Kysely<unknown>;
  readonly hints: PostgresHints;
}

/**
 * Opens the pool and proves it with one statement. Throws `StartError` that names host and database, never the
 * password, when that fails.
 */
export async function openPostgres(url: string): Promise<Postgres> {
  const settings: pg.PoolConfig = {
    connectionString: url,
    application_name: 'sallyport',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    query_timeout: SILENCE_MS,
    idle_in_transaction_session_timeout: SILENCE_MS,
    keepAlive: true,
    max: CONNECTIONS,
    types: { getTypeParser: parserOf },
  };
  const pool = new pg.Pool(settings);
  // Without listeners a server that ends idle connections would end this process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const kysely = new Kysely<unknown>({ dialect: new GuardedDialect({ pool }) });
  try {
    await sql`select 1`.execute(kysely);
  } catch (cause) {
    await kysely.destroy();
    throw new StartError(
      `PostgreSQL ${placeOf(url)} cannot be used (${wordOf(cause)}). Check store.url and the server`,
      {
        cause,
      },
    );
  }
  return { kysely, hints: new PostgresHints(kysely, settings) };
}

/**
 * Does `work` while no other node does the same: with an advisory lock of the database on one connection, which ends
 * with that connection at the latest.
 */
export async function alone(kysely: Kysely<unknown>, work: (db: Kysely<unknown>) => Promise<void>): Promise<void> {
  await kysely.connection().execute(async (db) => {
    // Another node may migrate for longer than a statement may take.
    await sql`set statement_timeout = 0`.execute(db);
    await sql`select pg_advisory_lock(hashtext('sallyport migrations'))`.execute(db);
    try {
      await work(db);
    } finally {
      await sql`select pg_advisory_unlock(hashtext('sallyport migrations'))`.execute(db);
      await sql`set statement_timeout = ${sql.lit(STATEMENT_MS)}`.execute(db);
    }
  });
}

/** Times and counts are integers below 2^53: as numbers, like SQLite gives them. */
function parserOf(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  return oid === INT8 ? Number : (pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown);
}

class GuardedDialect extends PostgresDialect {
  readonly #pool: pg.Pool;

  constructor(config: { readonly pool: pg.Pool }) {
    super(config);
    this.#pool = config.pool;
  }

  override createDriver(): Driver {
    return new GuardedDriver({ pool: this.#pool });
  }

  override createQueryCompiler(): QueryCompiler {
    return new PortableCompiler();
  }
}

class GuardedDriver extends PostgresDriver {
  readonly #guarded = new WeakSet<DatabaseConnection>();

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection().catch(guardedThrow);
    guardConnection(connection, this.#guarded);
    return connection;
  }
}

function guardedThrow(thrown: unknown): never {
  throw translateConnect(thrown);
}

/** Whatever keeps a connection from being had, the store cannot be reached. */
function translateConnect(thrown: unknown): unknown {
  const word = wordOf(thrown);
  return new GatewayError('STATE_UNAVAILABLE', undefined, {
    detail: `the store: no connection (${word})`,
    cause: thrown,
  });
}

/** Migrations are written once: `blob` is what PostgreSQL calls `bytea`. */
class PortableCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    if (node.dataType === 'blob') this.append('bytea');
    else super.visitDataType(node);
  }
}

/** `host/database` of a URL. */
function placeOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `at ${parsed.host}${parsed.pathname}` : 'of store.url';
}

/** The shortest name of a fault that cannot hold a password. */
function wordOf(fault: unknown): string {
  if (fault instanceof GatewayError && fault.cause !== undefined) return wordOf(fault.cause);
  if (fault instanceof AggregateError) return wordOf(fault.errors[0]);
  const code = (fault as { readonly code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  return /timeout/i.test(fault instanceof Error ? fault.message : '') ? 'timeout' : 'connection failed';
}
