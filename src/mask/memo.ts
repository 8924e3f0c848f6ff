import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Span } from '../model/scan.ts';

/** Spans and entries kept, over all detectors and conversations. */
const largest = 200_000;
/** Up to so many bytes are hashed without a buffer of their own. */
const scratchBytes = 65_536;

/** What was found in some leaves: their indices, from the first leaf of what was scanned, and the spans of each. */
export type LeafSpans = readonly (readonly [index: number, spans: readonly Span[]])[];

/**
 * What was found in bytes seen before. A conversation is sent again in full on every turn; so each turn costs only its
 * new text. Holds keyed hashes and spans, never text.
 */
export class ScanMemo {
  /** The key, and room behind it for what is hashed. */
  readonly #scratch: Buffer;
  readonly #keyLength: number;
  readonly #known = new LRUCache<string, LeafSpans>({
    maxSize: largest,
    sizeCalculation: (found) => found.reduce((size, [, spans]) => size + spans.length, 1),
  });

  constructor(key: Uint8Array) {
    this.#scratch = Buffer.concat([key], scratchBytes);
    this.#keyLength = key.length;
  }

  /** The memo's name for bytes in a place where the schema reads them, scanned by these detectors. */
  name(detectorsId: string, place: string, bytes: Uint8Array): string {
    // A prefix key is enough where no digest is ever shown, and a hash in one go leaves no native object behind as an
    // HMAC does. JSON has no NUL, so the last one ends the place.
    const context = `${detectorsId}\0${place}\0`;
    const scratch = this.#scratch;
    if (context.length * 3 + bytes.length > scratch.length - this.#keyLength) {
      const key = scratch.subarray(0, this.#keyLength);
      return hash('sha256', Buffer.concat([key, Buffer.from(context), bytes]), 'latin1');
    }
    const at = this.#keyLength + scratch.write(context, this.#keyLength);
    scratch.set(bytes, at);
    return hash('sha256', scratch.subarray(0, at + bytes.length), 'latin1');
  }

  get(name: string): LeafSpans | undefined {
    return this.#known.get(name);
  }

  set(name: string, found: LeafSpans): void {
    this.#known.set(name, found);
  }

  clear(): void {
    this.#known.clear();
  }
}
