import type { Outbound } from '../outbound/index.ts';
import type { Clock } from './clock.ts';
import { CredentialFault } from './fault.ts';
import { isHeaderSafe } from './secret_file.ts';
import type { VaultSession } from './session.ts';
import type { LeaseSource } from './source.ts';
import { type Answer, callJson, member } from './transport.ts';

/** The beta that a request with an OAuth bearer must name. */
export const OAUTH_BETA = 'oauth-2025-04-20';
const FEDERATION_BETA = 'oidc-federation-2026-04-01';
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** What the token endpoint takes at most. */
const LONGEST_ASSERTION = 16_384;
/** The longest life a federation rule can give. */
const LONGEST_LIFE_S = 86_400;

export interface FederationRole {
  readonly oidc_role: string;
  readonly federation_rule: string;
  readonly organization: string;
  readonly service_account: string;
  readonly workspace?: string | undefined;
}

export interface FederationOptions {
  readonly tokenUrl: string;
  readonly session: Pick<VaultSession, 'read'>;
  readonly outbound: Outbound;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Dynamic credentials: Vault's identity provider signs a JWT for the gateway's own entity, and the Claude token
 * endpoint exchanges it for a short bearer (RFC 7523 jwt-bearer grant, JSON body as Anthropic's SDK sends it). Nothing
 * long-lived exists on the way. The bearer is bound to its workspace, so no workspace header goes with it.
 */
export function federationSource(role: string, config: FederationRole, options: FederationOptions): LeaseSource {
  const path = `identity/oidc/token/${encodeURIComponent(config.oidc_role)}`;
  const claims = {
    grant_type: GRANT_TYPE,
    federation_rule_id: config.federation_rule,
    organization_id: config.organization,
    service_account_id: config.service_account,
    ...(config.workspace === undefined ? {} : { workspace_id: config.workspace }),
  };
  return {
    kind: 'vault_oidc',
    shape: { role, scheme: 'bearer', headers: {}, betas: [OAUTH_BETA] },
    async fetch() {
      const assertion = readAssertion(await options.session.read(path));
      const askedAt = options.clock.now();
      const answer = await callJson(options.outbound, {
        method: 'POST',
        url: options.tokenUrl,
        headers: { 'anthropic-beta': `${OAUTH_BETA},${FEDERATION_BETA}` },
        body: { ...claims, assertion },
        signal: options.signal,
        ca: null,
      });
      const { value, seconds } = readBearer(answer);
      return { value, endsAt: askedAt + seconds * 1000, recheckAt: Number.POSITIVE_INFINITY };
    },
  };
}

function readAssertion(answer: unknown): string {
  const token = member(member(answer, 'data'), 'token');
  if (typeof token !== 'string' || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw new CredentialFault('protocol', 'Vault signed no JWT');
  }
  if (token.length > LONGEST_ASSERTION) {
    throw new CredentialFault('protocol', 'the JWT of Vault is larger than the 16 KiB the token endpoint takes');
  }
  return token;
}

function readBearer(answer: Answer): { readonly value: string; readonly seconds: number } {
  if (answer.status !== 200) throw exchangeFault(answer);
  const value = member(answer.json, 'access_token');
  const seconds = Number(member(answer.json, 'expires_in'));
  const type = member(answer.json, 'token_type');
  if (typeof value !== 'string' || !isHeaderSafe(value) || !(seconds > 0)) {
    throw new CredentialFault('protocol', 'the token endpoint answered without access_token and expires_in');
  }
  if (type !== undefined && String(type).toLowerCase() !== 'bearer') {
    throw new CredentialFault('protocol', 'the token endpoint gave a token that is no bearer');
  }
  return { value, seconds: Math.min(seconds, LONGEST_LIFE_S) };
}

/** Keeps only the error fields of RFC 6749 section 5.2; the rest of such a body may echo the assertion. */
function exchangeFault(answer: Answer): CredentialFault {
  const word = (value: unknown) => (typeof value === 'string' ? value : null);
  const error = member(answer.json, 'error');
  const said = [
    word(error) ?? word(member(error, 'type')),
    word(member(answer.json, 'error_description')) ?? word(member(error, 'message')),
  ];
  const text = `the token endpoint answered ${answer.status}: ${said.filter((part) => part !== null).join(', ') || 'no reason given'}`;
  const kind = answer.status === 429 ? 'throttled' : answer.status >= 500 ? 'unavailable' : 'refused';
  return new CredentialFault(kind, text, answer.status);
}
