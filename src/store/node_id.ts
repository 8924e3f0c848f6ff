import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { replaceFile } from './data_dir.ts';

/**
 * The name of this node in shared tables: made with the data directory and kept in it (`node_id`), so that after a
 * restart a node finds what it held. Throws `StartError` where the file holds something else.
 */
export function nodeId(directory: string): string {
  const path = join(directory, 'node_id');
  const known = read(path);
  if (known !== null) {
    if (!/^[0-9a-f-]{36}$/.test(known))
      throw new StartError(`${path} does not hold a node id. Restore it or remove it`);
    return known;
  }
  const made = randomUUID();
  replaceFile(path, `${made}\n`);
  return made;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fault;
  }
}
