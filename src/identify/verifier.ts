import { hash } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import type { JsonObject } from '../model/json.ts';
import type { Identity, Principal } from '../model/principal.ts';
import { callPurpose, checkHeader, checkTimes, type Purpose, readTerms, type TokenTerms } from './claims.ts';
import type { GatewayTokens } from './gateway_tokens.ts';
import { type IssuerEntry, statedIssuer } from './issuer.ts';
import { createKeySource } from './key_source.ts';
import { createKeySet, type KeySet, type KeySetOptions } from './keys.ts';
import { mapPrincipal } from './mapping.ts';
import { refusal } from './refusal.ts';
import { revocationMarks } from './revocation_marks.ts';
import { readUnverified } from './unverified.ts';

/** A token whose signature was good, under the keys of `generation`. All else is checked each time. */
export interface Verified {
  readonly identity: Identity;
  readonly terms: TokenTerms;
  readonly marks: readonly string[];
  readonly keys: KeySet;
  readonly generation: number;
}

/** The trusted issuers with their keys. */
export interface Verifier {
  /** A digest of all that decides what a token is worth. */
  readonly digest: string;
  /** Key sets of every issuer from the configuration. */
  readonly keys: readonly KeySet[];
  /** The entry of an issuer by its short name, or null. */
  named(name: string): IssuerEntry | null;
  /**
   * Proves a token, without regard to revocations. `purpose` says what it must be for, null where tokens of that
   * issuer are for no such thing; by default a call at the data port. Rejects with `GatewayError`.
   */
  verify(
    token: string,
    nowMs: number,
    purpose?: (entry: IssuerEntry) => Purpose | null,
  ): Promise<{ readonly verified: Verified; readonly claims: JsonObject }>;
}

export interface VerifierOptions {
  readonly issuers: readonly IssuerEntry[];
  /** Issuers whose principals gateway tokens may name besides: SAML identity providers. */
  readonly otherOrigins: readonly string[];
  readonly gatewayTokens: GatewayTokens | null;
  readonly keySet: Omit<KeySetOptions, 'source' | 'onFailure'>;
  readonly outbound: Parameters<typeof createKeySource>[1];
  readonly onKeyFailure: (issuer: string, error: unknown) => void;
}

interface TrustedIssuer {
  readonly entry: IssuerEntry;
  readonly keys: KeySet;
  readonly identity: (
    claims: JsonObject,
    entry: IssuerEntry,
  ) => { readonly principal: Principal; parents?: readonly string[] };
}

/** Makes the verifier. Throws TypeError where two entries are for one issuer. */
export function createVerifier(options: VerifierOptions): Verifier {
  const { gatewayTokens, outbound } = options;
  const trusted = new Map<string, TrustedIssuer>();
  const keysOf = (entry: IssuerEntry) =>
    createKeySet({
      ...options.keySet,
      source: createKeySource(entry, outbound),
      onFailure: (error) => options.onKeyFailure(entry.name, error),
    });
  for (const entry of options.issuers) {
    if (trusted.has(entry.issuer)) throw new TypeError('two entries for one issuer');
    trusted.set(entry.issuer, {
      entry,
      keys: keysOf(entry),
      identity: (claims) => ({ principal: mapPrincipal(claims, entry) }),
    });
  }
  const origins = new Set([...trusted.keys(), ...options.otherOrigins]);
  const ownKeys = gatewayTokens && keysOf(gatewayTokens.entry);
  const own = gatewayTokens && {
    keys: ownKeys!,
    identity: (claims: JsonObject) => gatewayTokens.identity(claims, origins),
  };
  const find = (iss: string | null): TrustedIssuer | undefined => {
    if (own && iss === gatewayTokens.issuer) return { ...own, entry: gatewayTokens.entry };
    return trusted.get(iss ?? '');
  };
  return {
    // The configuration is part of every cache key, which covers the whole token: CVE-2026-35030 was a shorter one.
    digest: hash('sha256', JSON.stringify([...trusted.values()].map(({ entry }) => entry))),
    keys: [...trusted.values()].map(({ keys }) => keys),
    named: (name) => options.issuers.find((entry) => entry.name === name) ?? null,
    verify: async (token, nowMs, purpose = callPurpose) => {
      const { header, claims } = readUnverified(token);
      const issuer = find(statedIssuer(claims));
      if (!issuer) throw refusal('TOKEN_INVALID', 'issuer');
      return { verified: await verifyToken({ token, header, claims, issuer, nowMs, purpose }), claims };
    },
  };
}

/** Everything that is said without keys is checked first, so that only a plausible token can cause a fetch. */
async function verifyToken(given: {
  readonly token: string;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly issuer: TrustedIssuer;
  readonly nowMs: number;
  readonly purpose: (entry: IssuerEntry) => Purpose | null;
}): Promise<Verified> {
  const { claims } = given;
  const { entry, keys } = given.issuer;
  const purpose = given.purpose(entry);
  if (!purpose) throw refusal('TOKEN_INVALID', 'audience');
  checkHeader(given.header, entry, purpose);
  const terms = readTerms(claims, entry, purpose);
  checkTimes(terms, given.nowMs);
  const { principal, parents = [] } = given.issuer.identity(claims, entry);
  if (entry.issuer.startsWith('spiffe://') && !principal.subject.startsWith(`${entry.issuer}/`)) {
    throw refusal('TOKEN_INVALID', 'subject');
  }
  await keys.prepare();
  const { generation } = keys;
  try {
    await compactVerify(given.token, keys.key, { algorithms: [...entry.algorithms] });
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) throw refusal('TOKEN_INVALID', 'signature');
    // Jose's own errors, and the TypeError or DOMException of a key that is too short or broken.
    throw refusal('TOKEN_INVALID', 'key', error instanceof errors.JOSEError ? error.code : String(error));
  }
  const { id, session, issuedAt, expiresAt } = terms;
  const token = { id, session, issuedAt, expiresAt, ...(parents.length === 0 ? {} : { parents }) };
  const identity: Identity = { principal, token };
  return { identity, terms, marks: revocationMarks(identity), keys, generation };
}
