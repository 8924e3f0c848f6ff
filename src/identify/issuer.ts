import type { JSONWebKeySet } from 'jose';
import type { Config } from '../config/index.ts';
import type { JsonObject } from '../model/json.ts';

type ConfiguredIssuer = Config['identity']['issuers'][number];

/** One trusted issuer: an entry of the configuration, or one whose public keys are at hand (development issuer). */
export type IssuerEntry = Omit<ConfiguredIssuer, 'jwks'> & {
  readonly jwks: ConfiguredIssuer['jwks'] | { readonly keys: JSONWebKeySet };
  /** Seconds by which its clock may differ from ours; default `SKEW_S`. */
  readonly skew_s?: number;
  /** Whether whoever holds an expired token of it can get a fresh one by themselves, so that a retry makes sense. */
  readonly renewable?: boolean;
};

/**
 * The name of the issuer by which its entry is found: `iss`, compared exactly. A SPIFFE JWT-SVID may lack it and is
 * then found by its trust domain, `spiffe://example.org`. Null where the token names no issuer.
 */
export function statedIssuer(claims: JsonObject): string | null {
  const { iss, sub } = claims;
  if (typeof iss === 'string') return iss;
  if (iss !== undefined || typeof sub !== 'string') return null;
  return /^(spiffe:\/\/[a-z0-9._-]+)\/./.exec(sub)?.[1] ?? null;
}
