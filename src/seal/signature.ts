import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

/** Head of a PKCS #8 private key of Ed25519; the 32 bytes of the key follow (RFC 8410 section 7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A key that signs with Ed25519 (RFC 8032). */
export interface SigningKey {
  /** A digest of the key, 16 hex characters. */
  readonly id: string;
  /** The public key as PEM, for those who check signatures elsewhere. */
  readonly publicKey: string;
  /** The signature of `text` for one use, `domain`; base64url. */
  sign(domain: string, text: string): string;
  /** Whether `signature` is one of this key over the same domain and text. Never throws. */
  verify(domain: string, text: string, signature: string): boolean;
}

/** The signing key whose 32 secret bytes are `seed`, which may be zeroed afterwards. */
export function signingKey(id: string, seed: Uint8Array): SigningKey {
  const der = Buffer.concat([PKCS8_HEAD, seed]);
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const shown = createPublicKey(secret);
  const message = (domain: string, text: string) => Buffer.from(`${domain}\0${text}`);
  return {
    id,
    publicKey: shown.export({ format: 'pem', type: 'spki' }).toString(),
    sign: (domain, text) => sign(null, message(domain, text), secret).toString('base64url'),
    verify(domain, text, signature) {
      const bytes = Buffer.from(signature, 'base64url');
      return bytes.length === 64 && verify(null, message(domain, text), shown, bytes);
    },
  };
}
