import { randomUUIDv7 } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../errors.ts';
import type { AuditEvent, Journal } from '../model/event.ts';
import type { SealingKey } from '../seal/index.ts';
import { canonicalJson } from './canonical.ts';
import type { EventRow, FromWorker, SegmentRow, ToWorker, WorkerStart } from './journal_messages.ts';

/** Pause between attempts to get a failed journal back. */
const REOPEN_MS = 250;

/**
 * Messages on their way at a time. While the worker commits one, the next waits with it and everything behind gathers
 * in a third: fewer, larger messages the more there is to do, and the worker never waits for one.
 */
const MESSAGES = 2;

/**
 * How long what nobody waits for may stay behind: the end of one exchange mostly goes with the beginning of the next
 * then, which needs one sync of the disk instead of two and does not wait for another's.
 */
const PATIENCE_MS = 3;

/** A segment to be written: the row without its place in the batch, and its frames. */
export interface Segment extends Omit<SegmentRow, 'start' | 'end'> {
  readonly frames: Uint8Array;
}

export interface JournalOptions {
  readonly path: string;
  readonly sealing: SealingKey;
  /** Called before the file is opened anew: whoever reads it must close it. */
  readonly onDoubt: () => void;
  /** Called when the journal takes writes again after a fault. */
  readonly onRecovered: () => void;
  /** Faults and their end, for the log. */
  readonly onNotice: (text: string) => void;
}

interface Group {
  readonly events: EventRow[];
  readonly segments: SegmentRow[];
  readonly frames: Uint8Array[];
  bytes: number;
  /** Set while nothing in it is urgent. */
  patience: NodeJS.Timeout | null;
  readonly done: PromiseWithResolvers<void>;
}

/** A row for an event that happens now. */
export function eventRow(event: AuditEvent): EventRow {
  return [randomUUIDv7(), Date.now(), event.kind, event.exchange, canonicalJson(event.body), false];
}

/**
 * The main thread's end of the journal. What is appended in one turn of the event loop crosses to the worker as one
 * message, is committed as one transaction and answered once.
 */
