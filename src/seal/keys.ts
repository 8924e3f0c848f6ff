import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { KEY_BYTES, readOrMakeKey } from './key_file.ts';

/**
 * The keys of the gateway, each for one purpose:
 * - `sealing` wraps the data keys of recordings; lost, no recording can be read again
 * - `keyed_hash` makes pseudonyms and comparison hashes; lost, new hashes no longer equal stored ones
 */
export type KeyName = 'sealing' | 'keyed_hash';

/** Where keys come from. It gives 32 bytes for a name, the same ones every time. */
export interface KeyPlace {
  key(name: KeyName): Promise<Buffer>;
}

/** Key files in `keys/` of the data directory, made on the first run. Throws `StartError` as `readOrMakeKey`. */
export function keyFiles(dataDirectory: string): KeyPlace {
  return {
    async key(name) {
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
  /**
   * HMAC-SHA-256 of `text`, 43 characters of base64url. `domain` says what is hashed (`conversation`), so that equal
   * texts of different use do not hash alike.
   */
  keyedHash(domain: string, text: string): string;
}

/** Takes all keys from their place, once, at start. */
export async function openKeys(place: KeyPlace): Promise<Keys> {
  const sealing = await place.key('sealing');
  const hashing = await place.key('keyed_hash');
  for (const key of [sealing, hashing]) {
    if (key.length !== KEY_BYTES) throw new TypeError(`a key has ${KEY_BYTES} bytes`);
  }
  if (sealing.equals(hashing)) throw new StartError('two keys of the gateway are the same file. Restore the right one');
  const id = createHash('sha256').update('sallyport key id\0').update(sealing).digest('hex').slice(0, 16);
  const hashKey = createSecretKey(hashing);
  const sealingKey = { id, key: createSecretKey(sealing) };
  sealing.fill(0);
  hashing.fill(0);
  return {
    sealing: sealingKey,
    keyedHash: (domain, text) => createHmac('sha256', hashKey).update(`${domain}\0${text}`).digest('base64url'),
  };
}
