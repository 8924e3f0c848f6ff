import type { IncomingMessage, ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import { expect, it } from 'vitest';
import { bench, issuerEntry, serve } from './fixture.ts';

const AUDIENCE = 'https://sallyport.example';

/** A real OpenID provider that issues ES256 `at+jwt` access tokens by client credentials (RFC 6749 4.4, RFC 8707). */
async function provider() {
  let handler: ((req: IncomingMessage, res: ServerResponse) => void) | null = null;
  const issuer = await serve((req, res) => handler!(req, res));
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const oidc = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: 'op-1', alg: 'ES256', use: 'sig' }] },
    clients: [
      {
        client_id: 'nightly',
        client_secret: 'a-secret-of-the-test',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: 'agent',
          audience: resource,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  handler = oidc.callback();
  return {
    issuer,
    async token(resource: string): Promise<string> {
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa('nightly:a-secret-of-the-test')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'agent', resource }),
      });
      return ((await response.json()) as { access_token: string }).access_token;
    },
  };
}

it('identifies a workload by the access token of a real OpenID provider', async () => {
  const { issuer, token } = await provider();
  const state = bench(
    [
      {
        ...issuerEntry,
        issuer,
        audience: AUDIENCE,
        algorithms: ['ES256'],
        typ: ['at+jwt'],
        jwks: { discovery: true },
        map: { subject: 'sub', function: 'client_id' },
      },
    ],
    { clock: Date.now },
  );
  const good = await token(AUDIENCE);
  expect((await state.ask(good)).identity).toMatchObject({
    principal: { tenant: 'acme', issuer, subject: 'nightly', function: 'nightly', groups: [] },
    token: { id: expect.any(String), session: null },
  });
  expect(await state.refusal(await token('https://other.example'))).toBe('TOKEN_INVALID audience');
  expect(await state.refusal(`${good.slice(0, -4)}AAAA`)).toBe('TOKEN_INVALID signature');
});
