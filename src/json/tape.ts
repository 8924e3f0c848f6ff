import type { JsonNode } from '../model/body.ts';

/** What a record of the tape is. A key is a record of its own, followed by the record of its value. */
export const Kind = { object: 0, array: 1, string: 2, number: 3, true: 4, false: 5, null: 6, key: 7 } as const;

const KIND = 7;
/** Flag beside the kind of a string or key: it is spelled with escapes. */
export const ESCAPED = 8;
/** Flag beside the kind of a string or key: it holds bytes beyond ASCII. */
export const WIDE = 16;

/** Words of one record: start, end, kind and flags, index of the record behind the value. */
const WORDS = 4;
const EMPTY = new Uint32Array(0);
/** Shorter strings are decoded as fast as they are looked up. */
const CACHED_FROM = 64;

const types = ['object', 'array', 'string', 'number', 'boolean', 'boolean', 'null', 'string'] as const;

/**
 * The values of one JSON text in document order, as records in one typed array: no object per value, so a body costs
 * 16 bytes a value until somebody looks at it.
 */
export class Tape {
  readonly bytes: Buffer;
  /** Number of records. */
  count = 0;
  #cells: Uint32Array = EMPTY;
  #texts: Map<number, string> | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#cells = new Uint32Array(WORDS * Math.min(4096, 16 + (bytes.byteLength >>> 4)));
  }

  /** Adds a record and gives its index. */
  add(tag: number, start: number, end: number): number {
    const index = this.count++;
    let cell = index * WORDS;
    if (cell >= this.#cells.length) this.#grow();
    const cells = this.#cells;
    cells[cell++] = start;
    cells[cell++] = end;
    cells[cell++] = tag;
    cells[cell] = index + 1;
    return index;
  }

  /** Closes a container whose text ends before `end`; what was added since is inside it. */
  close(index: number, end: number): void {
    this.#cells[index * WORDS + 1] = end;
    this.#cells[index * WORDS + 3] = this.count;
  }

  start(index: number): number {
    return this.#cells[index * WORDS]!;
  }

  end(index: number): number {
    return this.#cells[index * WORDS + 1]!;
  }

  /** One of `Kind`. */
  kind(index: number): number {
    return this.#cells[index * WORDS + 2]! & KIND;
  }

  /** Whether a string or key is spelled without escapes. */
  plain(index: number): boolean {
    return (this.#cells[index * WORDS + 2]! & ESCAPED) === 0;
  }

  /** The index of the record behind this value and all that is inside it. */
  next(index: number): number {
    return this.#cells[index * WORDS + 3]!;
  }

  /** The decoded text of a string or key; long ones are decoded once. */
  text(index: number): string {
    const cell = index * WORDS;
    const start = this.#cells[cell]!;
    const end = this.#cells[cell + 1]!;
    const tag = this.#cells[cell + 2]!;
    if (end - start < CACHED_FROM) return decode(this.bytes, tag, start, end);
    this.#texts ??= new Map();
    let text = this.#texts.get(index);
    if (text === undefined) {
      text = decode(this.bytes, tag, start, end);
      this.#texts.set(index, text);
    }
    return text;
  }

  /** Whether the text of a string or key is `text`, without decoding it where that can be avoided. */
  is(index: number, text: string): boolean {
    const cell = index * WORDS;
    if ((this.#cells[cell + 2]! & (ESCAPED | WIDE)) !== 0) return this.text(index) === text;
    const start = this.#cells[cell]! + 1;
    if (this.#cells[cell + 1]! - 1 - start !== text.length) return false;
    for (let i = 0; i < text.length; i++) if (this.bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Gives back what can be made again, decoded texts, and the room for records that were not added. */
  shrink(): void {
    this.#texts = null;
    if (this.#cells.length > this.count * WORDS) this.#cells = this.#cells.slice(0, this.count * WORDS);
  }

  #grow(): void {
    const cells = new Uint32Array(this.#cells.length * 2);
    cells.set(this.#cells);
    this.#cells = cells;
  }
}

/** Decodes a string literal, its quotes included in `start` and `end`. */
function decode(bytes: Buffer, tag: number, start: number, end: number): string {
  if ((tag & ESCAPED) !== 0) return JSON.parse(bytes.toString('utf8', start, end)) as string;
  if ((tag & WIDE) !== 0) return bytes.toString('utf8', start + 1, end - 1);
  return bytes.toString('latin1', start + 1, end - 1);
}

/** The view of one record as a `JsonNode`. */
export class TapeNode implements JsonNode {
  readonly tape: Tape;
  readonly index: number;

  constructor(tape: Tape, index: number) {
    this.tape = tape;
    this.index = index;
  }

  get type(): JsonNode['type'] {
    return types[this.tape.kind(this.index)]!;
  }

  get start(): number {
    return this.tape.start(this.index);
  }

  get end(): number {
    return this.tape.end(this.index);
  }

  get(key: string): TapeNode | null {
    const tape = this.tape;
    if (tape.kind(this.index) !== Kind.object) return null;
    const end = tape.next(this.index);
    for (let i = this.index + 1; i < end; i = tape.next(i + 1)) {
      if (tape.is(i, key)) return new TapeNode(tape, i + 1);
    }
    return null;
  }

  items(): readonly TapeNode[] {
    const nodes: TapeNode[] = [];
    const tape = this.tape;
    if (tape.kind(this.index) !== Kind.array) return nodes;
    const end = tape.next(this.index);
    for (let i = this.index + 1; i < end; i = tape.next(i)) nodes.push(new TapeNode(tape, i));
    return nodes;
  }

  entries(): readonly (readonly [key: string, value: TapeNode])[] {
    const members: [string, TapeNode][] = [];
    const tape = this.tape;
    if (tape.kind(this.index) !== Kind.object) return members;
    const end = tape.next(this.index);
    for (let i = this.index + 1; i < end; i = tape.next(i + 1)) members.push([tape.text(i), new TapeNode(tape, i + 1)]);
    return members;
  }

  string(): string | null {
    return this.tape.kind(this.index) === Kind.string ? this.tape.text(this.index) : null;
  }

  says(text: string): boolean {
    return this.tape.kind(this.index) === Kind.string && this.tape.is(this.index, text);
  }

  number(): number | null {
    return this.tape.kind(this.index) === Kind.number ? Number(this.spelling()) : null;
  }

  boolean(): boolean | null {
    const kind = this.tape.kind(this.index);
    return kind === Kind.true ? true : kind === Kind.false ? false : null;
  }

  /** The value's own spelling: the text of its bytes. */
  spelling(): string {
    return this.tape.bytes.toString('utf8', this.start, this.end);
  }
}

/** Before a long wait: a value that `scan` gave takes no more memory than its bytes and records need. */
export function shrink(node: JsonNode): void {
  if (node instanceof TapeNode) node.tape.shrink();
}
