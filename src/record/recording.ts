import type { GatewayError } from '../errors.ts';
import type { Wait } from '../model/answer.ts';
import type { FrameKind, Outcome, Recording } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';
import type { MaskMark } from '../model/scan.ts';
import { markFacts, outcomeEvent } from './events.ts';
import { FrameWriter } from './frames.ts';
import { eventRow, type JournalWriter } from './journal.ts';
import type { EventRow } from './journal_messages.ts';
import type { LastMark } from './segments.ts';
import { AnswerReader } from './usage.ts';

/**
 * A segment is on its way while the next one fills, so that half of the 64 KiB that may be unflushed is the size at
 * which one is cut.
 */
const SEGMENT_BYTES = 32 * 1024;
/** The longest that what was delivered may be unflushed. */
export const UNFLUSHED_MS = 1000;
/** What a best-effort recording keeps in memory while the journal is down; beyond it there is a gap. */
const KEPT_BYTES = 64 * 1024;

/** Kinds of frames that hold nothing of what was said. */
const WITHOUT_CONTENT: ReadonlySet<FrameKind> = new Set(['head', 'mask', 'decision', 'mark']);

export type RecordMode = 'strict' | 'best_effort';

export interface RecordingOptions {
  readonly id: string;
  readonly startedAt: number;
  /** What policy wants recorded: everything, no content, or only the events. */
  readonly level: 'full' | 'metadata' | 'none';
  readonly mode: RecordMode;
  readonly journal: JournalWriter;
  /** Masks applied so far, in both directions; read at the end. */
  readonly masks: readonly MaskMark[];
  /** What the steps noted; read at the end. */
  readonly notes: JsonObject;
  /** Called when the outcome is durable, or will be: nothing more comes. */
  readonly onSettled: (recording: ExchangeRecording, written: boolean) => void;
}

interface Flight {
  readonly since: number;
  readonly settled: Promise<void>;
}

/** The recording of one exchange: frames gathered here, sealed and written by the journal's thread. */
export class ExchangeRecording implements Recording {
  readonly answer = new AnswerReader();
  readonly #options: RecordingOptions;
  readonly #frames = new FrameWriter();
  readonly #calls = { allow: 0, deny: 0 };
  /** Frames whose segment could not be written. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #gaps = 0;
  #numbers = 0;
  readonly #voided: number[] = [];
  #flight: Flight | null = null;
  /** When the oldest frame that is in no segment yet came, or 0. */
  #since = 0;
  #fault: GatewayError | null = null;
  #outcome: EventRow | null = null;
  #ended: Promise<void> | null = null;

