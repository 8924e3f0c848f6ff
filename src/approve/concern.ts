import { type Principal, principalKey } from '../model/principal.ts';
import { type Context, channel } from './context.ts';

/** Many hints at once are one reading. */
const SOON_MS = 100;

/**
 * Who has something open, granted or lately denied, in memory: an ordinary request of anybody else needs no
 * fingerprint. Behind other nodes by one poll at most.
 */
export class Concerns {
  readonly #context: Context;
  readonly #timer: NodeJS.Timeout;
  readonly #unlisten: () => void;
  #keys: ReadonlySet<string> = new Set();
  /** Keys that this node opened since the last reading began. */
  #fresh = new Set<string>();
  #soon: NodeJS.Timeout | undefined;
  #reading = false;
  #readAgain = false;

  constructor(context: Context, pollMs: number) {
    this.#context = context;
    this.#unlisten = context.store.onHint(channel, () => {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined;
        void this.refresh();
      }, SOON_MS).unref();
    });
    this.#timer = setInterval(() => void this.refresh(), pollMs).unref();
  }

  has(principal: Principal): boolean {
    // The key costs a little; most of the time nobody waits for anything.
    if (this.#keys.size === 0 && this.#fresh.size === 0) return false;
    const key = principalKey(principal);
    return this.#keys.has(key) || this.#fresh.has(key);
  }

  add(principal: Principal): void {
    this.#fresh.add(principalKey(principal));
  }

  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    this.#unlisten();
  }

  /** Reads the store; while that fails, what was known stays. */
  async refresh(): Promise<void> {
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    this.#reading = true;
    try {
      do {
        this.#readAgain = false;
        const before = this.#fresh;
        this.#fresh = new Set();
        await this.#read().catch(() => {
          for (const key of before) this.#fresh.add(key);
        });
      } while (this.#readAgain);
    } finally {
      this.#reading = false;
    }
  }

  async #read(): Promise<void> {
    const { query, clock, config } = this.#context;
    const asked = await query
      .selectFrom('approval')
      .select('principal_key')
      .distinct()
      .where((where) =>
        where.or([
          where('state', '=', 'pending'),
          where.and([where('state', '=', 'denied'), where('settled_at', '>', clock() - config.denial_s * 1000)]),
        ]),
      )
      .execute();
    const granted = await query
      .selectFrom('approval_grant')
      .select('principal_key')
      .distinct()
      .where('state', 'in', ['approved', 'in_flight'])
      .execute();
    this.#keys = new Set([...asked, ...granted].map((row) => row.principal_key));
  }
}
