import type { JsonObject } from '../model/json.ts';
import { openSqlite, type SqliteFile, type SqliteValue } from '../store/index.ts';
import type { SealedSegment } from './segments.ts';

/** An event as stored, its body parsed. */
export interface StoredEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly kind: string;
  readonly exchange: string | null;
  readonly body: JsonObject;
}

/** Where a page ends: events are ordered by time, then number. */
export interface Position {
  readonly atMs: number;
  readonly seq: number;
}

const COLUMNS = 'seq, at_ms, kind, exchange, body';

/** Reads the journal while its worker writes. Each call reads a bounded page, so that none holds the loop for long. */
export class JournalReader {
  readonly #path: string;
  #file: SqliteFile | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** What began an exchange (intents and refusals) from `fromMs` on and before `toMs` and `before`, newest first. */
  beginnings(range: { fromMs: number; toMs: number; before: Position | null; limit: number }): StoredEvent[] {
    const { fromMs, toMs, limit } = range;
    const before = range.before ?? { atMs: toMs, seq: 0 };
    return this.#events(
      `SELECT ${COLUMNS} FROM event
       WHERE at_ms >= ? AND at_ms < ? AND (at_ms, seq) < (?, ?) AND kind IN ('exchange.intent', 'exchange.refused')
       ORDER BY at_ms DESC, seq DESC LIMIT ?`,
      [fromMs, toMs, before.atMs, before.seq, limit],
    );
  }

  /** Events of some kinds from `fromMs` on and before `before`, newest first. */
  ofKinds(kinds: readonly string[], fromMs: number, before: Position | null, limit: number): StoredEvent[] {
    const { atMs, seq } = before ?? { atMs: Number.MAX_SAFE_INTEGER, seq: 0 };
    return this.#events(
      `SELECT ${COLUMNS} FROM event
       WHERE at_ms >= ? AND (at_ms, seq) < (?, ?) AND kind IN (${kinds.map(() => '?').join(', ')})
       ORDER BY at_ms DESC, seq DESC LIMIT ?`,
      [fromMs, atMs, seq, ...kinds, limit],
    );
  }

  /** When the first event was written, epoch milliseconds; Infinity where there is none. */
  get beganAt(): number {
    const [first] = this.#rows('SELECT at_ms FROM event ORDER BY seq LIMIT 1', []);
    return Number(first?.at_ms ?? Number.POSITIVE_INFINITY);
  }

  /** All events of one exchange, oldest first. */
  ofExchange(exchange: string): StoredEvent[] {
    return this.#events(`SELECT ${COLUMNS} FROM event WHERE exchange = ? ORDER BY seq`, [exchange]);
  }

  /** The outcome of one exchange, or null while it runs. */
  outcome(exchange: string): StoredEvent | null {
    const sql = `SELECT ${COLUMNS} FROM event WHERE exchange = ? AND kind = 'exchange.outcome' LIMIT 1`;
    return this.#events(sql, [exchange])[0] ?? null;
  }

  /** The exchange that Claude answered under an id of its own (the `request-id` of the answer), or null. */
  ofUpstream(requestId: string): string | null {
    const [event] = this.#events(
      `SELECT ${COLUMNS} FROM event
       WHERE kind = 'exchange.outcome'
         AND json_extract(CAST(body AS TEXT), '$.notes.upstream_request_id') = ? LIMIT 1`,
      [requestId],
    );
    return event?.exchange ?? null;
  }

  /** Ids of conversations that begin so, two at most. */
  conversationsLike(beginning: string): string[] {
    return this.#rows(
      `SELECT DISTINCT json_extract(CAST(body AS TEXT), '$.conversation.id') AS id FROM event
       WHERE kind = 'exchange.intent' AND json_extract(CAST(body AS TEXT), '$.conversation.id') >= ?
         AND json_extract(CAST(body AS TEXT), '$.conversation.id') < ? LIMIT 2`,
      [beginning, `${beginning}\u{10ffff}`],
    ).map(({ id }) => String(id));
  }

  /** Intents of one conversation, oldest first, after `seq`. */
  ofConversation(conversation: string, seq: number, limit: number): StoredEvent[] {
    return this.#events(
      `SELECT ${COLUMNS} FROM event
       WHERE kind = 'exchange.intent' AND json_extract(CAST(body AS TEXT), '$.conversation.id') = ? AND seq > ?
       ORDER BY seq LIMIT ?`,
      [conversation, seq, limit],
    );
  }

  /** Segments of a recording in order, from `number` on. */
  segments(exchange: string, number: number, limit: number): SealedSegment[] {
    return this.#rows(
      'SELECT number, header, sealed FROM segment WHERE exchange = ? AND number >= ? ORDER BY number LIMIT ?',
      [exchange, number, limit],
    ).map((row) => ({
      number: Number(row.number),
      header: row.header as Uint8Array,
      sealed: row.sealed as Uint8Array,
    }));
  }

  /** Closes the file; the next call opens it anew. */
  close(): void {
    this.#file?.close();
    this.#file = null;
  }

  #events(sql: string, parameters: SqliteValue[]): StoredEvent[] {
    return this.#rows(sql, parameters).map((row) => ({
      seq: Number(row.seq),
      atMs: Number(row.at_ms),
      kind: String(row.kind),
      exchange: row.exchange === null ? null : String(row.exchange),
      body: JSON.parse(Buffer.from(row.body as Uint8Array).toString()),
    }));
  }

  #rows(sql: string, parameters: SqliteValue[]) {
    this.#file ??= openSqlite(this.#path, 'read');
    return this.#file.prepare(sql).all(...parameters);
  }
}
