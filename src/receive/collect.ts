import { Readable } from 'node:stream';
import { GatewayError } from '../errors.ts';

export interface CollectLimits {
  readonly bytes: number;
  /** Milliseconds for the first MiB, and again for each further one that has begun to arrive. */
  readonly timeoutMs: number;
}

const MIB = 1 << 20;
const FIRST_BYTES = 64 * 1024;
const CHECK_EVERY_MS = 1000;
/** From this age on a body must have come at 1 KiB/s or more. */
const RATE_FROM_MS = 10_000;
const FLOOR_BYTES_PER_MS = 1024 / 1000;

/**
 * Reads a whole body. On a refusal the source is left as it is, unread and not destroyed, so that it can be replied to.
 *
 * @param declared the length the client declared, or null
 * @throws GatewayError BODY_TOO_LARGE as soon as the limit is passed, BODY_TIMEOUT, FRAMING where the source breaks off
 */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  declared: number | null,
  limits: CollectLimits,
): Promise<Uint8Array> {
  if (declared !== null && declared > limits.bytes) throw tooLarge(limits.bytes);
  // Most bodies come with their headers: parsed right after them, and here one microtask later.
  await null;
  const whole = readWhole(source, declared);
  if (whole) return whole;
  const collected = new Collected(declared, limits.bytes);
  const began = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setInterval(
      () => {
        if (late(performance.now() - began, collected.length, limits.timeoutMs))
          reject(new GatewayError('BODY_TIMEOUT'));
      },
      Math.min(CHECK_EVERY_MS, limits.timeoutMs),
    );
  });
  try {
    // One race for the whole body: a race per chunk would keep a reaction for each until the end.
    return await Promise.race([pump(source, collected), expired]);
  } finally {
    clearInterval(timer);
    collected.stopped = true;
  }
}

/** The body, where all of it has arrived already. */
function readWhole(source: AsyncIterable<Uint8Array>, declared: number | null): Uint8Array | null {
  if (declared === null || !(source instanceof Readable) || source.readableLength < declared) return null;
  return source.read(declared) as Uint8Array | null;
}

function late(elapsedMs: number, received: number, timeoutMs: number): boolean {
  if (elapsedMs >= timeoutMs * (1 + Math.floor(received / MIB))) return true;
  return elapsedMs > RATE_FROM_MS && received < elapsedMs * FLOOR_BYTES_PER_MS;
}

async function pump(source: AsyncIterable<Uint8Array>, collected: Collected): Promise<Uint8Array> {
  // Not `for await`: leaving it early would destroy the socket before the refusal is sent.
  const chunks = source[Symbol.asyncIterator]();
  for (;;) {
    let result: IteratorResult<Uint8Array>;
    try {
      result = await chunks.next();
    } catch (error) {
      throw new GatewayError('FRAMING', 'The request body broke off.', { cause: error });
    }
    if (result.done || collected.stopped) return collected.bytes();
    collected.add(result.value);
  }
}

/** A buffer that grows by doubling, so that a body of many tiny chunks costs no object per chunk. */
class Collected {
  length = 0;
  stopped = false;
  #buffer: Uint8Array | null = null;
  readonly #declared: number | null;
  readonly #limit: number;

  constructor(declared: number | null, limit: number) {
    this.#declared = declared;
    this.#limit = limit;
  }

  add(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length > this.#limit) throw tooLarge(this.#limit);
    if (this.#buffer === null && chunk.length === this.#declared) this.#buffer = chunk;
    else {
      if (this.#buffer === null || length > this.#buffer.length) this.#grow(length);
      this.#buffer!.set(chunk, this.length);
    }
    this.length = length;
  }

  bytes(): Uint8Array {
    return this.#buffer === null ? new Uint8Array(0) : this.#buffer.subarray(0, this.length);
  }

  #grow(needed: number): void {
    // A declared length is believed up to 1 MiB: memory is given for bytes that came, not for a claim.
    const wanted =
      this.#buffer === null ? Math.max(FIRST_BYTES, Math.min(this.#declared ?? 0, MIB)) : this.#buffer.length * 2;
    const capacity = Math.max(needed, Math.min(wanted, this.#declared ?? this.#limit));
    const buffer = Buffer.allocUnsafeSlow(capacity);
    if (this.#buffer !== null) buffer.set(this.#buffer.subarray(0, this.length));
    this.#buffer = buffer;
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    'BODY_TOO_LARGE',
    `The request body is larger than ${limit} bytes, the limit of this gateway.`,
  );
}
