import { LRUCache } from 'lru-cache';
import { GatewayError } from '../errors.ts';

/** How long the last reading serves while the store cannot be reached, in milliseconds. */
const lastMs = 3600_000;

interface Reading<T> {
  readonly value: T;
  readonly edition: number;
  /** By the monotonic clock. */
  readonly at: number;
}

export interface ReadingsOptions {
  /** How many are kept, the latest used. */
  readonly max: number;
  /** How long one serves without being read again, in milliseconds. */
  readonly freshMs: number;
}

/**
 * What was read of the shared store, by key. While the store cannot be reached the last reading goes on serving, for an
 * hour after it was made: what is plainly allowed does not stop with the store, and nodes without it change nothing.
 */
export class Readings<T extends object> {
  readonly #readings: LRUCache<string, Reading<T>>;
  readonly #freshMs: number;
  /** Readings of an earlier one have to be made anew. */
  #edition = 0;
  /** Rises with every change, so that what was read before one is not kept. */
  #changes = 0;

  constructor({ max, freshMs }: ReadingsOptions) {
    this.#readings = new LRUCache({ max, ttl: lastMs });
    this.#freshMs = freshMs;
  }

  /** What was read a moment ago, or undefined. */
  fresh(key: string): T | undefined {
    const reading = this.#readings.get(key);
    const serves = reading?.edition === this.#edition && performance.now() - reading.at < this.#freshMs;
    return serves ? reading.value : undefined;
  }

  /** What was read within the last hour, or undefined. */
  last(key: string): T | undefined {
    return this.#readings.get(key)?.value;
  }

  /** Reads anew. Rejects as `read` does, but with the store away only where there is no last reading. */
  async read(key: string, read: () => Promise<T>): Promise<T> {
    const changes = this.#changes;
    try {
      const value = await read();
      if (changes === this.#changes) this.set(key, value);
      return value;
    } catch (thrown) {
      const last = thrown instanceof GatewayError && thrown.code === 'STATE_UNAVAILABLE' ? this.last(key) : undefined;
      if (last === undefined) throw thrown;
      return last;
    }
  }

  /** This is what a reading would give now. */
  set(key: string, value: T): void {
    this.#readings.set(key, { value, edition: this.#edition, at: performance.now() });
  }

  /** It was changed here: what was read before serves no more. */
  changed(key: string): void {
    this.#changes += 1;
    this.#readings.delete(key);
  }

  /** Others may have changed anything: all has to be read anew. */
  doubt(): void {
    this.#changes += 1;
    this.#edition += 1;
  }
}