  constructor(options: RecordingOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  get fault(): Error | null {
    return this.#fault;
  }

  /** True where content may be recorded. */
  get full(): boolean {
    return this.#options.level === 'full';
  }

  frame(kind: FrameKind, index: number, payload: Uint8Array | string | JsonObject): void {
    const { level, startedAt } = this.#options;
    if (level === 'none' || this.#ended) return;
    if (level === 'metadata' && !WITHOUT_CONTENT.has(kind)) return;
    const now = Date.now();
    if (this.#since === 0) this.#since = now;
    const bytes = typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
    this.#frames.write(kind, now - startedAt, index, bytes);
    if (this.#frames.length >= SEGMENT_BYTES && !this.#flight) this.#depart();
  }

  /** Counts a decided tool call for the outcome. */
  count(effect: 'allow' | 'deny'): void {
    this.#calls[effect]++;
  }

  /**
   * Something to wait for when more than may be unflushed would be. Throws the fault in strict mode, so that the
   * answer stops where its record does.
   */
  pressure(): Wait {
    if (this.#fault && this.#options.mode === 'strict') throw this.#fault;
    const flight = this.#flight;
    if (!flight) return undefined;
    const full = this.#frames.length >= SEGMENT_BYTES;
    // The clock is read only while a segment is on its way.
    if (!full && Date.now() - flight.since < UNFLUSHED_MS) return undefined;
    return flight.settled.then(() => this.pressure());
  }

  /** Cuts a segment when the oldest gathered frame has waited long enough. */
  tick(now: number): void {
    if (this.#since > 0 && now - this.#since >= UNFLUSHED_MS / 2 && !this.#flight && !this.#ended) this.#depart();
  }

  async flush(): Promise<void> {
    while (this.#flight) await this.#flight.settled;
    if (this.#frames.length + this.#keptBytes > 0 && !this.#ended) {
      this.#depart();
      await this.#flight!.settled;
    }
    if (this.#fault) throw this.#fault;
  }

  end(outcome: Outcome): Promise<void> {
    if (!this.#ended) {
      this.#ended = this.#finish(outcome);
      // It is written later then; a caller that does not wait must not end the process.
      this.#ended.catch(() => {});
    }
    return this.#ended;
  }

  /** Tries again to write the end; for recordings whose journal was down then. */
  async retry(): Promise<void> {
    if (!this.#outcome) return;
    const [id, at, kind, exchange, body] = this.#outcome;
    this.#outcome = [id, at, kind, exchange, body, true];
    await this.#writeEnd();
  }

  async #finish(outcome: Outcome): Promise<void> {
    while (this.#flight) await this.#flight.settled;
    this.#outcome = eventRow(
      outcomeEvent(
        this.id,
        {
          ...outcome,
          usage: outcome.usage ?? this.answer.usage,
          stopReason: outcome.stopReason ?? this.answer.stopReason,
        },
        {
          model: this.answer.model,
          duration_ms: Date.now() - this.#options.startedAt,
          masks: this.#options.masks.map(markFacts),
          notes: this.#options.notes,
          calls: this.#calls,
          recording: { level: this.#options.level, frames: this.#frames.count, gaps: this.#gaps },
        },
      ),
    );
    await this.#writeEnd();
  }

  async #writeEnd(): Promise<void> {
    const frames = this.#takeFrames();
    const nothing = frames.length === 0 && this.#numbers === 0;
    const number = nothing ? 0 : this.#numbers++;
    const last: LastMark = { count: this.#numbers, voided: [...this.#voided] };
    try {
      await this.#options.journal.submit(
        this.#outcome,
        nothing ? null : { exchange: this.id, startedAt: this.#options.startedAt, number, last, frames },
        'soon',
      );
      this.#outcome = null;
      this.#options.onSettled(this, true);
    } catch (fault) {
      this.#fault = fault as GatewayError;
      if (!nothing) this.#putBack(number, frames);
      this.#options.onSettled(this, false);
      throw fault;
    }
  }

  /** Sends what is gathered off as a segment. */
  #depart(): void {
    const { journal, mode, startedAt } = this.#options;
    const frames = this.#takeFrames();
    const number = this.#numbers++;
    const settled = journal.submit(null, { exchange: this.id, startedAt, number, last: null, frames }, 'now').then(
      () => {
        this.#flight = null;
        if (mode === 'best_effort') this.#fault = null;
      },
      (fault: GatewayError) => {
        this.#flight = null;
        this.#fault = fault;
        this.#putBack(number, frames);
      },
    );
    this.#flight = { since: Date.now(), settled };
  }

  #takeFrames(): Buffer {
    const frames = this.#frames.take();
    this.#since = 0;
    if (this.#keptBytes === 0) return frames;
    const all = Buffer.concat([...this.#kept, frames]);
    this.#kept = [];
    this.#keptBytes = 0;
    return all;
  }

  /** A segment was not written: its number is void, and its frames wait for the next one, as far as there is room. */
  #putBack(number: number, frames: Buffer): void {
    this.#voided.push(number);
    if (frames.length + this.#frames.length > KEPT_BYTES && this.#options.mode === 'best_effort') {
      this.#gaps++;
      this.frame('mark', -1, { gap: true, bytes: frames.length });
      return;
    }
    this.#kept.push(frames);
    this.#keptBytes += frames.length;
  }
}