export class JournalWriter implements Journal {
  readonly #options: JournalOptions;
  #worker: Worker;
  #group: Group | null = null;
  readonly #sent = new Map<number, Group>();
  #number = 0;
  #healthy = false;
  #failed = false;
  #closing = false;
  #ending: Promise<void> | null = null;
  #reopen: NodeJS.Timeout | null = null;
  readonly #started = Promise.withResolvers<number>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#worker = this.#spawn(true);
  }

  /** Settles once, when the file is open: exchanges that a crash cut off and that were closed as `unknown`. */
  get started(): Promise<number> {
    return this.#started.promise;
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  append(event: AuditEvent): Promise<void> {
    return this.submit(eventRow(event), null, 'now');
  }

  /**
   * Makes an event, a segment, or both in one transaction durable: at once, or `soon` together with what comes within
   * a few milliseconds. Rejects with AUDIT_UNAVAILABLE.
   */
  submit(event: EventRow | null, segment: Segment | null, when: 'now' | 'soon'): Promise<void> {
    if (!this.#healthy || this.#closing) return Promise.reject(unavailable('the journal takes no writes'));
    const group = this.#begun(when);
    if (event) group.events.push(event);
    if (segment) {
      const { frames, ...row } = segment;
      group.segments.push({ ...row, start: group.bytes, end: group.bytes + frames.length });
      group.frames.push(frames);
      group.bytes += frames.length;
    }
    return group.done.promise;
  }

  /** Waits until everything submitted is answered, then ends the worker. */
  close(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    while (this.#group && this.#healthy) await this.#group.done.promise.catch(() => {});
    this.#closing = true;
    if (this.#reopen) clearTimeout(this.#reopen);
    this.#post({ kind: 'close' });
    await this.#closed.promise;
  }

  /** The group that gathers, on its way by the time that is asked for. */
  #begun(when: 'now' | 'soon'): Group {
    const group = this.#group;
    if (!group) {
      const begun = this.#begin();
      if (when === 'now') this.#hurry(begun);
      else begun.patience = setTimeout(() => this.#hurry(begun), PATIENCE_MS);
      return begun;
    }
    if (when === 'now' && group.patience) this.#hurry(group);
    return group;
  }

  #begin(): Group {
    const done = Promise.withResolvers<void>();
    // Those who wait see the rejection; a group that nobody waits for must not end the process.
    done.promise.catch(() => {});
    this.#group = { events: [], segments: [], frames: [], bytes: 0, patience: null, done };
    return this.#group;
  }

  #hurry(group: Group): void {
    if (group.patience) clearTimeout(group.patience);
    group.patience = null;
    // After the events of this turn of the loop, so that all of them share one message.
    setImmediate(() => this.#send());
  }

  #send(): void {
    const group = this.#group;
    if (!group || (this.#sent.size >= MESSAGES && this.#healthy)) return;
    this.#group = null;
    if (group.patience) clearTimeout(group.patience);
    if (!this.#healthy || this.#closing) {
      group.done.reject(unavailable('the journal takes no writes'));
      return;
    }
    const number = ++this.#number;
    this.#sent.set(number, group);
    const bytes = new Uint8Array(group.bytes);
    for (const [index, row] of group.segments.entries()) bytes.set(group.frames[index]!, row.start);
    this.#post({ kind: 'batch', number, events: group.events, segments: group.segments, bytes });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message, message.kind === 'batch' ? [message.bytes.buffer as ArrayBuffer] : []);
  }

  #spawn(crashed: boolean): Worker {
    const { path, sealing } = this.#options;
    const start: WorkerStart = { path, sealingId: sealing.id, sealingKey: sealing.key, crashed };
    const worker = new Worker(new URL('./journal_worker.ts', import.meta.url), { workerData: start, execArgv: [] });
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.on('error', (fault) => this.#fail([...this.#sent.keys()], `the journal's thread died: ${String(fault)}`));
    worker.on('exit', () => {
      if (this.#closing) return this.#closed.resolve();
      this.#fail([...this.#sent.keys()], "the journal's thread ended");
      this.#schedule(() => {
        this.#worker = this.#spawn(false);
      });
    });
    return worker;
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'done':
        for (const number of message.batches) this.#take(number)?.done.resolve();
        if (!this.#group?.patience) this.#send();
        return;
      case 'failed':
        this.#fail(message.batches, message.detail);
        this.#schedule(() => {
          this.#options.onDoubt();
          this.#post({ kind: 'reopen' });
        });
        return;
      case 'ready':
        this.#ready(message.closed);
        return;
      case 'unready':
        this.#started.reject(unavailable(message.detail));
        this.#schedule(() => this.#post({ kind: 'reopen' }));
        return;
      case 'closed':
        return;
    }
  }

  #ready(closed: number): void {
    const recovered = this.#started;
    this.#healthy = true;
    recovered.resolve(closed);
    if (closed > 0) this.#options.onNotice(`${closed} exchanges had been cut off by a crash and were closed`);
    if (this.#failed) this.#options.onNotice('the journal takes writes again');
    this.#failed = false;
    this.#options.onRecovered();
  }

  #take(number: number): Group | undefined {
    const group = this.#sent.get(number);
    this.#sent.delete(number);
    return group;
  }

  #fail(numbers: readonly number[], detail: string): void {
    if (!this.#failed) this.#options.onNotice(`the journal failed: ${detail}`);
    this.#failed = true;
    this.#healthy = false;
    for (const number of numbers) this.#take(number)?.done.reject(unavailable(detail));
    this.#send();
  }

  #schedule(attempt: () => void): void {
    if (this.#closing || this.#reopen) return;
    this.#reopen = setTimeout(() => {
      this.#reopen = null;
      attempt();
    }, REOPEN_MS);
  }
}

function unavailable(detail: string): GatewayError {
  return new GatewayError('AUDIT_UNAVAILABLE', undefined, { detail });
}
