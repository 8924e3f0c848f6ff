import { join } from 'node:path';
import { type GatewayError, StartError, toGatewayError } from '../errors.ts';
import type { AdminRoute } from '../model/admin.ts';
import type { WayBackStep } from '../model/answer.ts';
import type { AuditEvent, Journal } from '../model/event.ts';
import type { Granted, Recorded } from '../model/exchange.ts';
import type { Keys } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { adminRoutes } from './admin.ts';
import { intentEvent, type Known, refusedEvent } from './events.ts';
import { JournalWriter } from './journal.ts';
import { JournalReader } from './journal_reader.ts';
import { createRecordStep } from './record_step.ts';
import { ExchangeRecording, type RecordMode, UNFLUSHED_MS } from './recording.ts';

/** Recordings whose end is owed to a journal that is down; the oldest is given up beyond this (`unknown` at the next start). */
const OWED_RECORDINGS = 4096;

export interface RecorderOptions {
  readonly store: Pick<Store, 'directory'>;
  readonly keys: Keys;
  /** What happens when a recording fails mid-answer: `strict` stops the answer, `best_effort` leaves a gap. */
  readonly mode: RecordMode;
  /** Faults of the journal and their end, for the log; never content. */
  readonly onNotice?: (text: string) => void;
}

/** Journal and recordings of this node. */
export interface Recorder extends Journal {
  /**
   * The `record` step of the way in: opens the recording and makes the intent durable. When it resolves, the request
   * may be forwarded. Rejects with AUDIT_UNAVAILABLE; nothing may be sent then.
   */
  intent(exchange: Granted): Promise<Recorded>;
  /** The `record` step of the way back, for the answer of one exchange that `intent` returned. */
  step(exchange: Recorded): WayBackStep;
  /** Makes durable that an exchange ended before its intent. Rejects with AUDIT_UNAVAILABLE. */
  refused(exchange: Known, error: GatewayError): Promise<void>;
  /** Routes of the admin API over journal and recordings. */
  readonly routes: readonly AdminRoute[];
  /**
   * What an exchange that was under way at `since` (epoch milliseconds) left in this journal. A journal that begins
   * later has lost what that was: `intent`.
   */
  trace(exchange: string, since: number): Promise<'nothing' | 'intent' | 'delivered' | 'upstream_error'>;
  /** Exchanges that a crash had cut off, closed as `unknown` at this start. */
  readonly cutOff: number;
  /** Recordings that have not ended. */
  readonly live: number;
  /** Writes what is owed, as far as it can be, and gives the file up. */
  close(): Promise<void>;
}

/** Opens the journal in the data directory. Throws `StartError` when it cannot be opened or written. */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const path = join(options.store.directory, 'journal.db');
  const recorder = new NodeRecorder(path, options);
  await recorder.opened();
  return recorder;
}

class NodeRecorder implements Recorder {
  readonly routes: readonly AdminRoute[];
  readonly #mode: RecordMode;
  readonly #journal: JournalWriter;
  readonly #reader: JournalReader;
  readonly #live = new Set<ExchangeRecording>();
  readonly #owed = new Set<ExchangeRecording>();
  readonly #clock: NodeJS.Timeout;
  #cutOff = 0;

  constructor(path: string, options: RecorderOptions) {
    this.#mode = options.mode;
    this.#reader = new JournalReader(path);
    this.#journal = new JournalWriter({
      path,
      sealing: options.keys.sealing,
      onDoubt: () => this.#reader.close(),
      onRecovered: () => this.#settleOwed(),
      onNotice: options.onNotice ?? (() => {}),
    });
    this.routes = adminRoutes(this.#reader, options.keys.sealing);
    this.#clock = setInterval(() => this.#tick(), UNFLUSHED_MS / 4);
    this.#clock.unref();
  }

  async opened(): Promise<void> {
    try {
      this.#cutOff = await this.#journal.started;
    } catch (fault) {
      await this.close();
      const { detail } = toGatewayError(fault);
      throw new StartError(`the audit journal cannot be opened: ${detail ?? 'unknown fault'}`, { cause: fault });
    }
  }

  get healthy(): boolean {
    return this.#journal.healthy;
  }

  get cutOff(): number {
    return this.#cutOff;
  }

  get live(): number {
    return this.#live.size;
  }

  append(event: AuditEvent): Promise<void> {
    return this.#journal.append(event);
  }

  async intent(exchange: Granted): Promise<Recorded> {
    await this.#journal.append(intentEvent(exchange));
    const recording = new ExchangeRecording({
      id: exchange.id,
      startedAt: exchange.startedAt,
      level: exchange.decision.record,
      mode: this.#mode,
      journal: this.#journal,
      masks: exchange.masks,
      notes: exchange.notes,
      onSettled: (settled, written) => this.#settled(settled, written),
    });
    this.#live.add(recording);
    return { ...exchange, recording };
  }

  step(exchange: Recorded): WayBackStep {
    const { recording } = exchange;
    if (!(recording instanceof ExchangeRecording)) throw new TypeError('this exchange was not recorded here');
    return createRecordStep(exchange, recording, this.#journal);
  }

  refused(exchange: Known, error: GatewayError): Promise<void> {
    return this.#journal.append(refusedEvent(exchange, error));
  }

  async trace(exchange: string, since: number): Promise<'nothing' | 'intent' | 'delivered' | 'upstream_error'> {
    const end = this.#reader.outcome(exchange)?.body.end;
    if (end === 'complete' || end === 'denied') return 'delivered';
    if (end === 'upstream_error') return 'upstream_error';
    const known = this.#reader.beganAt <= since;
    const sent = this.#reader.ofExchange(exchange).some(({ kind }) => kind === 'exchange.intent');
    return known && !sent ? 'nothing' : 'intent';
  }

  async close(): Promise<void> {
    clearInterval(this.#clock);
    // The last to close the file copies its log into it, and a reader cannot.
    this.#reader.close();
    await this.#journal.close();
    this.#reader.close();
  }

  #tick(): void {
    const now = Date.now();
    for (const recording of this.#live) recording.tick(now);
  }

  #settled(recording: ExchangeRecording, written: boolean): void {
    this.#live.delete(recording);
    if (written) {
      this.#owed.delete(recording);
      return;
    }
    this.#owed.add(recording);
    const [oldest] = this.#owed;
    if (this.#owed.size > OWED_RECORDINGS && oldest) this.#owed.delete(oldest);
  }

  #settleOwed(): void {
    for (const recording of this.#owed) recording.retry().catch(() => {});
  }
}
