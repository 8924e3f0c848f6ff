import type { ApprovalState } from '../model/approval.ts';
import { type Context, channel } from './context.ts';

const AT_ONCE = 500;
/** The longest that a timer of Node takes. */
const timerMost = 2 ** 31 - 1;

/** One that waits, the listener of its own signal: thousands may wait for minutes, and closures for each add up. */
class Waiter {
  readonly approval: string;
  /** By the monotonic clock. */
  readonly until: number;
  readonly #signal: AbortSignal;
  readonly #among: Waiters;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    approval: string,
    until: number,
    signal: AbortSignal,
    among: Waiters,
    settled: PromiseWithResolvers<void>,
  ) {
    this.approval = approval;
    this.until = until;
    this.#signal = signal;
    this.#among = among;
    this.#resolve = settled.resolve;
    this.#reject = settled.reject;
    signal.addEventListener('abort', this, { once: true });
  }

  wake(): void {
    this.#signal.removeEventListener('abort', this);
    this.#among.leave(this);
    this.#resolve();
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.#among.leave(this);
    this.#reject(this.#signal.reason);
  }
}

/**
 * Who waits for approvals: one list of small objects, one timer for all looks and one for all deadlines. A hint of the
 * store spares waiting for the next look, and the look finds what no hint told.
 */
export class Waiters {
  readonly #context: Context;
  readonly #pollMs: number;
  readonly #waiting = new Set<Waiter>();
  readonly #unlisten: () => void;
  #timer: NodeJS.Timeout | undefined;
  /** Rings at the next deadline. */
  #alarm: NodeJS.Timeout | undefined;
  #alarmAt = Number.POSITIVE_INFINITY;
  #looking = false;
  #lookAgain = false;

  constructor(context: Context, pollMs: number) {
    this.#context = context;
    this.#pollMs = pollMs;
    this.#unlisten = context.store.onHint(channel, () => void this.#look());
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when the approval is not pending any more, or at the deadline (epoch milliseconds). Rejects with the
   * signal's reason.
   */
  settled(approval: string, signal: AbortSignal, deadline: number): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const settled = Promise.withResolvers<void>();
    const until = performance.now() + deadline - this.#context.clock();
    this.#waiting.add(new Waiter(approval, until, signal, this, settled));
    this.#setAlarm(until);
    this.#timer ??= setInterval(() => void this.#look(), this.#pollMs).unref();
    // It may have been decided between the caller's look and now.
    void this.#look();
    return settled.promise;
  }

  /** One waits no longer. */
  leave(waiter: Waiter): void {
    this.#waiting.delete(waiter);
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = Number.POSITIVE_INFINITY;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unlisten();
    for (const waiter of [...this.#waiting]) waiter.wake();
  }

  #setAlarm(at: number): void {
    if (at >= this.#alarmAt) return;
    clearTimeout(this.#alarm);
    this.#alarmAt = at;
    this.#alarm = setTimeout(() => this.#ring(), Math.min(timerMost, Math.max(0, Math.ceil(at - performance.now()))));
  }

  #ring(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    for (const waiter of [...this.#waiting]) {
      if (waiter.until <= now) waiter.wake();
      else next = Math.min(next, waiter.until);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#setAlarm(next);
  }

  /** One look for all; hints that come meanwhile are one more. */
  async #look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      do {
        this.#lookAgain = false;
        const ids = [...new Set(this.#waiting.values().map(({ approval }) => approval))];
        for (let at = 0; at < ids.length; at += AT_ONCE) await this.#lookAt(ids.slice(at, at + AT_ONCE));
      } while (this.#lookAgain);
    } catch {
      // The store is away: the next look, or the deadline, finds out.
    } finally {
      this.#looking = false;
      if (this.#waiting.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
      }
    }
  }

  async #lookAt(ids: readonly string[]): Promise<void> {
    const rows = await this.#context.query
      .selectFrom('approval')
      .select(['id', 'state', 'expires_at'])
      .where('id', 'in', ids)
      .execute();
    const states = new Map<string, ApprovalState>(
      rows.map((row) => [row.id, row.expires_at <= this.#context.clock() ? 'expired' : row.state]),
    );
    const ended = new Set(ids.filter((id) => states.get(id) !== 'pending'));
    if (ended.size === 0) return;
    for (const waiter of [...this.#waiting]) if (ended.has(waiter.approval)) waiter.wake();
  }
}
