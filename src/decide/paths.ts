import { posix } from 'node:path';
import type { ProjectedPath } from '../model/projection.ts';

/**
 * A path as policy sees it: slashes, no `.`, no `..` that can be resolved, no slash at the end; `$HOME` and `${HOME}`
 * become `~`. So a rule may compare beginnings, and `traversal` still says that `..` was spelled.
 */
export function projectPath(given: string, write: boolean): ProjectedPath {
  const spelled = given.replace(/^\\\\[?.]\\/, '');
  const drive = /^[A-Za-z]:[\\/]/.test(spelled);
  const slashed =
    drive || /^%\w+%\\/.test(spelled) || spelled.startsWith('\\\\') || /(^|\\)\.\.\\/.test(spelled)
      ? spelled.replaceAll('\\', '/')
      : spelled;
  const homed = slashed.replace(/^(\$HOME|\$\{HOME\})(?=\/|$)/, '~').replace(/^file:\/\/(?=\/)/, '');
  const normal = posix.normalize(homed.replace(/^\/\/+/, '/'));
  const path = normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
  return {
    path,
    absolute: drive || path.startsWith('/') || path.startsWith('~'),
    traversal: homed.split('/').includes('..'),
    write,
  };
}

/** A path as it is where `cd` went to a directory before. */
export function joined(directory: string, path: string): string {
  return directory === '' || /^[/~]|^\$\{?HOME\b/.test(path) ? path : `${directory}/${path}`;
}
