import { createHash } from 'node:crypto';
import { freshBearer } from './ids.ts';
import { Refusal } from './refusal.ts';

/** The bearers and keys that the stand-in accepts. */
export interface Credentials {
  /** How many bearers were minted so far. */
  readonly minted: number;
  /** Mints a bearer of that organisation that ends after `seconds`. */
  mint(organization: string, seconds: number): string;
  /** Ends every bearer minted so far. */
  expireAll(): void;
  /**
   * Finds the organisation a request speaks for.
   *
   * @throws Refusal 401 in the service's words
   */
  check(apiKey: string | undefined, authorization: string | undefined, betas: ReadonlySet<string>): string;
}

/** The beta that a request with an OAuth bearer must name. */
export const OAUTH_BETA = 'oauth-2025-04-20';

/** Keeps bearers by digest, with their end. */
export function createCredentials(
  apiKeys: readonly string[],
  organization: string,
  now: () => number = Date.now,
): Credentials {
  const keys = new Set(apiKeys.map(digest));
  const bearers = new Map<string, { readonly organization: string; readonly endsAt: number }>();
  let minted = 0;
  return {
    get minted() {
      return minted;
    },
    mint(owner, seconds) {
      const bearer = freshBearer();
      bearers.set(digest(bearer), { organization: owner, endsAt: now() + seconds * 1000 });
      minted += 1;
      return bearer;
    },
    expireAll: () => bearers.clear(),
    check(apiKey, authorization, betas) {
      if (apiKey !== undefined) {
        if (!keys.has(digest(apiKey))) throw new Refusal('authentication_error', 'invalid x-api-key');
        return organization;
      }
      if (authorization === undefined) throw new Refusal('authentication_error', 'x-api-key header is required');
      const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
      if (keys.has(digest(bearer))) return organization;
      if (!betas.has(OAUTH_BETA)) {
        throw new Refusal('authentication_error', 'OAuth authentication is currently not supported.');
      }
      const known = bearers.get(digest(bearer));
      if (known && known.endsAt > now()) return known.organization;
      bearers.delete(digest(bearer));
      throw new Refusal('authentication_error', 'Invalid bearer token');
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
