import type { Clock } from './clock.ts';
import { CredentialFault, toFault } from './fault.ts';

const FAILURES = 5;
const OPEN_MS = 10_000;

/**
 * Circuit breaker for one server: after 5 failures in a row it refuses for 10 s, then lets one probe through. Only
 * faults that say the server itself does not work count; an answer, even 403, closes it.
 */
export class Breaker {
  readonly #clock: Clock;
  #failures = 0;
  #openUntil = 0;
  #probing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws CredentialFault `breaker_open`, or what `call` throws */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const halfOpen = this.#failures >= FAILURES;
    if (halfOpen && (this.#probing || this.#clock.now() < this.#openUntil)) {
      throw new CredentialFault('breaker_open', `not asked after ${this.#failures} failures in a row`);
    }
    if (halfOpen) this.#probing = true;
    try {
      const result = await call();
      this.#failures = 0;
      return result;
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.serverBroken) {
        this.#failures += 1;
        this.#openUntil = this.#clock.now() + OPEN_MS;
      } else if (fault.kind !== 'closed') {
        this.#failures = 0;
      }
      throw fault;
    } finally {
      if (halfOpen) this.#probing = false;
    }
  }
}
