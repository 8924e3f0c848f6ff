import type { JsonObject } from '../model/json.ts';
import type { TokenFacts } from '../model/principal.ts';
import type { IssuerEntry } from './issuer.ts';
import { refusal } from './refusal.ts';

/** Seconds by which clocks of issuer and gateway may differ. */
export const SKEW_S = 30;

/** What a token says of itself, well-typed, and the bounds of its validity. */
export interface TokenTerms extends TokenFacts {
  /** Epoch seconds, whole or not: it is not valid earlier. */
  readonly notBefore: number;
  /** Seconds by which the clocks may differ. */
  readonly skew: number;
  /** Whether a fresh token can be had at once. */
  readonly renewable: boolean;
}

/** Header members that bring their own key or change what a signature covers (RFC 8725 section 3.10). */
const refusedHeaders = ['jku', 'jwk', 'x5u', 'crit', 'b64'] as const;
/** Types of access tokens and of tokens without one; others (logout+jwt, dpop+jwt) serve other purposes. */
const usualTypes: readonly string[] = ['', 'jwt', 'jose', 'at+jwt'];

/** What a token must be for, and must not be for, in one use of it. */
export interface Purpose {
  /** One of these must be among its audiences. */
  readonly accepted: readonly string[];
  /** None of these may be. */
  readonly refused: readonly string[];
  /** Media types of `typ`; null for those of access tokens and of tokens without one. */
  readonly types: readonly string[] | null;
}

/** A call at the data port. */
export function callPurpose(entry: IssuerEntry): Purpose {
  const refused = entry.admin_audience === undefined ? [] : [entry.admin_audience];
  return { accepted: [entry.audience].flat(), refused, types: entry.typ ?? null };
}

/** A verdict or another personal act at the admin port; null for issuers whose tokens are not for that. */
export function personalPurpose(entry: IssuerEntry): Purpose | null {
  if (entry.kind !== 'human' || entry.admin_audience === undefined) return null;
  return { accepted: [entry.admin_audience], refused: [entry.audience].flat(), types: entry.typ ?? null };
}

/** Checks the unverified header against what its issuer may use. Throws `GatewayError` TOKEN_INVALID. */
export function checkHeader(header: JsonObject, entry: IssuerEntry, purpose: Purpose): void {
  for (const name of refusedHeaders) if (Object.hasOwn(header, name)) throw refusal('TOKEN_INVALID', 'header');
  const { alg, typ, kid } = header;
  if (typeof alg !== 'string' || !(entry.algorithms as readonly string[]).includes(alg)) {
    throw refusal('TOKEN_INVALID', 'algorithm');
  }
  if (typ !== undefined && typeof typ !== 'string') throw refusal('TOKEN_INVALID', 'typ');
  const type = mediaType(typ ?? '');
  if (!(purpose.types?.map(mediaType) ?? usualTypes).includes(type)) throw refusal('TOKEN_INVALID', 'typ');
  if (kid !== undefined && typeof kid !== 'string') throw refusal('TOKEN_INVALID', 'kid');
}

/** RFC 7515 section 4.1.9: `application/` may be left out, case does not count. */
function mediaType(typ: string): string {
  return typ.toLowerCase().replace(/^application\//, '');
}

/**
 * Checks everything of the claims that does not depend on the time: our own audience and no other purpose, `exp` and
 * `iat` present, types. Throws `GatewayError` TOKEN_INVALID.
 */
export function readTerms(claims: JsonObject, entry: IssuerEntry, purpose: Purpose): TokenTerms {
  checkAudience(claims, purpose);
  const exp = seconds(claims.exp, 'exp');
  const iat = seconds(claims.iat, 'iat');
  const nbf = claims.nbf === undefined ? iat : seconds(claims.nbf, 'nbf');
  const { jti, sid } = claims;
  return {
    id: typeof jti === 'string' ? jti : null,
    session: typeof sid === 'string' ? sid : null,
    issuedAt: iat,
    notBefore: Math.max(iat, nbf),
    expiresAt: Math.min(exp, iat + entry.max_age_s),
    skew: entry.skew_s ?? SKEW_S,
    renewable: entry.renewable ?? false,
  };
}

function checkAudience(claims: JsonObject, { accepted, refused }: Purpose): void {
  const { aud } = claims;
  const stated = Array.isArray(aud) ? aud : [aud];
  if (stated.some((audience) => typeof audience !== 'string')) throw refusal('TOKEN_INVALID', 'audience');
  if (!accepted.some((audience) => stated.includes(audience))) throw refusal('TOKEN_INVALID', 'audience');
  if (refused.some((audience) => stated.includes(audience))) throw refusal('TOKEN_INVALID', 'admin_audience');
}

function seconds(value: unknown, fault: 'exp' | 'iat' | 'nbf'): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refusal('TOKEN_INVALID', fault);
  return value;
}

/**
 * Whether the token is valid at `nowMs` (epoch milliseconds), with the issuer's tolerance either way; called for every
 * request, for tokens from the cache too. Throws `GatewayError` TOKEN_EXPIRED (TOKEN_STALE for tokens that renew
 * themselves), or TOKEN_INVALID where its time has not come.
 */
export function checkTimes(terms: TokenTerms, nowMs: number): void {
  const now = Math.floor(nowMs / 1000);
  if (now >= terms.expiresAt + terms.skew) throw refusal(terms.renewable ? 'TOKEN_STALE' : 'TOKEN_EXPIRED', 'exp');
  if (now < terms.notBefore - terms.skew) throw refusal('TOKEN_INVALID', 'nbf');
}
