import { isUtf8 } from 'node:buffer';
import { JsonFault } from './fault.ts';
import { KeyGuard } from './keys.ts';
import { ESCAPED, Kind, Tape, WIDE } from './tape.ts';

/** How large a JSON text may be, beside its bytes. */
export interface JsonLimits {
  /** Nested containers; the outermost one counts. */
  readonly depth: number;
  /** Property names in the whole text. */
  readonly keys: number;
  /** Values in the whole text: bounds the memory of the tape (16 bytes each). */
  readonly values: number;
}

/** Limits of a request body where the configuration says nothing else. */
export const defaultLimits: JsonLimits = { depth: 64, keys: 100_000, values: 500_000 };

/** Limits of one event of an answer, and of the input of a tool call in it. */
export const eventLimits: JsonLimits = { depth: 512, keys: 100_000, values: 500_000 };

/** Bytes of a property name's spelling; see `KeyGuard`. */
const MAX_KEY = 8192;
/** Bytes of a number's spelling: other parsers refuse a number of a few thousand digits. */
const MAX_NUMBER = 1024;
/** Bytes whose encoding is checked in one go; native code, several GB/s. */
const UTF8_BLOCK = 4 << 20;

/** What the next token may be. */
const VALUE = 0;
const FIRST_ELEMENT = 1;
const FIRST_KEY = 2;
const KEY = 3;
const COLON = 4;
const AFTER = 5;
const DONE = 6;

