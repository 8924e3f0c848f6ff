import { createPublicKey, type KeyObject } from 'node:crypto';

/** Algorithms that may sign bundles; asymmetric only. */
export const bundleAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const;

/** The curve of each algorithm on elliptic curves, as Node names it (RFC 7518 section 3.4). */
const curves: { readonly [algorithm: string]: string } = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

/** Why `pem` is not the public key that an algorithm of `bundleAlgorithms` takes, and what to do; null where it is. */
export function bundleKeyFault(
  pem: string,
  algorithm: string,
): { readonly message: string; readonly hint: string } | null {
  const key = publicKey(pem);
  if (key === null) {
    const hint = 'Take the public half of the signing key: openssl pkey -in KEY -pubout -out FILE.';
    return { message: 'the file is not a public key in PEM', hint };
  }
  const curve = curves[algorithm];
  const fits = curve === undefined ? key.asymmetricKeyType === 'rsa' : key.asymmetricKeyDetails?.namedCurve === curve;
  if (fits) return null;
  const wanted = curve === undefined ? 'an RSA key' : `a key on the curve ${curve}`;
  return { message: 'the key in the file is not one for the algorithm', hint: `${algorithm} takes ${wanted}.` };
}

function publicKey(pem: string): KeyObject | null {
  // `createPublicKey` would take a private key too, and nobody should put one here.
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return null;
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}
