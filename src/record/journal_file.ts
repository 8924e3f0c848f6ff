import { randomUUIDv7 } from 'node:crypto';
import { statSync } from 'node:fs';
import { openSqlite, type SqliteFile } from '../store/index.ts';
import { canonicalJson } from './canonical.ts';
import { unknownOutcome } from './events.ts';
import type { EventRow, SegmentRow } from './journal_messages.ts';
import type { SegmentSealer } from './segments.ts';

/** Pages in the log after which it is copied into the file, between batches. */
const CHECKPOINT_PAGES = 1000;
/** Batches after which the place where recovery starts reading moves forward. */
const MARK_BATCHES = 500;

/**
 * Tables of `journal.db`. `event` is append-only, kept so by triggers. Segments lie beside the events so that one
 * transaction holds both; they carry their own authentication.
 */
const SCHEMA = `
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, exchange TEXT,
    body BLOB NOT NULL
  ) STRICT;
  CREATE INDEX event_at ON event (at_ms);
  CREATE INDEX event_exchange ON event (exchange) WHERE exchange IS NOT NULL;
  CREATE INDEX event_conversation ON event (json_extract(CAST(body AS TEXT), '$.conversation.id'))
    WHERE kind = 'exchange.intent';
  CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
  CREATE TABLE segment (
    exchange TEXT NOT NULL, number INTEGER NOT NULL, header BLOB NOT NULL, sealed BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX segment_exchange ON segment (exchange, number);
  CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
`;
/** What each later version adds, in order: the first makes version 2 of version 1. */
const UPGRADES = [
  `CREATE INDEX event_upstream ON event (json_extract(CAST(body AS TEXT), '$.notes.upstream_request_id'))
     WHERE kind = 'exchange.outcome';`,
];
const VERSION = 1 + UPGRADES.length;

/** One group of rows that become durable together. */
export interface Batch {
  readonly events: readonly EventRow[];
  readonly segments: readonly SegmentRow[];
  readonly bytes: Uint8Array;
}

/** The file of the journal, written by one thread. Any throw leaves it in doubt: close it and open it anew. */
export class JournalFile {
  readonly #path: string;
  readonly #inode: number;
  readonly #database: SqliteFile;
  readonly #sealer: SegmentSealer;
  readonly #statements: ReturnType<typeof prepare>;
  /** Exchanges without an outcome, by the seq of their intent, oldest first. */
  readonly #open = new Map<string, number>();
  #lastSeq = 0;
  #lastId = '';
  #pages = 0;
  #sinceMark = 0;

