import { type CipherKey, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { KEY_BYTES } from './key_file.ts';
import type { SealingKey } from './keys.ts';

/**
 * Envelope encryption with AES-256-GCM (NIST SP 800-38D). A data key seals the parts of one thing under a counter as
 * nonce, which never repeats under one key; the sealing key wraps the data key under a random nonce.
 */
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Sealed bytes that are not what was sealed, for this place, with this key. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** A fresh data key, and its wrapped form to be stored; `context` names the thing it is for. Zero the key after use. */
export function makeDataKey(sealing: SealingKey, context: string): { key: Uint8Array; wrapped: Buffer } {
  const random = randomBytes(KEY_BYTES + NONCE_BYTES);
  const key = random.subarray(0, KEY_BYTES);
  const nonce = random.subarray(KEY_BYTES);
  return { key, wrapped: Buffer.concat([nonce, encrypt(sealing.key, nonce, Buffer.from(context), key)]) };
}

/** The data key in `wrapped`. Throws `SealBroken` when it was wrapped by another key, for another context, or changed. */
export function unwrapDataKey(sealing: SealingKey, context: string, wrapped: Uint8Array): Uint8Array {
  const nonce = wrapped.subarray(0, NONCE_BYTES);
  return decrypt(sealing.key, nonce, Buffer.from(context), wrapped.subarray(NONCE_BYTES));
}

/** Seals part number `counter` (0 to 2^32 - 1, each used once per key); `bound` is authenticated with it. */
export function sealPart(key: CipherKey, counter: number, bound: Uint8Array, plain: Uint8Array): Buffer {
  return encrypt(key, counterNonce(counter), bound, plain);
}

/** What `sealPart` sealed. Throws `SealBroken` if part, counter or bound bytes are not the ones that were sealed. */
export function openPart(key: CipherKey, counter: number, bound: Uint8Array, sealed: Uint8Array): Buffer {
  return decrypt(key, counterNonce(counter), bound, sealed);
}

/** One thing as it is stored: its wrapped data key, and its bytes sealed under that. */
export interface Sealed {
  readonly wrapped: Uint8Array;
  readonly sealed: Uint8Array;
}

/**
 * Seals one thing under a data key of its own, which is forgotten. `context` names what kind of thing it is, `bound`
 * which one; both are authenticated.
 */
export function sealOne(sealing: SealingKey, context: string, bound: string, plain: Uint8Array | string): Sealed {
  const { key, wrapped } = makeDataKey(sealing, context);
  const sealed = sealPart(key, 0, Buffer.from(bound), Buffer.from(plain));
  key.fill(0);
  return { wrapped, sealed };
}

/** What `sealOne` sealed. Throws `SealBroken` for another context, another thing, changed bytes or another sealing key. */
export function openOne(sealing: SealingKey, context: string, bound: string, { wrapped, sealed }: Sealed): Buffer {
  const key = unwrapDataKey(sealing, context, wrapped);
  const plain = openPart(key, 0, Buffer.from(bound), sealed);
  key.fill(0);
  return plain;
}

function counterNonce(counter: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUInt32BE(counter, NONCE_BYTES - 4);
  return nonce;
}

function encrypt(key: CipherKey, nonce: Uint8Array, bound: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(bound);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: CipherKey, nonce: Uint8Array, bound: Uint8Array, sealed: Uint8Array): Buffer {
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) throw new SealBroken('sealed bytes are cut');
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(bound);
  decipher.setAuthTag(sealed.subarray(end));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch {
    throw new SealBroken('sealed bytes do not open: they were changed, moved, or sealed with another key');
  }
}
