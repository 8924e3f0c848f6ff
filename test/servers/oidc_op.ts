import type { RequestListener } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

/** A real OpenID provider (oidc-provider) with one client. */
export interface OidcOp {
  readonly issuer: string;
  readonly listener: RequestListener;
}

export interface OidcOpOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
}

/** Makes a provider that serves at `issuer`. Its login form takes any name and password. */
export async function createOidcOp(options: OidcOpOptions): Promise<OidcOp> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const provider = new Provider(options.issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'op-1', alg: 'ES256', use: 'sig' }] },
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        grant_types: ['authorization_code'],
        redirect_uris: [options.redirectUri],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    findAccount: (_context, accountId) => ({
      accountId,
      claims: async () => ({ sub: accountId, email: `${accountId}@corp.example`, groups: ['approvers'] }),
    }),
    cookies: { keys: ['a key of the test'] },
    features: { devInteractions: { enabled: true } },
  });
  return { issuer: options.issuer, listener: provider.callback() };
}
