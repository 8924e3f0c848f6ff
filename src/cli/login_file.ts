import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { StartError } from '../errors.ts';

/** A login at one gateway, as kept for the user of this machine. */
export interface KeptLogin {
  /** What renews the token. */
  readonly secret: string;
  /** RFC 3339. */
  readonly endsAt: string;
}

type Environment = { readonly [name: string]: string | undefined };

/** Where logins are kept: `sallyport/login.json` in the user's configuration folder. */
export function loginPath(env: Environment): string {
  const folder = env.XDG_CONFIG_HOME || (process.platform === 'win32' && env.APPDATA) || join(homedir(), '.config');
  return join(folder, 'sallyport', 'login.json');
}

/** The login at a gateway, or null. Throws `StartError` where other users can read the file, or it is no such file. */
export function readLogin(path: string, gateway: string): KeptLogin | null {
  const kept = readAll(path)[gateway];
  return kept ?? null;
}

/** Keeps a login, owner-only, in place of an earlier one at that gateway; null forgets it. Throws as `readLogin`. */
export function writeLogin(path: string, gateway: string, login: KeptLogin | null): void {
  const { [gateway]: _former, ...others } = readAll(path);
  const all = login === null ? others : { ...others, [gateway]: login };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Under another name first: two commands at once must never leave half a file.
  const draft = `${path}.${process.pid}`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(draft, path);
}

function readAll(path: string): { readonly [gateway: string]: KeptLogin } {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return {};
  if (process.platform !== 'win32' && stat.mode & 0o077) {
    throw new StartError(`${path} is open to other users. Delete it and log in again: sallyport login`);
  }
  try {
    const all: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof all === 'object' && all !== null && !Array.isArray(all)) return all as { [gateway: string]: KeptLogin };
  } catch {
    // Said below: what cannot be read is of no use.
  }
  throw new StartError(`${path} cannot be read. Delete it and log in again: sallyport login`);
}
