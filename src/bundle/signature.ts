import { compactVerify, decodeProtectedHeader, importSPKI } from 'jose';
import type { BundleFiles } from './archive.ts';
import { fileHash } from './hash.ts';
import { BundleRefused } from './refusal.ts';

/** A key that may sign bundles, from the configuration alone. */
export interface BundleKey {
  readonly kid: string;
  /** RS256 … RS512, PS256 … PS512, ES256 … ES512; the header of a signature never chooses it. */
  readonly algorithm: string;
  /** The public key as PEM (SPKI). */
  readonly pem: string;
}

export interface SignatureRules {
  readonly keys: readonly BundleKey[];
  /** Must equal the claim `scope`. */
  readonly scope: string;
  /** Epoch seconds. */
  readonly now: number;
  /** Try every key whatever key id the signature names; for checks by hand, where the id is not known. Default false. */
  readonly anyKeyId?: boolean;
}

/** What the signature claims, beside the files. */
export interface SignedClaims {
  readonly kid: string;
  /** The rising integer that a downgrade is measured by. */
  readonly version: number;
  /** Epoch seconds (`not_after`, else `exp`), or null. */
  readonly expiresAt: number | null;
}

const algorithms: ReadonlySet<string> = new Set(
  ['RS', 'PS', 'ES'].flatMap((family) => ['256', '384', '512'].map((size) => family + size)),
);

/**
 * Verifies `.signatures.json` by OPA's rules: exactly one compact JWS whose payload lists every other file of the
 * bundle with its hash. Stricter than OPA where OPA is lenient: SHA-256 or stronger, expiry and a version are claims
 * that count, no file is excluded.
 *
 * @throws BundleRefused unsigned, key, signature, claims, scope, expired, hash_algorithm, extra_file, missing_file or
 *   changed_file.
 */
export async function verifySignature(files: BundleFiles, rules: SignatureRules): Promise<SignedClaims> {
  const token = tokenOf(files);
  const { payload, kid } = await verified(token, rules);
  const claims = parse(payload, 'signature', 'the payload of the signature is not JSON');
  if (!isObject(claims)) throw new BundleRefused('claims', 'the payload of the signature is not an object');
  if (claims.keyid !== undefined && claims.keyid !== kid && rules.anyKeyId !== true) {
    throw new BundleRefused('key', 'the signature names another key than the one it was made with');
  }
  if (claims.scope !== rules.scope) {
    throw new BundleRefused(
      'scope',
      `the bundle is signed for scope ${JSON.stringify(claims.scope ?? null)}, not ${JSON.stringify(rules.scope)}`,
    );
  }
  const version = claims.bundle_version;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    throw new BundleRefused('claims', 'the signature has to claim bundle_version, a positive integer');
  }
  const expiresAt = expiryOf(claims);
  if (expiresAt !== null && rules.now >= expiresAt) {
    throw new BundleRefused(
      'expired',
      `the bundle expired at ${new Date(expiresAt * 1000).toISOString()}; sign it again, under a higher bundle_version`,
    );
  }
  compareFiles(files, claims.files);
  return { kid, version, expiresAt };
}

function tokenOf(files: BundleFiles): string {
  const bytes = files.get('.signatures.json');
  if (bytes === undefined)
    throw new BundleRefused(
      'unsigned',
      'the bundle is not signed; `make policies SIGN=…` writes one that is, signed.tar.gz',
    );
  const envelope = parse(bytes, 'signature', '.signatures.json is not JSON');
  const signatures = isObject(envelope) ? envelope.signatures : undefined;
  if (!Array.isArray(signatures) || signatures.length !== 1 || typeof signatures[0] !== 'string') {
    throw new BundleRefused('signature', '.signatures.json has to hold exactly one signature');
  }
  return signatures[0];
}

async function verified(
  token: string,
  { keys, anyKeyId }: SignatureRules,
): Promise<{ payload: Uint8Array; kid: string }> {
  let kid: string | undefined;
  try {
    kid = decodeProtectedHeader(token).kid;
  } catch (thrown) {
    throw new BundleRefused('signature', 'the signature is not a compact JWS', thrown);
  }
  // A signature without a key id (the default of `opa sign`) is tried with every configured key, each under its own
  // algorithm; one that names a key is tried with that key alone.
  const candidates = kid === undefined || anyKeyId ? keys : keys.filter((key) => key.kid === kid);
  if (candidates.length === 0)
    throw new BundleRefused('key', `no configured key (policy.keys) has the kid ${JSON.stringify(kid ?? null)}`);
  for (const key of candidates) {
    if (!algorithms.has(key.algorithm)) throw new TypeError(`${key.algorithm} is not an algorithm for bundles`);
    try {
      const { payload } = await compactVerify(token, await importSPKI(key.pem, key.algorithm), {
        algorithms: [key.algorithm],
      });
      return { payload, kid: key.kid };
    } catch {
      // Not this key; the refusal below says what is wrong with all of them.
    }
  }
  throw new BundleRefused('signature', 'the signature was not made by a configured key under its algorithm');
}

function expiryOf(claims: { readonly [claim: string]: unknown }): number | null {
  const expiries = [claims.not_after, claims.exp].filter((claim) => claim !== undefined);
  for (const expiry of expiries) {
    if (typeof expiry !== 'number' || !Number.isFinite(expiry)) {
      throw new BundleRefused('claims', 'not_after and exp have to be seconds since the epoch');
    }
  }
  return expiries.length === 0 ? null : Math.min(...(expiries as number[]));
}

function compareFiles(files: BundleFiles, listed: unknown): void {
  if (!Array.isArray(listed)) throw new BundleRefused('claims', 'the signature lists no files');
  const hashes = new Map<string, { hash: string; algorithm: string }>();
  for (const entry of listed as unknown[]) {
    if (!isObject(entry)) throw new BundleRefused('claims', 'the signature lists something that is no file');
    const { name, hash, algorithm } = entry;
    if (typeof name !== 'string' || typeof hash !== 'string' || typeof algorithm !== 'string') {
      throw new BundleRefused('claims', 'a file in the signature lacks its name, hash or algorithm');
    }
    const path = name.startsWith('/') ? name.slice(1) : name;
    if (hashes.has(path)) throw new BundleRefused('claims', `the signature lists ${path} twice`);
    hashes.set(path, { hash, algorithm });
  }
  for (const [name, bytes] of files) {
    if (name === '.signatures.json') continue;
    const expected = hashes.get(name);
    if (expected === undefined) throw new BundleRefused('extra_file', `${name} is not covered by the signature`);
    if (fileHash(name, bytes, expected.algorithm) !== expected.hash.toLowerCase()) {
      throw new BundleRefused('changed_file', `${name} is not what was signed`);
    }
  }
  for (const name of hashes.keys()) {
    if (!files.has(name)) throw new BundleRefused('missing_file', `${name} was signed but is not in the bundle`);
  }
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(bytes: Uint8Array, reason: 'signature', message: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw new BundleRefused(reason, message, thrown);
  }
}
