import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { KEY_BYTES, readKeyFile, readOrMakeKey } from './key_file.ts';
import { type SigningKey, signingKey } from './signature.ts';

/**
 * The keys of the gateway, each for one purpose:
 * - `sealing` wraps the data keys of recordings; lost, no recording can be read again
 * - `keyed_hash` makes pseudonyms and comparison hashes; lost, new hashes no longer equal stored ones
 * - `verdicts` signs what humans decided; lost, open approvals and grants are worth nothing and are asked anew
 */
export type KeyName = 'sealing' | 'keyed_hash' | 'verdicts';

/** Where keys come from. It gives 32 bytes for a name, the same ones every time. */
export interface KeyPlace {
  key(name: KeyName): Promise<Buffer>;
}

/**
 * Key files in `keys/` of the data directory, made on the first run; or those in `shared`, the folder of a fleet, which
 * must be there: two nodes that start together would make different ones. Throws `StartError` as `readOrMakeKey`.
 */
export function keyFiles(dataDirectory: string, shared: string | null = null): KeyPlace {
  return {
    async key(name) {
      if (shared !== null) return readKeyFile(join(shared, `${name}.key`));
      const directory = join(dataDirectory, 'keys');
      if (mkdirSync(directory, { recursive: true, mode: 0o700 })) chmodSync(directory, 0o700);
      const stat = lstatSync(directory);
      if (!stat.isDirectory() || (process.platform !== 'win32' && stat.mode & 0o077)) {
        throw new StartError(`${directory} is open to other users or no directory. Mend it: chmod 700 ${directory}`);
      }
      return readOrMakeKey(join(directory, `${name}.key`));
    },
  };
}

/** A key with the name it goes by in stored data. */
export interface SealingKey {
  /** A digest of the key, 16 hex characters. */
  readonly id: string;
  readonly key: KeyObject;
}

export interface Keys {
  readonly sealing: SealingKey;
  /** Signs the verdicts of humans. */
  readonly verdicts: SigningKey;
  /** Digests of all keys by name, 16 hex characters each: nodes that share a store must have the same. */
  readonly ids: { readonly [Name in KeyName]: string };
  /**
   * HMAC-SHA-256 of `text`, 43 characters of base64url. `domain` says what is hashed (`conversation`), so that equal
   * texts of different use do not hash alike.
   */
  keyedHash(domain: string, text: string): string;
}

/** Takes all keys from their place, once, at start. */
export async function openKeys(place: KeyPlace): Promise<Keys> {
  const names = ['sealing', 'keyed_hash', 'verdicts'] as const;
  const bytes: Buffer[] = [];
  for (const name of names) bytes.push(await place.key(name));
  for (const [at, key] of bytes.entries()) {
    if (key.length !== KEY_BYTES) throw new TypeError(`a key has ${KEY_BYTES} bytes`);
    if (bytes.slice(0, at).some((other) => other.equals(key))) {
      throw new StartError('two keys of the gateway are the same file. Restore the right one');
    }
  }
  const [sealing, hashing, signing] = bytes as [Buffer, Buffer, Buffer];
  const ids = { sealing: keyId(sealing), keyed_hash: keyId(hashing), verdicts: keyId(signing) };
  const hashKey = createSecretKey(hashing);
  const sealingKey = { id: ids.sealing, key: createSecretKey(sealing) };
  const verdicts = signingKey(ids.verdicts, signing);
  for (const key of bytes) key.fill(0);
  return {
    sealing: sealingKey,
    verdicts,
    ids,
    keyedHash: (domain, text) => createHmac('sha256', hashKey).update(`${domain}\0${text}`).digest('base64url'),
  };
}

function keyId(key: Buffer): string {
  return createHash('sha256').update('sallyport key id\0').update(key).digest('hex').slice(0, 16);
}
