import { hostname } from 'node:os';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { isLoopback } from '../model/host.ts';
import { loginPath, readLogin, writeLogin } from './login_file.ts';
import { plain } from './table.ts';

/** What `login`, `logout` and `token --login` take from the command line and its surroundings. */
export interface LoginOptions {
  /** Base URL of the gateway's data port. */
  readonly gateway: string;
  /** How the console calls this device; default the host's name. */
  readonly name?: string;
}

export interface Surroundings {
  readonly env: { readonly [name: string]: string | undefined };
  /** Waits between two polls. */
  readonly wait: (ms: number) => Promise<unknown>;
}

interface Answer {
  readonly [name: string]: unknown;
  readonly error?: string;
}

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const surroundings: Surroundings = { env: process.env, wait: (ms) => sleep(ms) };

/**
 * `sallyport login`: asks a person to let this device in (RFC 8628) and keeps the login, owner-only, for `sallyport
 * token --login`. Rejects with `StartError` where the person refuses or the time is over.
 */
export async function loginCommand(
  options: LoginOptions,
  output: Writable,
  { env, wait }: Surroundings = surroundings,
): Promise<number> {
  const gateway = gatewayUrl(options.gateway);
  const name = (options.name ?? hostname()).replace(/[^A-Za-z0-9 ._@-]/g, '-').slice(0, 64);
  const asked = await post(gateway, '/oauth/device_authorization', { client_id: name });
  if (asked.error !== undefined) throw failed(asked);
  const uri = plain(String(asked.verification_uri_complete));
  output.write(`Open ${uri}\nand check that it shows ${plain(String(asked.user_code))}\n`);
  let interval = Number(asked.interval) * 1000;
  for (;;) {
    await wait(interval);
    const granted = await post(gateway, '/oauth/token', { grant_type: DEVICE, device_code: String(asked.device_code) });
    switch (granted.error) {
      case 'authorization_pending':
        continue;
      case 'slow_down':
        interval += 5000;
        continue;
      case 'access_denied':
        throw new StartError('The login was refused in the console.');
      case 'expired_token':
        throw new StartError('Nobody let this device in within ten minutes. Run sallyport login again.');
      case undefined:
        break;
      default:
        throw failed(granted);
    }
    const endsAt = new Date(Date.now() + Number(granted.login_expires_in) * 1000).toISOString();
    writeLogin(loginPath(env), gateway, { secret: String(granted.refresh_token), endsAt });
    output.write(`logged in until ${endsAt}\n`);
    return 0;
  }
}

/** `sallyport logout`: ends the login, at the gateway and here. Nothing to do is no fault. */
export async function logoutCommand(
  options: LoginOptions,
  output: Writable,
  { env }: Surroundings = surroundings,
): Promise<number> {
  const gateway = gatewayUrl(options.gateway);
  const kept = readLogin(loginPath(env), gateway);
  if (kept) {
    writeLogin(loginPath(env), gateway, null);
    await post(gateway, '/oauth/revoke', { token: kept.secret });
  }
  output.write(kept ? `logged out of ${gateway}\n` : `there was no login at ${gateway}\n`);
  return 0;
}

/**
 * A fresh token of the login that is kept for a gateway, for `sallyport token --login` and with that for Claude Code's
 * `apiKeyHelper`. Rejects with `StartError` where there is no login or it is over.
 */
export async function loginToken(options: LoginOptions, { env }: Surroundings = surroundings): Promise<string> {
  const gateway = gatewayUrl(options.gateway);
  const kept = readLogin(loginPath(env), gateway);
  if (!kept) throw new StartError(`There is no login at ${gateway}. Run: sallyport login --gateway ${gateway}`);
  const granted = await post(gateway, '/oauth/token', { grant_type: 'refresh_token', refresh_token: kept.secret });
  if (granted.error === 'invalid_grant') {
    throw new StartError(`The login at ${gateway} is over. Run: sallyport login --gateway ${gateway}`);
  }
  if (granted.error !== undefined) throw failed(granted);
  return String(granted.access_token);
}

/** The secret goes there: https, or this machine. */
function gatewayUrl(text: string): string {
  const url = URL.parse(text);
  const local = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url === null || url.username || url.search || url.hash || (url.protocol !== 'https:' && !local)) {
    throw new StartError('--gateway: write it as https://gateway.example; plain http is for this machine only');
  }
  return text.replace(/\/+$/, '');
}

async function post(gateway: string, path: string, fields: { readonly [name: string]: string }): Promise<Answer> {
  const response = await fetch(`${gateway}${path}`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    throw new StartError(`The gateway does not answer at ${gateway}.`, { cause });
  });
  const answer: unknown = await response.json().catch(() => null);
  if (typeof answer === 'object' && answer !== null && (response.ok || 'error' in answer)) {
    const { error } = answer as { error?: unknown };
    if (error === undefined || typeof error === 'string') return answer as Answer;
  }
  throw new StartError(`${gateway} answered ${response.status}. Is it the data port of a Sallyport gateway?`);
}

function failed({ error, error_description }: Answer): StartError {
  return new StartError(plain(`The gateway refused: ${error} ${error_description ?? ''}`.trim()));
}
