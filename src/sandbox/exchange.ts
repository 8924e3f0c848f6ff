import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import type { Json, JsonObject } from '../model/json.ts';
import type { Credentials } from './credentials.ts';
import { OAUTH_BETA } from './credentials.ts';
import { isObject, textOf } from './json.ts';

/** What one federation rule grants. */
export interface FederationRule {
  /** `fdrl_…` */
  readonly id: string;
  readonly organization: string;
  /** `svac_…` */
  readonly serviceAccount: string;
  /** Life of a bearer at most; 60 to 86400. */
  readonly tokenSeconds: number;
}

/** Whose tokens the token endpoint takes. */
export interface Federation {
  readonly issuer: string;
  /** Where the issuer's keys are: an address, the keys themselves, or a way to fetch them. */
  readonly jwks: string | JSONWebKeySet | (() => Promise<JSONWebKeySet>);
  readonly audience: string;
  readonly rules: readonly FederationRule[];
}

/** What the token endpoint answers. */
export interface TokenAnswer {
  readonly status: number;
  readonly body: JsonObject;
}

/** Answers `POST /v1/oauth/token`. */
export type TokenEndpoint = (body: Uint8Array, contentType: string, betas: ReadonlySet<string>) => Promise<TokenAnswer>;

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const FEDERATION_BETA = 'oidc-federation-2026-04-01';
const MOST_ASSERTION = 16 * 1024;
const MOST_SPREAD = 49 * 3600;
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/**
 * The jwt-bearer grant (RFC 7523) of workload identity federation: an issuer's JWT for a short bearer of a service account.
 * Errors have the form of RFC 6749 section 5.2.
 */
export function createTokenEndpoint(federation: Federation | undefined, credentials: Credentials): TokenEndpoint {
  const keys = federation ? keysOf(federation.jwks) : null;
  return async (bytes, contentType, betas) => {
    const body = parse(bytes, contentType);
    if (!body) return refuse(400, 'invalid_request', 'The request body could not be parsed');
    for (const beta of [OAUTH_BETA, FEDERATION_BETA]) {
      if (!betas.has(beta)) return refuse(400, 'invalid_request', `The anthropic-beta header must include ${beta}`);
    }
    if (body.grant_type !== GRANT) return refuse(400, 'unsupported_grant_type', 'Unsupported grant_type');
    for (const name of ['assertion', 'federation_rule_id', 'organization_id']) {
      if (textOf(body[name]) === '') return refuse(400, 'invalid_request', `Missing required parameter: ${name}`);
    }
    const assertion = textOf(body.assertion);
    if (assertion.length > MOST_ASSERTION) return refuse(400, 'invalid_request', 'assertion exceeds 16 KiB');
    const rule = federation?.rules.find((one) => one.id === body.federation_rule_id);
    if (!federation || !keys || !rule) return refuse(401, 'invalid_grant', 'Federation rule not found');
    if (rule.organization !== body.organization_id) {
      return refuse(401, 'invalid_grant', 'Federation rule does not belong to this organization');
    }
    if (body.service_account_id !== undefined && body.service_account_id !== rule.serviceAccount) {
      return refuse(401, 'invalid_grant', 'Federation rule does not grant this service account');
    }
    const left = await remaining(assertion, keys, federation);
    if (typeof left === 'string') return refuse(401, 'invalid_grant', left);
    const seconds = Math.max(60, Math.min(rule.tokenSeconds, 2 * left));
    return {
      status: 200,
      body: {
        access_token: credentials.mint(rule.organization, seconds),
        token_type: 'Bearer',
        expires_in: seconds,
        scope: 'workspace:developer',
      },
    };
  };
}

/** Seconds that the assertion still lives, or why it is refused. */
async function remaining(assertion: string, keys: KeySource, federation: Federation): Promise<number | string> {
  try {
    const { payload } = await jwtVerify(assertion, await keys(), {
      issuer: federation.issuer,
      audience: federation.audience,
      algorithms: ALGORITHMS,
      requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
    });
    const { exp, iat } = payload as { exp: number; iat: number };
    if (exp - iat > MOST_SPREAD) return 'Assertion lifetime is too long';
    return Math.floor(exp - Date.now() / 1000);
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'Assertion has expired';
    if (error instanceof errors.JWTClaimValidationFailed) {
      return error.reason === 'missing'
        ? `Assertion is missing the "${error.claim}" claim`
        : `Assertion has an unexpected "${error.claim}" claim`;
    }
    if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
      return 'Assertion signature could not be verified';
    }
    if (error instanceof errors.JWKSTimeout) return 'Issuer keys could not be fetched';
    return 'Assertion is not a valid JWT';
  }
}

type KeySource = () => Promise<JWTVerifyGetKey>;

function keysOf(jwks: Federation['jwks']): KeySource {
  if (typeof jwks === 'function') return async () => createLocalJWKSet(await jwks());
  const source = typeof jwks === 'string' ? createRemoteJWKSet(new URL(jwks)) : createLocalJWKSet(jwks);
  return async () => source;
}

function parse(bytes: Uint8Array, contentType: string): JsonObject | null {
  const text = Buffer.from(bytes).toString('utf8');
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) return Object.fromEntries(new URLSearchParams(text));
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function refuse(status: number, error: string, description: string): TokenAnswer {
  return { status, body: { error, error_description: description } };
}
