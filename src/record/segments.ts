import { hash } from 'node:crypto';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { makeDataKey, openPart, SealBroken, type SealingKey, sealPart, unwrapDataKey } from '../seal/index.ts';

/** The header of a recording, the same bytes on each of its segments (after a crash of the writer, from there on new). */
interface Header {
  readonly v: 1;
  readonly exchange: string;
  /** Epoch milliseconds at which the exchange began. */
  readonly started_at: number;
  readonly sealing_key: string;
  /** The data key, wrapped for this exchange; base64. */
  readonly data_key: string;
}

/** What the last segment says of the recording. */
export interface LastMark {
  /** Segment numbers used, this one included. */
  readonly count: number;
  /** Numbers whose write failed; what they held was written again later. */
  readonly voided: readonly number[];
}

export interface SealedSegment {
  readonly number: number;
  readonly header: Uint8Array;
  readonly sealed: Uint8Array;
}

/**
 * Answers are many small events that differ little: packed they take a tenth of the room, which saves more time at
 * the disk than packing costs. The fastest level already finds that.
 */
const PACKING = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Frames of fewer bytes stay as they are: to begin packing costs more time than it saves. */
const PACKED_FROM = 4096;
/** How packed frames begin (RFC 8878 section 3.1.1); unpacked ones would be a frame of 650 MiB. */
const PACKED_MAGIC = 0x28b52ffd;
/** Opened segments are at most this long; what claims more was not written here. */
const UNPACKED_MOST = 64 * 1024 * 1024;

/** Seals the segments of many recordings, each under its own data key. */
export class SegmentSealer {
  readonly #sealing: SealingKey;
  readonly #recordings = new Map<
    string,
    { readonly key: Uint8Array; readonly header: Buffer; readonly digest: string }
  >();

  constructor(sealing: SealingKey) {
    this.#sealing = sealing;
  }

  seal(
    segment: {
      readonly exchange: string;
      readonly startedAt: number;
      readonly number: number;
      readonly last: LastMark | null;
    },
    frames: Uint8Array,
  ): { readonly header: Buffer; readonly sealed: Buffer } {
    const { exchange, startedAt, number, last } = segment;
    let recording = this.#recordings.get(exchange);
    if (!recording) {
      const { key, wrapped } = makeDataKey(this.#sealing, exchange);
      const header: Header = {
        data_key: wrapped.toString('base64'),
        exchange,
        sealing_key: this.#sealing.id,
        started_at: startedAt,
        v: 1,
      };
      const bytes = Buffer.from(JSON.stringify(header));
      recording = { key, header: bytes, digest: digest(bytes) };
      this.#recordings.set(exchange, recording);
    }
    const sealed = sealPart(recording.key, number, bound(exchange, number, recording.digest), withMark(last, frames));
    return { header: recording.header, sealed };
  }

  /** The recording has ended; its data key is not needed any more. */
  forget(exchange: string): void {
    this.#recordings.get(exchange)?.key.fill(0);
    this.#recordings.delete(exchange);
  }
}

/**
 * Opens one segment. Throws `SealBroken` when header, number, exchange or bytes are not those that were sealed, or
 * another sealing key is needed.
 */
export function openSegment(
  sealing: SealingKey,
  exchange: string,
  segment: SealedSegment,
): { readonly frames: Buffer; readonly last: LastMark | null } {
  const header = readHeader(segment.header);
  if (header.sealing_key !== sealing.id)
    throw new SealBroken(`sealed with key ${header.sealing_key}, not ${sealing.id}`);
  const key = unwrapDataKey(sealing, exchange, Buffer.from(header.data_key, 'base64'));
  const aad = bound(exchange, segment.number, digest(segment.header));
  const plain = openPart(key, segment.number, aad, segment.sealed);
  const markEnd = 4 + plain.readUInt32BE(0);
  const last = markEnd === 4 ? null : (JSON.parse(plain.toString('utf8', 4, markEnd)) as LastMark);
  const stored = plain.subarray(markEnd);
  const packed = stored.length >= 4 && stored.readUInt32BE(0) === PACKED_MAGIC;
  const frames = packed ? zstdDecompressSync(stored, { maxOutputLength: UNPACKED_MOST }) : stored;
  return { frames, last };
}

function readHeader(bytes: Uint8Array): Header {
  try {
    const header = JSON.parse(Buffer.from(bytes).toString()) as Header;
    if (header.v === 1 && typeof header.data_key === 'string') return header;
  } catch {
    // Falls through: what is no header was changed.
  }
  throw new SealBroken('a segment has no header');
}

/** What is sealed: the length of the last mark (4 bytes, 0 for none), the mark as JSON, the frames, packed where long. */
function withMark(last: LastMark | null, frames: Uint8Array): Buffer {
  const mark = Buffer.from(last ? JSON.stringify(last) : '');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(mark.length);
  return Buffer.concat([length, mark, frames.length < PACKED_FROM ? frames : zstdCompressSync(frames, PACKING)]);
}

/** Authenticated with every segment: whose it is, which one, and under which header. */
function bound(exchange: string, number: number, headerDigest: string): Buffer {
  return Buffer.from(`sallyport segment 1\0${exchange}\0${number}\0${headerDigest}`);
}

function digest(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
