import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import { createDevelopmentIssuer } from '../identify/index.ts';

/** What `token` takes from the command line. */
export interface TokenOptions {
  readonly dataDir: string;
  readonly subject?: string;
  readonly function?: string;
  readonly group?: readonly string[];
  /** Such as `90s`, `15m` or `12h`; at most 24h. */
  readonly lifetime?: string;
}

const seconds: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3600 };

/**
 * `sallyport token`: prints a token of the development issuer, signed with the key in the data directory; no gateway
 * has to run. Rejects with `StartError` for a lifetime that cannot be read.
 */
export async function tokenCommand(options: TokenOptions, output: Writable): Promise<number> {
  const { subject, group } = options;
  const issuer = await createDevelopmentIssuer({ dataDir: options.dataDir });
  const token = await issuer.mint({
    ...(subject === undefined ? {} : { subject }),
    ...(options.function === undefined ? {} : { function: options.function }),
    ...(group === undefined ? {} : { groups: group }),
    ...(options.lifetime === undefined ? {} : { lifetimeSeconds: readLifetime(options.lifetime) }),
  });
  output.write(`${token}\n`);
  return 0;
}

function readLifetime(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const lifetime = Number(count) * (seconds[unit ?? ''] ?? Number.NaN);
  if (lifetime >= 1 && lifetime <= 86_400) return lifetime;
  throw new StartError('--lifetime: write it as 90s, 15m or 12h; at most 24h');
}
