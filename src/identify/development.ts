import { SignJWT } from 'jose';
import type { IssuerEntry } from './issuer.ts';
import { openSigningKey } from './signing_key.ts';

const ISSUER = 'urn:sallyport:development';
const AUDIENCE = 'sallyport';
const MAX_LIFETIME_S = 86_400;

export interface DevelopmentToken {
  /** Default `dev@localhost`. */
  readonly subject?: string;
  /** Default `agent`. */
  readonly function?: string;
  /** Default `developers` alone. */
  readonly groups?: readonly string[];
  /** At most 24 hours; default 12. */
  readonly lifetimeSeconds?: number;
  /** Default the audience of the data port. */
  readonly audience?: string;
}

/** The built-in issuer of a trial on one machine: its key lies in the data directory, so whoever reads that may mint. */
export interface DevelopmentIssuer {
  readonly entry: IssuerEntry;
  /** Signs a token. Rejects with TypeError for a lifetime that is not 1 s to 24 h, or an empty subject. */
  mint(token?: DevelopmentToken): Promise<string>;
  /** A code that logs a person in to the console, once, within 10 minutes. */
  link(person: Pick<DevelopmentToken, 'subject' | 'groups'>): Promise<string>;
}

/** The second, distinct person of a trial, who may approve what the first one asks for. */
export const developmentReviewer = {
  subject: 'reviewer@localhost',
  groups: ['approvers'],
  function: 'console',
} as const;

/** The audience of one-time links, which no port takes. */
export const LINK_AUDIENCE = 'sallyport-console-link';
const LINK_LIFETIME_S = 600;

/**
 * Opens the development issuer of a data directory and makes its key (ES256, `keys/development_issuer.json`,
 * owner-only) where there is none; two processes that do so at once end with the same key. Rejects with `StartError`
 * where other users can read the key.
 */
export async function createDevelopmentIssuer(options: {
  readonly dataDir: string;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}): Promise<DevelopmentIssuer> {
  const clock = options.clock ?? Date.now;
  const key = await openSigningKey(options.dataDir, 'development_issuer');
  const sign = async (typ: string, audience: string, lifetime: number, token: DevelopmentToken): Promise<string> => {
    const subject = token.subject ?? 'dev@localhost';
    if (subject === '') throw new TypeError('a subject must not be empty');
    const now = Math.floor(clock() / 1000);
    return new SignJWT({ groups: token.groups ?? ['developers'], function: token.function ?? 'agent' })
      .setProtectedHeader({ alg: 'ES256', typ, kid: key.kid })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject(subject)
      .setJti(crypto.randomUUID())
      .setIssuedAt(now)
      .setExpirationTime(now + Math.floor(lifetime))
      .sign(key.privateKey);
  };
  return {
    entry: {
      name: 'development',
      tenant: 'development',
      issuer: ISSUER,
      kind: 'human',
      audience: AUDIENCE,
      admin_audience: `${AUDIENCE}-admin`,
      algorithms: ['ES256'],
      typ: ['at+jwt'],
      max_age_s: MAX_LIFETIME_S,
      jwks: { keys: { keys: [key.jwk] } },
      map: { subject: 'sub', groups: 'groups', function: 'function', person: 'sub' },
    },
    async mint(token = {}) {
      const lifetime = token.lifetimeSeconds ?? MAX_LIFETIME_S / 2;
      if (!(lifetime >= 1 && lifetime <= MAX_LIFETIME_S)) throw new TypeError('a lifetime is 1 second to 24 hours');
      return sign('at+jwt', token.audience ?? AUDIENCE, lifetime, token);
    },
    link: (person) => sign('JWT', LINK_AUDIENCE, LINK_LIFETIME_S, person),
  };
}
