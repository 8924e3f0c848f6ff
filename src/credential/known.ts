/** How long a value stays known after its end: answers that were begun with it may still run. */
const LINGER_MS = 600_000;
/** The most values kept; the oldest is dropped first. */
const MOST_VALUES = 256;

/** The credential values that are or were usable lately, for the exact-value masks. */
export class KnownValues {
  /** Value to the time from which it may be forgotten, in the order of arrival. */
  readonly #values = new Map<string, number>();
  readonly #listeners: (() => void)[] = [];
  #list: readonly string[] = [];

  /** The same array until something changes. */
  get all(): readonly string[] {
    return this.#list;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Adds a value that ends at `endsAt` (epoch milliseconds or Infinity) and forgets those that ended long ago. */
  add(value: string, endsAt: number, now: number): void {
    const known = this.#values.has(value);
    this.#values.delete(value);
    this.#values.set(value, endsAt + LINGER_MS);
    for (const [old, until] of this.#values) {
      if (until <= now || this.#values.size > MOST_VALUES) this.#values.delete(old);
    }
    if (known && this.#list.length === this.#values.size) return;
    this.#list = [...this.#values.keys()];
    for (const listener of this.#listeners) listener();
  }
}
