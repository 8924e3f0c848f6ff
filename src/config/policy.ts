import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Context } from './context.ts';
import { always, distinct, fault, pathFrom, publicFile, seconds } from './fields.ts';

/** The curve of each algorithm on elliptic curves, as Node names it (RFC 7518 section 3.4). */
const curves: { readonly [algorithm: string]: string } = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};

function readPublicKey(text: string): KeyObject {
  // `createPublicKey` would take a private key too, and nobody should put one here.
  if (!text.includes('-----BEGIN PUBLIC KEY-----')) throw new TypeError('no public key');
  return createPublicKey(text);
}

const publicKey = {
  what: 'a public key in PEM',
  hint: 'Take the public half of the signing key: openssl pkey -in KEY -pubout -out FILE.',
  read: readPublicKey,
};

function publicKeyAt(file: string): KeyObject | null {
  try {
    return readPublicKey(readFileSync(file, 'utf8'));
  } catch {
    return null; // A fault of `file` says so.
  }
}

const bundleKey = (context: Context) =>
  z
    .strictObject({
      kid: z.string().min(1).describe('Key id in the bundle’s signature.'),
      algorithm: z
        .enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'])
        .describe('The only algorithm accepted with this key.'),
      file: publicFile(context, publicKey).describe('PEM file with the public key.'),
    })
    .superRefine(({ algorithm, file }, refinement) => {
      const key = publicKeyAt(file);
      if (key === null) return;
      const curve = curves[algorithm];
      const fits =
        curve === undefined ? key.asymmetricKeyType === 'rsa' : key.asymmetricKeyDetails?.namedCurve === curve;
      const wanted = curve === undefined ? 'an RSA key' : `a key on the curve ${curve}`;
      if (!fits)
        fault(refinement, 'the key in the file is not one for the algorithm', `${algorithm} takes ${wanted}.`, [
          'file',
        ]);
    });

/** Which bundle decides, and who may sign it. */
export const policy = (context: Context) =>
  z
    .strictObject({
      source: z
        .union([z.literal('builtin'), pathFrom(context)])
        .prefault('builtin')
        .describe('`builtin`, or a folder that is watched for signed bundles.'),
      keys: z.array(bundleKey(context)).default([]).describe('Keys that may sign bundles.'),
      scope: z.string().min(1).optional().describe('Scope that a bundle’s signature must have.'),
      max_staleness_s: seconds
        .optional()
        .describe('Refuse requests once the folder could not be read for this many seconds; absent: never.'),
    })
    .superRefine((value, refinement) => {
      distinct(value.keys, 'kid', refinement, ['keys'], 'Each key has an id of its own.');
      if (value.source === 'builtin' || value.source === undefined) return;
      const hint = 'A folder of bundles is trusted by signature only; `source: builtin` needs neither.';
      if (Array.isArray(value.keys) && value.keys.length === 0) fault(refinement, 'no key', hint, ['keys']);
      if (value.scope === undefined) fault(refinement, 'no scope', hint, ['scope']);
    }, always);