  /** Opens or creates the file and finds the exchanges that have no outcome yet. */
  constructor(path: string, sealer: SegmentSealer) {
    this.#path = path;
    this.#sealer = sealer;
    this.#database = openSqlite(path);
    this.#inode = statSync(path).ino;
    try {
      migrate(this.#database);
      this.#database.exec('PRAGMA wal_autocheckpoint = 16000');
      this.#statements = prepare(this.#database);
      const last = this.#statements.last.get();
      if (last) this.#acknowledge(Number(last.seq), String(last.id));
      for (const row of this.#statements.unfinished.iterate(this.#mark('closed_through'))) {
        this.#open.set(String(row.exchange), Number(row.seq));
      }
    } catch (fault) {
      this.#database.close();
      throw fault;
    }
  }

  /** The last event that was committed, to be found again after the file was opened anew. */
  get tip(): { readonly seq: number; readonly id: string } {
    return { seq: this.#lastSeq, id: this.#lastId };
  }

  /** Writes batches in one transaction. When it returns they are on disk. */
  commit(batches: readonly Batch[]): void {
    const opened: [string, number][] = [];
    const closed: string[] = [];
    let seq = this.#lastSeq;
    let id = this.#lastId;
    this.#statements.begin.run();
    for (const { events, segments, bytes } of batches) {
      for (const row of events) {
        const [eventId, at, kind, exchange, body, again] = row;
        if (again && this.#statements.known.get(exchange, eventId)) continue;
        seq = Number(this.#statements.event.run(eventId, at, kind, exchange, Buffer.from(body)).lastInsertRowid);
        id = eventId;
        if (kind === 'exchange.intent' && exchange !== null) opened.push([exchange, seq]);
        else if (kind === 'exchange.outcome' && exchange !== null) closed.push(exchange);
      }
      for (const row of segments) {
        const { header, sealed } = this.#sealer.seal(row, bytes.subarray(row.start, row.end));
        this.#statements.segment.run(row.exchange, row.number, header, sealed);
      }
      this.#pages += 3 + (events.length + segments.length) / 2 + bytes.length / 4096;
    }
    if (++this.#sinceMark >= MARK_BATCHES) this.#moveMark();
    this.#statements.commit.run();
    this.#requireFound();
    this.#acknowledge(seq, id);
    for (const [exchange, at] of opened) this.#open.set(exchange, at);
    for (const exchange of closed) this.#open.delete(exchange);
    for (const { segments } of batches) for (const row of segments) if (row.last) this.#sealer.forget(row.exchange);
  }

  /** Gives each exchange that a crash cut off its outcome. Returns how many there were. */
  closeUnfinished(): number {
    const at = Date.now();
    const events = [...this.#open.keys()].map((exchange): EventRow => {
      const { kind, body } = unknownOutcome(exchange);
      return [randomUUIDv7(), at, kind, exchange, canonicalJson(body), false];
    });
    if (events.length > 0) this.commit([{ events, segments: [], bytes: new Uint8Array(0) }]);
    return events.length;
  }

  /** Checks that an event once reported as durable is there, and that the file takes a write. Throws otherwise. */
  verify(tip: { readonly seq: number; readonly id: string }): void {
    if (tip.seq > 0 && this.#statements.bySeq.get(tip.seq)?.id !== tip.id) {
      throw new Error(`event ${tip.seq} was reported as durable and is gone`);
    }
    this.#statements.setMark.run('verified_at', Date.now());
  }

  /** Housekeeping that need not delay an answer; cheap when there is nothing to do. */
  tidy(): void {
    if (this.#pages < CHECKPOINT_PAGES) return;
    this.#pages = 0;
    this.#statements.checkpoint.get();
  }

  close(): void {
    this.#database.close();
  }

  /** What is written to a file that was taken away is gone with this process. */
  #requireFound(): void {
    if (statSync(this.#path, { throwIfNoEntry: false })?.ino !== this.#inode) {
      throw new Error('journal.db was taken away while it was written; put it back, or start anew without it');
    }
  }

  #acknowledge(seq: number, id: string): void {
    this.#lastSeq = seq;
    this.#lastId = id;
  }

  #mark(name: string): number {
    return Number(this.#statements.mark.get(name)?.value ?? 0);
  }

  #moveMark(): void {
    this.#sinceMark = 0;
    const [oldest] = this.#open.values();
    // Rows of the running transaction are not counted: their exchanges may be open.
    this.#statements.setMark.run('closed_through', oldest === undefined ? this.#lastSeq : oldest - 1);
  }
}

function migrate(database: SqliteFile): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  if (version > VERSION) throw new Error(`journal.db is of a later version (${version}) than this gateway`);
  const missing = version === 0 ? [SCHEMA, ...UPGRADES] : UPGRADES.slice(version - 1);
  if (missing.length > 0)
    database.exec(`BEGIN IMMEDIATE; ${missing.join('\n')} PRAGMA user_version = ${VERSION}; COMMIT`);
}

function prepare(database: SqliteFile) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    event: database.prepare('INSERT INTO event (id, at_ms, kind, exchange, body) VALUES (?, ?, ?, ?, ?)'),
    known: database.prepare('SELECT 1 FROM event WHERE exchange IS ? AND id = ?'),
    segment: database.prepare('INSERT INTO segment (exchange, number, header, sealed) VALUES (?, ?, ?, ?)'),
    last: database.prepare('SELECT seq, id FROM event ORDER BY seq DESC LIMIT 1'),
    bySeq: database.prepare('SELECT id FROM event WHERE seq = ?'),
    mark: database.prepare('SELECT value FROM mark WHERE name = ?'),
    setMark: database.prepare('INSERT OR REPLACE INTO mark (name, value) VALUES (?, ?)'),
    checkpoint: database.prepare('PRAGMA wal_checkpoint(PASSIVE)'),
    unfinished: database.prepare(`
      SELECT seq, exchange FROM event AS intent WHERE seq > ? AND kind = 'exchange.intent' AND NOT EXISTS (
        SELECT 1 FROM event AS outcome WHERE outcome.exchange = intent.exchange AND outcome.kind = 'exchange.outcome')
      ORDER BY seq`),
  };
}
