import { JsonFault } from './fault.ts';
import type { Tape } from './tape.ts';

/** Objects up to this size are checked by comparing hashes in a small array, larger ones by a Set. */
const SMALL = 16;
/** Depth there is room for at first; few texts go deeper, and room for the deepest costs more than a short text's scan. */
const SHALLOW = 12;

/**
 * Refuses a property name that its object already has: parsers differ on which of two wins, so what policy reads and
 * what Claude reads could differ. Names are compared decoded, so `"a"` equals `"\u0061"`.
 *
 * The hash is public and weak, which costs an attacker's object at most 120 comparisons of short names; beyond that
 * V8's own seeded string hash is used. It covers whole names only below 16,384 characters: names must be shorter.
 */
export class KeyGuard {
  readonly #tape: Tape;
  /** By depth: names seen in the object that is open there, and once they are many, the names themselves. */
  readonly #counts: number[] = [];
  readonly #large: (Set<string> | null)[] = [];
  /** `SMALL` entries a depth. */
  #hashes = new Int32Array(SHALLOW * SMALL);
  #records = new Int32Array(SHALLOW * SMALL);

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  /** An object begins at this depth, counted from 1. */
  open(depth: number): void {
    this.#counts[depth] = 0;
    this.#large[depth] = null;
    while (this.#hashes.length < (depth + 1) * SMALL) {
      this.#hashes = twice(this.#hashes);
      this.#records = twice(this.#records);
    }
  }

  /** Takes the key at tape index `record`. Throws `JsonFault` duplicate_key. */
  add(depth: number, record: number): void {
    const count = this.#counts[depth]!;
    this.#counts[depth] = count + 1;
    if (count >= SMALL) {
      this.#addLarge(depth, record);
      return;
    }
    const tape = this.#tape;
    const base = depth * SMALL;
    const hash = hashKey(tape, record);
    for (let i = base; i < base + count; i++) {
      if (this.#hashes[i] === hash && tape.text(this.#records[i]!) === tape.text(record)) throw duplicate(tape, record);
    }
    this.#hashes[base + count] = hash;
    this.#records[base + count] = record;
  }

  #addLarge(depth: number, record: number): void {
    let seen = this.#large[depth]!;
    if (seen === null) {
      seen = new Set();
      for (let i = depth * SMALL; i < (depth + 1) * SMALL; i++) seen.add(this.#tape.text(this.#records[i]!));
      this.#large[depth] = seen;
    }
    const text = this.#tape.text(record);
    if (seen.has(text)) throw duplicate(this.#tape, record);
    seen.add(text);
  }
}

function twice(entries: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(entries.length * 2);
  larger.set(entries);
  return larger;
}

function duplicate(tape: Tape, record: number): JsonFault {
  return new JsonFault('duplicate_key', tape.start(record));
}

/** FNV-1a over the decoded name in UTF-8. */
function hashKey(tape: Tape, record: number): number {
  if (!tape.plain(record)) {
    const decoded = Buffer.from(tape.text(record));
    return hashBytes(decoded, 0, decoded.length);
  }
  return hashBytes(tape.bytes, tape.start(record) + 1, tape.end(record) - 1);
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}
