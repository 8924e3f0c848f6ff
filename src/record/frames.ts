import type { FrameKind } from '../model/event.ts';

/** Kinds by their stored number. The order is part of the format: new kinds go to the end. */
const kinds = ['request', 'head', 'event', 'block', 'mask', 'decision', 'error', 'mark'] as const satisfies FrameKind[];
const numbers = Object.fromEntries(kinds.map((kind, number) => [kind, number])) as Record<FrameKind, number>;

const HEAD_BYTES = 15;
const FIRST_BYTES = 2048;

/** One frame as it was stored. */
export interface Frame {
  readonly seq: number;
  /** Milliseconds since the exchange began. */
  readonly dt: number;
  readonly kind: FrameKind;
  /** Content block index, -1 for none. */
  readonly index: number;
  readonly payload: Buffer;
}

/**
 * Gathers frames as bytes: payload length (4, big-endian), seq (4), dt (4), kind (1), index (2, signed), payload.
 * Payloads are copied at once, so their buffers may be used again by the caller.
 */
export class FrameWriter {
  #buffer: Buffer | null = null;
  #length = 0;
  #seq = 0;

  /** Bytes gathered and not taken yet. */
  get length(): number {
    return this.#length;
  }

  /** Frames written so far, taken ones included; also the next sequence number. */
  get count(): number {
    return this.#seq;
  }

  write(kind: FrameKind, dt: number, index: number, payload: Uint8Array | string): void {
    const bytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
    const buffer = this.#room(HEAD_BYTES + bytes);
    const at = this.#length;
    buffer.writeUInt32BE(bytes, at);
    buffer.writeUInt32BE(this.#seq++, at + 4);
    // A clock set back must not make the frame unwritable.
    buffer.writeUInt32BE(dt > 0 ? dt : 0, at + 8);
    buffer[at + 12] = numbers[kind];
    buffer.writeInt16BE(index, at + 13);
    if (typeof payload === 'string') buffer.write(payload, at + HEAD_BYTES, 'utf8');
    else buffer.set(payload, at + HEAD_BYTES);
    this.#length = at + HEAD_BYTES + bytes;
  }

  /** The bytes gathered since the last call. They are the caller's. */
  take(): Buffer {
    const taken = this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
    this.#buffer = null;
    this.#length = 0;
    return taken;
  }

  #room(bytes: number): Buffer {
    const needed = this.#length + bytes;
    const buffer = this.#buffer;
    if (buffer && buffer.length >= needed) return buffer;
    const grown = Buffer.allocUnsafe(Math.max(needed, buffer ? buffer.length * 2 : FIRST_BYTES));
    buffer?.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    return grown;
  }
}

/** The frames in opened segment bytes. Throws a RangeError where the bytes are not whole frames. */
export function readFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + HEAD_BYTES + length;
    const kind = kinds[bytes[at + 12]!];
    if (end > bytes.length || kind === undefined) throw new RangeError('a segment holds no whole frames');
    frames.push({
      seq: bytes.readUInt32BE(at + 4),
      dt: bytes.readUInt32BE(at + 8),
      kind,
      index: bytes.readInt16BE(at + 13),
      payload: bytes.subarray(at + HEAD_BYTES, end),
    });
    at = end;
  }
  return frames;
}
