import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { Hints } from './hints.ts';

/** Wait between two attempts to listen again; while nobody listens, polling finds everything. */
const AGAIN_MS = 1_000;

/**
 * Hints between the nodes of a fleet: NOTIFY without a payload, LISTEN on a connection of its own (a pool in
 * transaction mode cannot carry it). Notifications of one channel are merged, since each takes a lock of the whole
 * database at commit.
 */
export class PostgresHints extends Hints {
  readonly #kysely: Kysely<unknown>;
  readonly #settings: pg.ClientConfig;
  readonly #telling = new Map<string, 'once' | 'again'>();
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(kysely: Kysely<unknown>, settings: pg.ClientConfig) {
    super();
    this.#kysely = kysely;
    this.#settings = settings;
  }

  override on(channel: string, listener: () => void): () => void {
    const known = this.channels().includes(channel);
    const off = super.on(channel, listener);
    if (this.#client === null) this.#listen();
    else if (!known) void this.#client.query(`listen "sallyport_${channel}"`).catch(() => {});
    return off;
  }

  /** Tells this process at once, and the others as soon as the server takes it. Never rejects. */
  tellAll(channel: string): void {
    this.tell(channel);
    if (this.#telling.has(channel)) this.#telling.set(channel, 'again');
    else void this.#notify(channel);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  async #notify(channel: string): Promise<void> {
    this.#telling.set(channel, 'once');
    await sql`select pg_notify(${`sallyport_${channel}`}, '')`.execute(this.#kysely).catch(() => {});
    const again = this.#telling.get(channel) === 'again';
    this.#telling.delete(channel);
    if (again && !this.#closed) await this.#notify(channel);
  }

  #listen(): void {
    // A listening connection is silent by design, so it has neither of the two time limits of a statement.
    const { query_timeout: _silence, statement_timeout: _statement, ...settings } = this.#settings;
    const client = new pg.Client(settings);
    this.#client = client;
    const lost = () => {
      if (this.#client !== client || this.#closed) return;
      void client.end().catch(() => {});
      this.#timer = setTimeout(() => this.#listen(), AGAIN_MS);
      this.#timer.unref();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel }) => this.tell(channel.slice('sallyport_'.length)));
    client
      .connect()
      .then(async () => {
        for (const channel of this.channels()) await client.query(`listen "sallyport_${channel}"`);
        // What was told while nobody listened.
        for (const channel of this.channels()) this.tell(channel);
      })
      .catch(lost);
  }
}
