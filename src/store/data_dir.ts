import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StartError } from '../errors.ts';

const OTHERS = 0o077;

/**
 * Makes sure that `path` is a directory only its owner can enter, creating it (and its parents) where it is missing.
 * Returns the absolute path. Throws `StartError` where it is no directory, belongs to another user, or is open to
 * group or world: the gateway does not tighten what somebody else may already have read.
 */
export function ownDirectory(path: string): string {
  const absolute = resolve(path);
  mkdirSync(absolute, { recursive: true, mode: 0o700 });
  const stat = statSync(absolute);
  if (!stat.isDirectory()) throw new StartError(`${absolute} is not a directory`);
  if (process.getuid && stat.uid !== process.getuid()) {
    throw new StartError(`${absolute} belongs to user ${stat.uid}, not to the user this runs as (${process.getuid()})`);
  }
  if (process.platform !== 'win32' && stat.mode & OTHERS) {
    const mode = (stat.mode & 0o777).toString(8);
    throw new StartError(`${absolute} is open to other users (mode ${mode}). Close it first: chmod 700 ${absolute}`);
  }
  return absolute;
}

/** Creates an empty file with mode 0600 unless it exists, and makes its directory entry durable. */
export function ownFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  syncDirectory(dirname(path));
}

/**
 * Puts a file with these bytes at `path`, owner-only, in place of an earlier one; durable when it returns. A crash
 * leaves the earlier file or this one whole. The directory must be there and this process's own.
 */
export function replaceFile(path: string, bytes: Uint8Array | string): void {
  const draft = `${path}.new`;
  // What a crash left is not written on, and a link is not followed.
  rmSync(draft, { force: true });
  const handle = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, path);
  syncDirectory(dirname(path));
}

/** Makes the entries of a directory durable (a created or renamed file is not, until then). */
export function syncDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
