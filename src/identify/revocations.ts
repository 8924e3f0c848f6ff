import { hash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Store } from '../store/index.ts';
import { type RevocationCheck, revocationMark } from './revocation_marks.ts';
import type { Revocation, RevocationTables } from './revocation_table.ts';
import { identifyMigrations } from './tables.ts';

export type NewRevocation = Omit<Revocation, 'id' | 'at'>;

/** The revocation list: in the shared store, and in memory for the check of every request. */
export interface Revocations extends RevocationCheck {
  /** Revokes; in force here at once, and on other nodes of the store within a poll. */
  add(revocation: NewRevocation): Promise<Revocation>;
  /** Takes an entry back; false where there is none of that id. */
  lift(id: string): Promise<boolean>;
  /** Entries in force, newest first. */
  list(): readonly Revocation[];
  /** Reads the store now where it has changed; otherwise every `pollMs`. Rejects where the store fails. */
  refresh(): Promise<void>;
  /** False while the store cannot be read; the last list read stays in force. */
  readonly healthy: boolean;
  close(): void;
}

export interface RevocationsOptions {
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  /** Milliseconds between two looks at the store. Default 1,000. */
  readonly pollMs?: number;
}

/** Opens the list: makes its tables, reads it, and keeps up with the store. Rejects where the store fails. */
export async function createRevocations(store: Store, options: RevocationsOptions = {}): Promise<Revocations> {
  await store.migrate('identify', identifyMigrations);
  const list = new StoredRevocations(store, options.clock ?? Date.now);
  await list.refresh();
  list.poll(options.pollMs ?? 1_000);
  return list;
}

class StoredRevocations implements Revocations {
  readonly #store: Store;
  readonly #clock: () => number;
  /** By mark. */
  #entries = new Map<string, Revocation>();
  #change = -1;
  #healthy = true;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(store: Store, clock: () => number) {
    this.#store = store;
    this.#clock = clock;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  revoked(marks: readonly string[]): boolean {
    if (this.#entries.size === 0) return false;
    for (const mark of marks) {
      const entry = this.#entries.get(mark);
      if (entry && this.#inForce(entry)) return true;
    }
    return false;
  }

  async add(revocation: NewRevocation): Promise<Revocation> {
    const { kind, issuer, value, until, by } = revocation;
    const mark = revocationMark(kind, issuer, value);
    const entry: Revocation = {
      id: hash('sha256', mark).slice(0, 32),
      kind,
      issuer,
      value,
      until,
      at: this.#clock(),
      by,
    };
    await this.#write(async (query) => {
      await query.deleteFrom('revocation').where('until', '<=', entry.at).execute();
      await query
        .insertInto('revocation')
        .values(entry)
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ until, at: entry.at, by }))
        .execute();
    });
    return entry;
  }

  async lift(id: string): Promise<boolean> {
    let lifted = false;
    await this.#write(async (query) => {
      const result = await query.deleteFrom('revocation').where('id', '=', id).executeTakeFirst();
      lifted = result.numDeletedRows > 0n;
    });
    return lifted;
  }

  list(): readonly Revocation[] {
    return [...this.#entries.values()].filter((entry) => this.#inForce(entry)).sort((a, b) => b.at - a.at);
  }

  /** Reads one after the other, so that an older reading never replaces a newer one. */
  refresh(): Promise<void> {
    const read = this.#reading.then(() => this.#read());
    this.#reading = read.catch(() => {});
    return read;
  }

  poll(everyMs: number): void {
    this.#timer = setInterval(() => this.refresh().catch(() => {}), everyMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #inForce(entry: Revocation): boolean {
    return entry.until === null || this.#clock() < entry.until;
  }

  async #read(): Promise<void> {
    const query = this.#store.query<RevocationTables>();
    try {
      // The counter is read first: a change between the two reads is then read once more, never missed.
      const counter = await query.selectFrom('revocation_change').select('number').executeTakeFirstOrThrow();
      if (counter.number !== this.#change) {
        const rows = await query.selectFrom('revocation').selectAll().execute();
        this.#entries = new Map(rows.map((row) => [revocationMark(row.kind, row.issuer, row.value), row]));
        this.#change = counter.number;
      }
      this.#healthy = true;
    } catch (error) {
      this.#healthy = false;
      throw error;
    }
  }

  /** The counter rises in the transaction of the change, so that who sees the one sees the other. */
  async #write(change: (query: Kysely<RevocationTables>) => Promise<void>): Promise<void> {
    await this.#store
      .query<RevocationTables>()
      .transaction()
      .execute(async (query) => {
        await query
          .updateTable('revocation_change')
          .set((row) => ({ number: row('number', '+', 1) }))
          .execute();
        await change(query);
      });
    await this.refresh();
  }
}
