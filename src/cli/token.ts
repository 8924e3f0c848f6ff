import { accessSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import { createDevelopmentIssuer, developmentReviewer } from '../identify/index.ts';
import { consoleUrl } from './admin_client.ts';
import { loginToken } from './login.ts';

/** What `token` takes from the command line. */
export interface TokenOptions {
  readonly dataDir: string;
  readonly subject?: string;
  readonly function?: string;
  readonly group?: readonly string[];
  /** Such as `90s`, `15m` or `12h`; at most 24h. */
  readonly lifetime?: string;
  /** A personal token of a second person, for verdicts at the admin port. */
  readonly reviewer?: boolean;
  /** With `reviewer`: a one-time link to the console instead of a token. */
  readonly link?: boolean;
  /** A token of `sallyport login` at `gateway` instead. */
  readonly login?: boolean;
  readonly gateway?: string;
}

/** As long as a login counts as recent. */
const REVIEWER_SECONDS = 900;

const seconds: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600 };

/**
 * `sallyport token`: prints a token of the development issuer, signed with the key in the data directory; no gateway
 * has to run, except for `--login` and `--link`. Rejects with `StartError` for a lifetime that cannot be read, and where
 * there is no login.
 */
export async function tokenCommand(options: TokenOptions, output: Writable): Promise<number> {
  output.write(`${await tokenText(options)}\n`);
  return 0;
}

async function tokenText(options: TokenOptions): Promise<string> {
  if (options.login) return loginToken({ gateway: options.gateway ?? 'http://127.0.0.1:8787' });
  if (options.link && !options.reviewer) throw new StartError('--link goes with --reviewer.');
  requireIssuer(options.dataDir);
  const issuer = await createDevelopmentIssuer({ dataDir: options.dataDir });
  const { subject, group } = options;
  const chosen = {
    ...(subject === undefined ? {} : { subject }),
    ...(options.function === undefined ? {} : { function: options.function }),
    ...(group === undefined ? {} : { groups: group }),
    ...(options.lifetime === undefined ? {} : { lifetimeSeconds: readLifetime(options.lifetime) }),
  };
  if (!options.reviewer) return issuer.mint(chosen);
  const reviewer = { ...developmentReviewer, ...chosen };
  if (options.link) return `${consoleUrl(options.dataDir)}/login/dev?code=${await issuer.link(reviewer)}`;
  const audience = issuer.entry.admin_audience!;
  return issuer.mint({ lifetimeSeconds: REVIEWER_SECONDS, ...reviewer, audience });
}

/** No gateway would take a token of a key that none has made. Throws `StartError`. */
function requireIssuer(dataDir: string): void {
  try {
    accessSync(join(dataDir, 'keys', 'development_issuer.json'));
    return;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new StartError(`${dataDir} may be read by the gateway's user only. Run this as that user.`);
  }
  throw new StartError(
    `No gateway with the development issuer has run on ${dataDir} yet. Start one (sallyport dev), or name its data directory with --data-dir. With issuers of your own, a token comes from them.`,
  );
}

function readLifetime(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const lifetime = Number(count) * (seconds[unit ?? ''] ?? Number.NaN);
  if (lifetime >= 1 && lifetime <= 86_400) return lifetime;
  throw new StartError('--lifetime: write it as 90s, 15m or 12h; at most 24h');
}
