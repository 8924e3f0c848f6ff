import { hash } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../errors.ts';
import type { AuditEvent } from '../model/event.ts';
import type { Framed, Identified } from '../model/exchange.ts';
import type { Identity } from '../model/principal.ts';
import type { Outbound } from '../outbound/index.ts';
import { checkHeader, checkTimes, readTerms, type TokenTerms } from './claims.ts';
import type { DevelopmentIssuer } from './development.ts';
import { type IssuerEntry, statedIssuer } from './issuer.ts';
import { createKeySource } from './key_source.ts';
import { createKeySet, type KeySet, type KeyTimes, keyTimes } from './keys.ts';
import { mapPrincipal } from './mapping.ts';
import { presentedToken } from './presented.ts';
import { refusal } from './refusal.ts';
import { type RevocationCheck, revocationMarks } from './revocation_marks.ts';
import { MAX_TOKEN, readUnverified } from './unverified.ts';

export interface IdentifyOptions {
  /** `identity.issuers` of the configuration. */
  readonly issuers: readonly IssuerEntry[];
  /** The built-in issuer; a TypeError beside a configured one. */
  readonly development?: DevelopmentIssuer | null;
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
  /** Fetches the keys of every issuer ahead of the first request; never rejects. */
  warm(): Promise<void>;
  /** For the readiness check: true, or why no token of any issuer could be checked. */
  readiness(): true | string;
  close(): void;
}

interface TrustedIssuer {
  readonly entry: IssuerEntry;
  readonly keys: KeySet;
}

/** A token whose signature was good, under the keys of `generation`. All else is checked each time. */
interface Verified {
  readonly identity: Identity;
  readonly terms: TokenTerms;
  readonly marks: readonly string[];
  readonly keys: KeySet;
  readonly generation: number;
}

/** Makes the identify step over the trusted issuers. Throws TypeError where they contradict each other. */
export function createIdentify(options: IdentifyOptions): Identify {
  const clock = options.clock ?? Date.now;
  const trusted = trustIssuers(options);
  // The configuration is part of every key, and the key covers the whole token: CVE-2026-35030 was a shorter one.
  const domain = hash('sha256', JSON.stringify([...trusted.values()].map(({ entry }) => entry)));
  const cache = new LRUCache<string, Verified>({ max: options.cacheSize ?? 10_000 });

  const accept = (exchange: Framed, verified: Verified): Identified => {
    checkTimes(verified.terms, clock());
    if (options.revocations.revoked(verified.marks)) throw refusal('TOKEN_REVOKED', 'revoked');
    return Object.assign(exchange, { identity: verified.identity });
  };

  const verify = async (exchange: Framed, token: string, cacheKey: string): Promise<Identified> => {
    const verified = await verifyToken(token, trusted, clock());
    cache.set(cacheKey, verified);
    return accept(exchange, verified);
  };

  return {
    step(exchange) {
      const token = presented(exchange, options.onEvent);
      if (token.length > MAX_TOKEN) throw refusal('TOKEN_INVALID', 'size');
      const cacheKey = hash('sha256', domain + token, 'base64');
      const known = cache.get(cacheKey);
      if (known?.keys.ready() && known.generation === known.keys.generation) return accept(exchange, known);
      return verify(exchange, token, cacheKey);
    },
    async warm() {
      await Promise.allSettled([...trusted.values()].map(({ keys }) => keys.prepare()));
    },
    readiness() {
      return [...trusted.values()].some(({ keys }) => keys.ready()) || 'no keys of any token issuer';
    },
    close() {
      cache.clear();
    },
  };
}

function trustIssuers(options: IdentifyOptions): ReadonlyMap<string, TrustedIssuer> {
  const { development } = options;
  if (development && options.issuers.length > 0) {
    throw new TypeError('the development issuer must not be on beside a configured issuer');
  }
  const trusted = new Map<string, TrustedIssuer>();
  for (const entry of development ? [development.entry] : options.issuers) {
    if (trusted.has(entry.issuer)) throw new TypeError('two entries for one issuer');
    const keys = createKeySet({
      source: createKeySource(entry, options.outbound),
      now: options.monotonic ?? (() => performance.now()),
      random: options.random ?? Math.random,
      times: { ...keyTimes, ...options.keyTimes },
      onFailure: (error) => options.onKeyFailure(entry.name, error),
    });
    trusted.set(entry.issuer, { entry, keys });
  }
  return trusted;
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

/** Everything that is said without keys is checked first, so that only a plausible token can cause a fetch. */
async function verifyToken(
  token: string,
  trusted: ReadonlyMap<string, TrustedIssuer>,
  nowMs: number,
): Promise<Verified> {
  const { header, claims } = readUnverified(token);
  const issuer = trusted.get(statedIssuer(claims) ?? '');
  if (!issuer) throw refusal('TOKEN_INVALID', 'issuer');
  const { entry, keys } = issuer;
  checkHeader(header, entry);
  const terms = readTerms(claims, entry);
  checkTimes(terms, nowMs);
  const principal = mapPrincipal(claims, entry);
  if (entry.issuer.startsWith('spiffe://') && !principal.subject.startsWith(`${entry.issuer}/`)) {
    throw refusal('TOKEN_INVALID', 'subject');
  }
  await keys.prepare();
  const { generation } = keys;
  try {
    await compactVerify(token, keys.key, {
      algorithms: [...entry.algorithms],
    });
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) throw refusal('TOKEN_INVALID', 'signature');
    // Jose's own errors, and the TypeError or DOMException of a key that is too short or broken.
    throw refusal('TOKEN_INVALID', 'key', error instanceof errors.JOSEError ? error.code : String(error));
  }
  const { id, session, issuedAt, expiresAt } = terms;
  const identity: Identity = { principal, token: { id, session, issuedAt, expiresAt } };
  return { identity, terms, marks: revocationMarks(identity), keys, generation };
}
