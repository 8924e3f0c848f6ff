import { randomUUID } from 'node:crypto';
import { type JWK, SignJWT } from 'jose';
import type { JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { IssuerEntry } from './issuer.ts';
import { actorsOf, isText, subjectOf } from './mapping.ts';
import { refusal } from './refusal.ts';
import { openSigningKey } from './signing_key.ts';
import { isObject } from './unverified.ts';

/** Longest life of a gateway token in seconds. */
const MAX_GATEWAY_TOKEN_S = 900;

/** Seconds by which the clocks of two nodes of a fleet may differ. */
const OWN_SKEW_S = 5;

export interface GrantedToken {
  readonly principal: Principal;
  /** Seconds; the least of this and the configured lifetime counts. */
  readonly lifetimeSeconds?: number;
  /** Login session by which it can be revoked. */
  readonly session: string | null;
  /** Ids of the tokens it was exchanged for. */
  readonly parents: readonly string[];
}

export interface IssuedToken {
  readonly token: string;
  readonly id: string;
  /** Seconds from now. */
  readonly expiresIn: number;
}

/** Short tokens of the gateway itself: the same principal as at the issuer of origin, in a token of at most 15 minutes. */
export interface GatewayTokens {
  /** The `iss` and `aud` of the tokens: the public URL of the data port. */
  readonly issuer: string;
  /** The entry under which the identify step takes them. */
  readonly entry: IssuerEntry;
  /** Public keys, for publishing. */
  readonly keys: readonly JWK[];
  mint(granted: GrantedToken): Promise<IssuedToken>;
  /**
   * The principal that checked claims name. `origins` are the issuers trusted now: a token outlives no issuer. Throws
   * `GatewayError` TOKEN_INVALID.
   */
  identity(
    claims: JsonObject,
    origins: ReadonlySet<string>,
  ): { readonly principal: Principal; readonly parents: readonly string[] };
}

export interface GatewayTokensOptions {
  readonly dataDir: string;
  /** The public URL of the data port; asked each time, as a free port is known only once it listens. */
  readonly issuer: () => string;
  /** At most `MAX_GATEWAY_TOKEN_S`, which is the default. */
  readonly lifetimeSeconds?: number;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

/** Opens the gateway's own tokens; their key is `keys/gateway_tokens.json`. Rejects with `StartError`. */
export async function createGatewayTokens(options: GatewayTokensOptions): Promise<GatewayTokens> {
  const clock = options.clock ?? Date.now;
  const lifetime = Math.min(options.lifetimeSeconds ?? MAX_GATEWAY_TOKEN_S, MAX_GATEWAY_TOKEN_S);
  const key = await openSigningKey(options.dataDir, 'gateway_tokens');
  const keys = [key.jwk];
  return {
    get issuer() {
      return options.issuer();
    },
    get entry(): IssuerEntry {
      const issuer = options.issuer();
      return {
        name: 'gateway',
        tenant: '',
        issuer,
        kind: 'workload',
        audience: issuer,
        algorithms: ['ES256'],
        typ: ['at+jwt'],
        max_age_s: MAX_GATEWAY_TOKEN_S,
        skew_s: OWN_SKEW_S,
        renewable: true,
        jwks: { keys: { keys } },
        map: { subject: 'sub' },
      };
    },
    keys,
    async mint({ principal, lifetimeSeconds = lifetime, session, parents }) {
      const now = Math.floor(clock() / 1000);
      const expiresIn = Math.floor(Math.min(lifetimeSeconds, lifetime));
      const id = randomUUID();
      const { tenant, issuer, kind, person, owner, groups, strength } = principal;
      const origin = {
        iss: issuer,
        tenant,
        kind,
        person,
        owner,
        groups,
        function: principal.function,
        strength,
        jti: parents,
      };
      const token = await new SignJWT({
        origin,
        ...(session === null ? {} : { sid: session }),
        ...(principal.actors.length === 0 ? {} : { act: nested(principal.actors) }),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
        .setIssuer(options.issuer())
        .setAudience(options.issuer())
        .setSubject(principal.subject)
        .setJti(id)
        .setIssuedAt(now)
        .setExpirationTime(now + expiresIn)
        .sign(key.privateKey);
      return { token, id, expiresIn };
    },
    identity(claims, origins) {
      const { origin } = claims;
      if (!isObject(origin) || !isText(origin.iss) || !origins.has(origin.iss))
        throw refusal('TOKEN_INVALID', 'issuer');
      const textOr = (value: unknown) => (isText(value) ? value : null);
      return {
        principal: {
          tenant: textOr(origin.tenant) ?? '',
          issuer: origin.iss,
          subject: subjectOf(claims.sub, 'subject'),
          kind: origin.kind === 'human' ? 'human' : 'workload',
          person: textOr(origin.person),
          owner: textOr(origin.owner),
          groups: Array.isArray(origin.groups) ? origin.groups.filter(isText) : [],
          function: textOr(origin.function),
          actors: actorsOf(claims),
          strength: textOr(origin.strength),
        },
        parents: [origin.jti].flat().filter(isText),
      };
    },
  };
}

/** RFC 8693 section 4.1: the outermost actor is the current one. */
function nested(actors: readonly string[]): JsonObject {
  return actors.reduceRight<JsonObject>((act, sub) => ({ sub, ...(Object.keys(act).length === 0 ? {} : { act }) }), {});
}
