import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { StartError } from '../errors.ts';
import { replaceFile } from '../store/index.ts';

/** Every key is 256 bits. */
export const KEY_BYTES = 32;

/**
 * Reads the key in `path`, or makes one there: 32 random bytes, owner-only, durable with its directory entry before
 * this returns. Throws `StartError` for a file that is a link, is open to group or world, belongs to another user or
 * has another length; such a key may be known to others or be no key at all.
 */
export function readOrMakeKey(path: string): Buffer {
  return readKey(path) ?? makeKey(path);
}

/** Reads the key in `path`, as `readOrMakeKey` but for one that others make: throws `StartError` where it is missing. */
export function readKeyFile(path: string): Buffer {
  const key = readKey(path);
  if (key === null) {
    throw new StartError(
      `key file ${path} is missing. Make it once for all nodes: head -c ${KEY_BYTES} /dev/urandom > ${path}; chmod 600 ${path}`,
    );
  }
  return key;
}

function readKey(path: string): Buffer | null {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (code === 'ELOOP') throw new StartError(`key file ${path} is a link. Put the file itself there`);
    throw fault;
  }
  try {
    const stat = fstatSync(handle);
    if (process.platform !== 'win32' && stat.mode & 0o077) {
      const mode = (stat.mode & 0o777).toString(8);
      throw new StartError(
        `key file ${path} is open to other users (mode ${mode}). If nobody read it: chmod 600 ${path}`,
      );
    }
    if (process.getuid && stat.uid !== process.getuid()) throw new StartError(`key file ${path} is another user's`);
    const key = Buffer.alloc(KEY_BYTES);
    if (!stat.isFile() || stat.size !== KEY_BYTES || readSync(handle, key) !== KEY_BYTES) {
      throw new StartError(`key file ${path} does not hold ${KEY_BYTES} bytes. Restore it from a backup`);
    }
    return key;
  } finally {
    closeSync(handle);
  }
}

function makeKey(path: string): Buffer {
  const key = randomBytes(KEY_BYTES);
  replaceFile(path, key);
  return key;
}
