import type { ApprovalState } from '../model/approval.ts';
import { type Context, channel } from './context.ts';

const AT_ONCE = 500;

interface Waiter {
  readonly wake: () => void;
}

/**
 * Who waits for approvals: one list of small objects and one timer for all. A hint of the store spares waiting for the
 * next look, and the look finds what no hint told.
 */
export class Waiters {
  readonly #context: Context;
  readonly #pollMs: number;
  readonly #waiting = new Map<string, Set<Waiter>>();
  readonly #unlisten: () => void;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(context: Context, pollMs: number) {
    this.#context = context;
    this.#pollMs = pollMs;
    this.#unlisten = context.store.onHint(channel, () => void this.#look());
  }

  /** How many wait. */
  get count(): number {
    let count = 0;
    for (const waiters of this.#waiting.values()) count += waiters.size;
    return count;
  }

  /**
   * Resolves when the approval is not pending any more, or at the deadline (epoch milliseconds). Rejects with the
   * signal's reason.
   */
  settled(approval: string, signal: AbortSignal, deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const waiters = this.#waiting.get(approval) ?? new Set();
      this.#waiting.set(approval, waiters);
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        waiters.delete(waiter);
        if (waiters.size === 0 && this.#waiting.get(approval) === waiters) this.#waiting.delete(approval);
      };
      const waiter: Waiter = {
        wake() {
          done();
          resolve();
        },
      };
      const stop = () => {
        done();
        reject(signal.reason);
      };
      const timer = setTimeout(waiter.wake, Math.min(2 ** 31 - 1, Math.max(0, deadline - this.#context.clock())));
      signal.addEventListener('abort', stop, { once: true });
      waiters.add(waiter);
      this.#timer ??= setInterval(() => void this.#look(), this.#pollMs).unref();
      // It may have been decided between the caller's look and now.
      void this.#look();
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#unlisten();
    for (const waiters of [...this.#waiting.values()]) for (const waiter of [...waiters]) waiter.wake();
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
        const ids = [...this.#waiting.keys()];
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
    for (const id of ids) {
      if (states.get(id) === 'pending') continue;
      for (const waiter of [...(this.#waiting.get(id) ?? [])]) waiter.wake();
    }
  }
}
