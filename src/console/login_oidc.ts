import * as oidc from 'openid-client';
import type { Config } from '../config/index.ts';
import type { Outbound } from '../outbound/index.ts';
import type { Attempt } from './login_attempts.ts';

type Issuer = Config['identity']['issuers'][number];

const DISCOVERY_MS = 600_000;
/** With `max_age` the provider must say when the person logged in (OpenID Connect Core section 3.1.2.1). */
const MAX_AGE_S = 28_800;

/** Login at one OpenID provider: authorization code with PKCE (S256), state and nonce. */
export interface OidcLogin {
  readonly name: string;
  readonly clientId: string;
  /** The address to send the browser to. Rejects where the provider cannot be reached. */
  start(attempt: Attempt, state: string, redirectUri: string): Promise<string>;
  /** The ID token for a callback with its whole address; its claims are not judged here. Rejects where there is none. */
  finish(attempt: Attempt, state: string, callback: URL): Promise<string>;
}

/** Makes the logins of the issuers that have one. */
export function createOidcLogins(issuers: readonly Issuer[], outbound: Outbound, clock: () => number): OidcLogin[] {
  return issuers.flatMap((issuer) => (issuer.login ? [createOidcLogin(issuer, issuer.login, outbound, clock)] : []));
}

function createOidcLogin(
  issuer: Issuer,
  login: NonNullable<Issuer['login']>,
  outbound: Outbound,
  clock: () => number,
): OidcLogin {
  let known: { readonly configuration: Promise<oidc.Configuration>; readonly at: number } | null = null;
  const configuration = (): Promise<oidc.Configuration> => {
    if (known && clock() - known.at < DISCOVERY_MS) return known.configuration;
    const found = discover(issuer.issuer, login, outbound);
    const entry = { configuration: found, at: clock() };
    known = entry;
    found.catch(() => {
      if (known === entry) known = null;
    });
    return found;
  };
  return {
    name: issuer.name,
    clientId: login.client_id,
    async start(attempt, state, redirectUri) {
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: [...new Set(['openid', ...login.scopes])].join(' '),
        code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
        code_challenge_method: 'S256',
        state,
        nonce: attempt.nonce,
        max_age: String(MAX_AGE_S),
        ...(attempt.again ? { prompt: 'login' } : {}),
      });
      return url.href;
    },
    async finish(attempt, state, callback) {
      const answer = await oidc.authorizationCodeGrant(await configuration(), callback, {
        pkceCodeVerifier: attempt.verifier,
        expectedState: state,
        expectedNonce: attempt.nonce,
        idTokenExpected: true,
      });
      if (answer.id_token === undefined) throw new Error('the provider gave no ID token');
      return answer.id_token;
    },
  };
}

async function discover(
  issuer: string,
  login: NonNullable<Issuer['login']>,
  outbound: Outbound,
): Promise<oidc.Configuration> {
  const secret = login.client_secret?.reveal();
  const authentication =
    secret === undefined
      ? oidc.None()
      : login.client_auth === 'client_secret_post'
        ? oidc.ClientSecretPost(secret)
        : oidc.ClientSecretBasic(secret);
  return oidc.discovery(new URL(issuer), login.client_id, undefined, authentication, {
    [oidc.customFetch]: guardedFetch(outbound),
    // Plain http is for this host only, which the configuration and the guarded client make sure of.
    ...(issuer.startsWith('http:') ? { execute: [oidc.allowInsecureRequests] } : {}),
  });
}

/** The gateway's own HTTP client in the shape that openid-client takes: no redirects, a deadline, a size limit. */
function guardedFetch(outbound: Outbound): oidc.CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const response = await outbound.request({
      url,
      method: method as 'GET' | 'POST',
      headers: { ...(headers as { [name: string]: string }) },
      ...(body === undefined || body === null ? {} : { body: body instanceof Uint8Array ? body : String(body) }),
      ...(signal ? { signal } : {}),
    });
    const empty = response.status === 204 || response.status === 304;
    return new Response(empty ? null : new Uint8Array(response.body), {
      status: response.status,
      headers: { ...response.headers },
    });
  };
}
