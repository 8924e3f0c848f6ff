import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Span } from '../model/scan.ts';

/** Below this many bytes scanning costs less than hashing. */
const smallest = 1024;
/** Spans and entries kept, over all detectors and conversations. */
const largest = 200_000;

/**
 * What was found in texts seen before. A conversation is sent again in full on every turn; so each turn costs only its
 * new text. Holds keyed hashes and spans, never text.
 */
export class ScanMemo {
  readonly #key: Uint8Array;
  readonly #known = new LRUCache<string, readonly Span[]>({
    maxSize: largest,
    sizeCalculation: (spans) => 1 + spans.length,
  });

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The memo's name for a text scanned by these detectors, or null where it is too small to be kept. */
  name(detectorsId: string, spelling: Uint8Array): string | null {
    if (spelling.length < smallest) return null;
    // A prefix key is enough where no digest is ever shown, and a hash in one go leaves no native object behind as an
    // HMAC does.
    const keyed = Buffer.concat([this.#key, Buffer.from(`${detectorsId}\0`), spelling]);
    return hash('sha256', keyed, 'latin1');
  }

  get(name: string): readonly Span[] | undefined {
    return this.#known.get(name);
  }

  set(name: string, spans: readonly Span[]): void {
    this.#known.set(name, spans);
  }

  clear(): void {
    this.#known.clear();
  }
}
