import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../errors.ts';
import type { AuditEvent } from '../model/event.ts';
import type { Framed, Identified } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { type LoggedIn, RECENT_LOGIN_MS } from '../model/login.ts';
import type { Identity } from '../model/principal.ts';
import type { Outbound } from '../outbound/index.ts';
import { checkTimes, type Purpose, personalPurpose } from './claims.ts';
import type { DevelopmentIssuer } from './development.ts';
import type { GatewayTokens } from './gateway_tokens.ts';
import type { IssuerEntry } from './issuer.ts';
import { type KeyTimes, keyTimes } from './keys.ts';
import { presentedToken } from './presented.ts';
import { refusal } from './refusal.ts';
import type { RevocationCheck } from './revocation_marks.ts';
import { MAX_TOKEN } from './unverified.ts';
import { createVerifier, type Verified } from './verifier.ts';

export interface IdentifyOptions {
  /** `identity.issuers` of the configuration. */
  readonly issuers: readonly IssuerEntry[];
  /** Entity ids of `identity.saml`. Their assertions are no tokens, but gateway tokens may come from them. */
  readonly otherOrigins?: readonly string[];
  /** The built-in issuer; a TypeError beside a configured one. */
  readonly development?: DevelopmentIssuer | null;
  /** The gateway's own tokens, accepted like those of an issuer. */
  readonly gatewayTokens?: GatewayTokens | null;
  readonly outbound: Outbound;
  readonly revocations: RevocationCheck;
  /** Takes `identity.raw_credential`; the event does not hold the credential. */
  readonly onEvent: (event: AuditEvent) => void;
  /** An issuer's keys could not be fetched; the error holds no secret. */
  readonly onKeyFailure: (issuer: string, error: unknown) => void;
  /** Epoch milliseconds, against which tokens are judged. */
  readonly clock?: () => number;
  /** Milliseconds of a clock that never jumps, by which keys age. */
  readonly monotonic?: () => number;
  readonly random?: () => number;
  readonly keyTimes?: Partial<KeyTimes>;
  /** Tokens whose signature check is remembered. Default 10,000. */
  readonly cacheSize?: number;
}

export interface Identify {
  /**
   * The step of the way in: proves who asks. Gives a promise only where a signature has to be checked. Throws or
   * rejects with `GatewayError` TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, RAW_CREDENTIAL or
   * IDENTITY_UNAVAILABLE.
   */
  step(exchange: Framed): Identified | Promise<Identified>;
  /**
   * The person behind a personal token at the admin port: of a human issuer, for its `admin_audience`, with a login
   * (`auth_time`, else `iat`) at most `RECENT_LOGIN_MS` old. Rejects like `step`.
   */
  admin(token: string): Promise<LoggedIn>;
  /** The person behind an ID token of a configured human issuer (OpenID Connect Core section 3.1.3.7). Rejects like `step`. */
  idToken(issuerName: string, token: string, clientId: string): Promise<LoggedIn>;
  /** A token for the data port with its claims, for token exchange. Rejects like `step`. */
  token(token: string): Promise<{ readonly identity: Identity; readonly claims: JsonObject }>;
  /** Fetches the keys of every issuer ahead of the first request; never rejects. */
  warm(): Promise<void>;
  /** For the readiness check: true, or why no token of any issuer could be checked. */
  readiness(): true | string;
  close(): void;
}

/** Makes the identify step over the trusted issuers. Throws TypeError where they contradict each other. */
export function createIdentify(options: IdentifyOptions): Identify {
  const clock = options.clock ?? Date.now;
  const { development, revocations } = options;
  if (development && options.issuers.length > 0) {
    throw new TypeError('the development issuer must not be on beside a configured issuer');
  }
  const verifier = createVerifier({
    issuers: development ? [development.entry] : options.issuers,
    otherOrigins: options.otherOrigins ?? [],
    gatewayTokens: options.gatewayTokens ?? null,
    outbound: options.outbound,
    onKeyFailure: options.onKeyFailure,
    keySet: {
      now: options.monotonic ?? (() => performance.now()),
      random: options.random ?? Math.random,
      times: { ...keyTimes, ...options.keyTimes },
    },
  });
  const cache = new LRUCache<string, Verified>({ max: options.cacheSize ?? 10_000 });

  const check = (verified: Verified): Identity => {
    checkTimes(verified.terms, clock());
    if (revocations.revoked(verified.marks)) throw refusal('TOKEN_REVOKED', 'revoked');
    return verified.identity;
  };
  const accept = (exchange: Framed, verified: Verified): Identified =>
    Object.assign(exchange, { identity: check(verified) });

  const verify = async (exchange: Framed, token: string, cacheKey: string): Promise<Identified> => {
    const { verified } = await verifier.verify(token, clock());
    cache.set(cacheKey, verified);
    return accept(exchange, verified);
  };
  const person = async (token: string, purpose: (entry: IssuerEntry) => Purpose | null): Promise<LoggedIn> => {
    const { verified, claims } = await verifier.verify(token, clock(), purpose);
    return { identity: check(verified), authenticatedAt: loginTime(claims, verified, clock()) };
  };

  return {
    step(exchange) {
      const token = presented(exchange, options.onEvent);
      if (token.length > MAX_TOKEN) throw refusal('TOKEN_INVALID', 'size');
      const cacheKey = hash('sha256', verifier.digest + token, 'base64');
      const known = cache.get(cacheKey);
      if (known?.keys.ready() && known.generation === known.keys.generation) return accept(exchange, known);
      return verify(exchange, token, cacheKey);
    },
    async admin(token) {
      const found = await person(token, personalPurpose);
      if (clock() - found.authenticatedAt > RECENT_LOGIN_MS) throw refusal('TOKEN_EXPIRED', 'age');
      return found;
    },
    idToken(issuerName, token, clientId) {
      const named = verifier.named(issuerName);
      // Types of ID tokens: none, or JWT; `at+jwt` is another kind of token (RFC 9068 section 5).
      return person(token, (entry) =>
        entry === named && entry.kind === 'human'
          ? { accepted: [clientId], refused: [], types: ['', 'jwt', 'jose'] }
          : null,
      );
    },
    async token(token) {
      const { verified, claims } = await verifier.verify(token, clock());
      return { identity: check(verified), claims };
    },
    async warm() {
      await Promise.allSettled(verifier.keys.map((keys) => keys.prepare()));
    },
    readiness() {
      // With SAML alone there is no key to fetch.
      if (verifier.keys.length === 0) return true;
      return verifier.keys.some((keys) => keys.ready()) || 'no keys of any token issuer';
    },
    close() {
      cache.clear();
    },
  };
}

/** `auth_time` (OpenID Connect Core section 2), else when the token was issued; epoch milliseconds, never in the future. */
function loginTime(claims: JsonObject, { terms }: Verified, nowMs: number): number {
  const { auth_time } = claims;
  if (auth_time === undefined) return Math.min(terms.issuedAt * 1000, nowMs);
  if (typeof auth_time !== 'number' || !Number.isFinite(auth_time)) throw refusal('TOKEN_INVALID', 'auth_time');
  return Math.min(auth_time * 1000, nowMs);
}

function presented(exchange: Framed, onEvent: IdentifyOptions['onEvent']): string {
  try {
    return presentedToken(exchange.headers);
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'RAW_CREDENTIAL') {
      const { app, version } = exchange.client;
      onEvent({ kind: 'identity.raw_credential', exchange: exchange.id, body: { client: { app, version } } });
    }
    throw error;
  }
}
