import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { type AdminAddress, adminFile } from '../model/admin.ts';
import type { Json, JsonObject } from '../model/json.ts';

/** The admin API as the command line uses it. */
export interface AdminClient {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Json>;
  post(path: string, body: JsonObject): Promise<Json>;
  delete(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Json>;
}

/**
 * Opens the admin API of the gateway that runs on a data directory.
 *
 * @throws StartError when there is none, it does not answer, or it refuses the operation
 */
export function openAdmin(dataDir: string): AdminClient {
  const { url, token } = readAddress(dataDir);
  return adminAt(url, token);
}

/**
 * Opens the admin API at a base URL with a token: the operator's, or a personal one where a person acts. Throws as
 * `openAdmin`.
 */
export function adminAt(url: string, token: string): AdminClient {
  if (!URL.canParse('/', url)) throw new StartError(`"${url}" is no URL. Write it as http://127.0.0.1:8788.`);
  const call = async (method: string, path: string, query: object, body?: JsonObject): Promise<Json> => {
    const target = new URL(path, url);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) target.searchParams.set(name, String(value));
    const response = await fetch(target, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    }).catch((cause: unknown) => {
      throw new StartError(`No gateway answers at ${url}. Is it running?`, { cause });
    });
    const answer = (await response.json().catch(() => null)) as JsonObject | null;
    const error = (answer?.error ?? {}) as JsonObject;
    if (response.ok && answer !== null) return answer;
    if (typeof error.message !== 'string' || typeof error.code !== 'string') {
      throw new StartError(`${url} answered ${response.status}. Is it the admin port of a Sallyport gateway?`);
    }
    // Some texts speak of the id, by which the log says more.
    const id = error.message.includes('request id') ? `, ${answer?.request_id}` : '';
    throw new StartError(`${error.message} (${error.code}${id})`);
  };
  return {
    get: (path, query = {}) => call('GET', path, query),
    post: (path, body) => call('POST', path, {}, body),
    delete: (path, query = {}) => call('DELETE', path, query),
  };
}

/** Where the console of the gateway that runs on a data directory is. Throws `StartError` as `openAdmin`. */
export function consoleUrl(dataDir: string): string {
  return readAddress(dataDir).url;
}

function readAddress(dataDir: string): AdminAddress {
  try {
    return JSON.parse(readFileSync(join(dataDir, adminFile), 'utf8')) as AdminAddress;
  } catch (cause) {
    throw new StartError(
      (cause as NodeJS.ErrnoException).code === 'EACCES'
        ? `${join(dataDir, adminFile)} may be read by the gateway's user only. Run this as that user.`
        : `No gateway has run on ${dataDir} yet. Start one (sallyport dev, or sallyport serve --config FILE), or name its data directory with --data-dir.`,
      { cause },
    );
  }
}
