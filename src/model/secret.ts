const MASK = '[secret]';

/**
 * A secret value that does not show itself: JSON, string conversion and `util.inspect` give a fixed mask, and the
 * value is in a private field, so that spreading or cloning the holder loses it instead of copying it. Only
 * `reveal()` gives the value; call it where the value is used, and keep what it returns short.
 */
export class Secret {
  readonly #value: string;
  /** Absolute path of the file it was read from, or null; who needs the value after a rotation reads that again. */
  readonly file: string | null;

  /** Holds `value`; an empty secret is a programmer's mistake and throws a TypeError. */
  constructor(value: string, file: string | null = null) {
    if (value === '') throw new TypeError('a secret must not be empty');
    this.#value = value;
    this.file = file;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}
