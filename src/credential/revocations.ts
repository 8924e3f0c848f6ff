import { type Clock, pause } from './clock.ts';
import { toFault } from './fault.ts';
import type { CredentialLog } from './log.ts';
import { backoff } from './schedule.ts';
import type { VaultClient } from './vault.ts';

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 30_000;
const CLOSE_MS = 3_000;

/** A token to be revoked, with the client that holds it. */
export interface Revocable {
  readonly client: VaultClient;
  readonly accessor: string | null;
  readonly endsAt: number;
}

export interface RevocationOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: CredentialLog;
  /** Whether the tokens are the gateway's to revoke; a configured one is not. */
  readonly owned: boolean;
}

/** Revokes Vault tokens that are out of use: each is tried until Vault takes it or it ends by itself. */
export class Revocations {
  readonly #options: RevocationOptions;
  readonly #open = new Set<Revocable>();
  readonly #closing = new AbortController();

  constructor(options: RevocationOptions) {
    this.#options = options;
  }

  /** Revokes in the background; never rejects. */
  add(token: Revocable): void {
    if (!this.#options.owned) return;
    this.#open.add(token);
    void this.#revoke(token, this.#closing.signal);
  }

  /** Revokes the last token and what is still open, for 3 s at most, and says what it had to leave. */
  async close(last: Revocable | null): Promise<void> {
    this.#closing.abort();
    if (last !== null && this.#options.owned) this.#open.add(last);
    const signal = AbortSignal.timeout(CLOSE_MS);
    await Promise.all([...this.#open].map((token) => this.#revoke(token, signal)));
    for (const { accessor } of this.#open) this.#options.log.warn('a Vault token was not revoked', { accessor });
  }

  async #revoke(token: Revocable, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    for (let failures = 1; clock.now() < token.endsAt; failures += 1) {
      try {
        await token.client.write('auth/token/revoke-self', {}, signal);
        break;
      } catch (thrown) {
        // A token that Vault does not know any more is as good as revoked.
        if (toFault(thrown).kind === 'denied') break;
        if (!signal.aborted) await pause(clock, backoff(failures, FIRST_PAUSE_MS, LONGEST_PAUSE_MS, random), signal);
        if (signal.aborted) return;
      }
    }
    this.#open.delete(token);
  }
}
