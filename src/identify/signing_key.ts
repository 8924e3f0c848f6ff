import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWK_EC_Private,
} from 'jose';
import { StartError } from '../errors.ts';
import { ownDirectory, syncDirectory } from '../store/index.ts';

/** A key pair of the gateway's own (ES256). */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** Public, with `kid`, `alg` and `use`. */
  readonly jwk: JWK;
}

/**
 * Opens the key `keys/<name>.json` of a data directory, owner-only, and makes it where there is none; two processes
 * that do so at once end with the same key. Rejects with `StartError` where other users can read it.
 */
export async function openSigningKey(dataDir: string, name: string): Promise<SigningKey> {
  const directory = ownDirectory(join(ownDirectory(dataDir), 'keys'));
  const path = join(directory, `${name}.json`);
  if (statSync(path, { throwIfNoEntry: false }) === undefined) await createKey(directory, name);
  if (process.platform !== 'win32' && statSync(path).mode & 0o077) {
    throw new StartError(`${path} is open to other users. Delete it; a new key is then made`);
  }
  const { d, ...publicKey } = JSON.parse(readFileSync(path, 'utf8')) as JWK_EC_Private;
  const kid = await calculateJwkThumbprint(publicKey);
  return {
    kid,
    privateKey: (await importJWK({ ...publicKey, d }, 'ES256')) as CryptoKey,
    jwk: { ...publicKey, kid, alg: 'ES256', use: 'sig' },
  };
}

/** A link either makes the whole file appear or fails, so that no process ever reads half a key or a second one. */
async function createKey(directory: string, name: string): Promise<void> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const draft = join(directory, `${name}.${process.pid}.${crypto.randomUUID()}`);
  writeFileSync(draft, JSON.stringify(await exportJWK(privateKey)), { mode: 0o600, flush: true });
  try {
    linkSync(draft, join(directory, `${name}.json`));
    syncDirectory(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