/** Bytes at which the plain run of a string stops. */
const STOPS = new Uint8Array(256).fill(1, 0, 0x20);
STOPS[0x22] = STOPS[0x5c] = 1;
/** Bytes that may follow a backslash, `u` aside. */
const SIMPLE = new Uint8Array(256);
for (const character of '"\\/bfnrt') SIMPLE[character.charCodeAt(0)] = 1;
/** Values of hexadecimal digits; 16 for any other byte. */
const HEX = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) {
  HEX[digit.toString(16).charCodeAt(0)] = HEX[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/**
 * Reads one JSON text into a tape, strictly by RFC 8259 and with the stricter rules of `JsonFaultCode`. It works in
 * steps, so that the caller may give way to others between them; where a step ends, inside a string too, makes no
 * difference to the result.
 */
export class Scanner {
  readonly tape: Tape;
  readonly #bytes: Buffer;
  readonly #limits: JsonLimits;
  readonly #guard: KeyGuard;
  /** Tape indices of the open containers, by depth from 1. */
  readonly #open: number[] = [0];
  #depth = 0;
  #keys = 0;
  #position = 0;
  #state = VALUE;
  #checked = 0;
  /** Start of the string being read, or -1. */
  #string = -1;
  #flags = 0;

  constructor(bytes: Uint8Array, limits: JsonLimits) {
    this.tape = new Tape(bytes);
    this.#bytes = this.tape.bytes;
    this.#limits = limits;
    this.#guard = new KeyGuard(this.tape);
  }

  /** Reads about `budget` bytes more. True once the whole text is read. Throws `JsonFault`. */
  step(budget: number): boolean {
    if (this.#checked < this.#bytes.length && !this.#checkEncoding()) return false;
    const stop = Math.min(this.#bytes.length, this.#position + budget);
    if (this.#string < 0 || this.#readString(stop)) this.#readTokens(stop);
    if (stop < this.#bytes.length) return false;
    if (this.#string >= 0 || this.#state !== DONE) throw this.#endFault();
    return true;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  #readTokens(stop: number): void {
    const bytes = this.#bytes;
    let position = this.#position;
    for (;;) {
      let byte = 0;
      while (position < stop) {
        byte = bytes[position]!;
        if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
        position++;
      }
      this.#position = position;
      if (position >= stop) return;
      switch (this.#state) {
        case AFTER:
          if (byte === 0x2c) {
            this.#state = this.tape.kind(this.#open[this.#depth]!) === Kind.object ? KEY : VALUE;
            position++;
          } else position = this.#close(byte, position);
          break;
        case COLON:
          if (byte !== 0x3a) throw new JsonFault('unexpected', position);
          this.#state = VALUE;
          position++;
          break;
        case FIRST_KEY:
        case KEY:
          if (byte === 0x7d && this.#state === FIRST_KEY) position = this.#close(byte, position);
          else {
            if (byte !== 0x22) throw new JsonFault('unexpected', position);
            this.#beginString();
            if (!this.#readString(stop)) return;
            position = this.#position;
          }
          break;
        case FIRST_ELEMENT:
        case VALUE:
          if (byte === 0x22) {
            this.#beginString();
            if (!this.#readString(stop)) return;
            position = this.#position;
          } else if (byte === 0x5d && this.#state === FIRST_ELEMENT) position = this.#close(byte, position);
          else position = this.#readValue(byte, position);
          break;
        default:
          throw new JsonFault('trailing', position);
      }
    }
  }

  /** Reads a container's opening, a number or a literal, and gives the position behind it. */
  #readValue(byte: number, position: number): number {
    switch (byte) {
      case 0x7b:
        this.#enter(this.#addValue(Kind.object, position, 0), position);
        this.#guard.open(this.#depth);
        this.#state = FIRST_KEY;
        return position + 1;
      case 0x5b:
        this.#enter(this.#addValue(Kind.array, position, 0), position);
        this.#state = FIRST_ELEMENT;
        return position + 1;
      case 0x74:
        return this.#readLiteral('true', Kind.true, position);
      case 0x66:
        return this.#readLiteral('false', Kind.false, position);
      case 0x6e:
        return this.#readLiteral('null', Kind.null, position);
      default:
        return this.#readNumber(byte, position);
    }
  }

  #enter(index: number, position: number): void {
    if (this.#depth >= this.#limits.depth) throw new JsonFault('depth', position);
    this.#open[++this.#depth] = index;
  }

  #close(byte: number, position: number): number {
    const index = this.#open[this.#depth]!;
    if (byte !== (this.tape.kind(index) === Kind.object ? 0x7d : 0x5d)) throw new JsonFault('unexpected', position);
    this.tape.close(index, position + 1);
    this.#depth--;
    this.#afterValue();
    return position + 1;
  }

  #afterValue(): void {
    this.#state = this.#depth === 0 ? DONE : AFTER;
  }

  #addValue(tag: number, start: number, end: number): number {
    // Keys have a limit of their own, so that a large body of small objects is not cut off early.
    if (this.tape.count - this.#keys >= this.#limits.values) throw new JsonFault('values', start);
    return this.tape.add(tag, start, end);
  }

  #beginString(): void {
    this.#string = this.#position++;
    this.#flags = 0;
  }

  /** Reads on to the end of the string; false where `stop` came first. */
  #readString(stop: number): boolean {
    const bytes = this.#bytes;
    let position = this.#position;
    let seen = 0;
    for (;;) {
      let byte = 0;
      while (position < stop) {
        byte = bytes[position]!;
        if (STOPS[byte] !== 0) break;
        seen |= byte;
        position++;
      }
      if (position >= stop || byte === 0x22) {
        if (seen > 0x7f) this.#flags |= WIDE;
        this.#position = position;
        if (position >= stop) return false;
        this.#endString(position + 1);
        return true;
      }
      if (byte !== 0x5c) throw new JsonFault('control', position);
      this.#flags |= ESCAPED;
      position += SIMPLE[bytes[position + 1]!] === 1 ? 2 : this.#unicodeEscape(position);
    }
  }

  #endString(end: number): void {
    const start = this.#string;
    this.#string = -1;
    this.#position = end;
    if (this.#state === KEY || this.#state === FIRST_KEY) {
      if (end - start > MAX_KEY) throw new JsonFault('key_length', start);
      if (++this.#keys > this.#limits.keys) throw new JsonFault('keys', start);
      this.#guard.add(this.#depth, this.tape.add(Kind.key | this.#flags, start, end));
      this.#state = COLON;
    } else {
      this.#addValue(Kind.string | this.#flags, start, end);
      this.#afterValue();
    }
  }

  /** The length of the `\u` escape at `position`, a surrogate pair being one. */
  #unicodeEscape(position: number): number {
    const unit = this.#unit(position);
    if (unit < 0xd800 || unit > 0xdfff) return 6;
    const next = position + 6;
    if (unit > 0xdbff) throw new JsonFault('surrogate', position);
    if (next < this.#bytes.length && this.#bytes[next] !== 0x5c) throw new JsonFault('surrogate', position);
    if (next + 1 < this.#bytes.length && this.#bytes[next + 1] !== 0x75) throw new JsonFault('surrogate', position);
    const low = this.#unit(next);
    if (low < 0xdc00 || low > 0xdfff) throw new JsonFault('surrogate', position);
    return 12;
  }

  #unit(position: number): number {
    const bytes = this.#bytes;
    // The end of the text comes first: a cut text is truncated, not malformed.
    if (position + 1 >= bytes.length) throw new JsonFault('truncated', bytes.length);
    if (bytes[position + 1] !== 0x75) throw new JsonFault('escape', position);
    let unit = 0;
    for (let i = position + 2; i < position + 6; i++) {
      if (i >= bytes.length) throw new JsonFault('truncated', bytes.length);
      const digit = HEX[bytes[i]!]!;
      if (digit > 15) throw new JsonFault('escape', position);
      unit = unit * 16 + digit;
    }
    return unit;
  }

  #readLiteral(literal: string, kind: number, start: number): number {
    for (let i = 1; i < literal.length; i++) {
      if (start + i >= this.#bytes.length) throw new JsonFault('truncated', start + i);
      if (this.#bytes[start + i] !== literal.charCodeAt(i)) throw new JsonFault('unexpected', start + i);
    }
    this.#addValue(kind, start, start + literal.length);
    this.#afterValue();
    return start + literal.length;
  }

  #readNumber(first: number, start: number): number {
    const bytes = this.#bytes;
    let position = first === 0x2d ? start + 1 : start;
    if (!isDigit(bytes[position])) {
      if (position >= bytes.length) throw new JsonFault('truncated', position);
      throw new JsonFault(first === 0x2d ? 'number' : 'unexpected', position);
    }
    position = bytes[position] === 0x30 ? position + 1 : this.#digits(position, start);
    if (bytes[position] === 0x2e) position = this.#digits(position + 1, start);
    if (bytes[position] === 0x65 || bytes[position] === 0x45) {
      position++;
      if (bytes[position] === 0x2b || bytes[position] === 0x2d) position++;
      position = this.#digits(position, start);
    }
    this.#addValue(Kind.number, start, position);
    this.#afterValue();
    return position;
  }

  /** Reads one digit or more. */
  #digits(from: number, start: number): number {
    const bytes = this.#bytes;
    let position = from;
    while (isDigit(bytes[position])) {
      if (position - start >= MAX_NUMBER) throw new JsonFault('number_length', start);
      position++;
    }
    if (position === from) throw new JsonFault(position >= bytes.length ? 'truncated' : 'number', position);
    return position;
  }

  /** Checks one more block; true when all is checked. */
  #checkEncoding(): boolean {
    const bytes = this.#bytes;
    const from = this.#checked;
    if (from === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) throw new JsonFault('bom', 0);
    const to = characterStart(bytes, Math.min(bytes.length, from + UTF8_BLOCK));
    if (!isUtf8(bytes.subarray(from, to))) throw new JsonFault('utf8', firstInvalid(bytes, from, to));
    this.#checked = to;
    return to === bytes.length;
  }

  #endFault(): JsonFault {
    const nothing = this.#state === VALUE && this.#depth === 0 && this.#string < 0;
    return new JsonFault(nothing ? 'empty' : 'truncated', this.#bytes.length);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** The start of the character that `offset` lies in. */
function characterStart(bytes: Uint8Array, offset: number): number {
  if (offset === bytes.length) return offset;
  let start = offset;
  while (start > offset - 3 && start > 0 && (bytes[start]! & 0xc0) === 0x80) start--;
  return start;
}

/** The first byte in a block known to be invalid from which no valid character begins. */
function firstInvalid(bytes: Uint8Array, from: number, to: number): number {
  let valid = from;
  let invalid = to;
  while (invalid - valid > 8) {
    const middle = characterStart(bytes, (valid + invalid) >>> 1);
    if (isUtf8(bytes.subarray(valid, middle))) valid = middle;
    else invalid = middle;
  }
  for (let end = valid + 1; end <= invalid; end++) if (isUtf8(bytes.subarray(valid, end))) valid = end;
  return valid;
}
