import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Federation, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { messageBody, send } from './support.ts';

const ISSUER = 'https://vault.test/v1/identity/oidc';
const AUDIENCE = 'claude';
const RULE = {
  id: 'fdrl_01',
  organization: '00000000-0000-4000-8000-00000000000a',
  serviceAccount: 'svac_01',
  tokenSeconds: 900,
};
const BETAS = 'oauth-2025-04-20,oidc-federation-2026-04-01';

const keys = await generateKeyPair('ES256');
const strangers = await generateKeyPair('ES256');
const jwks: JSONWebKeySet = { keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'ES256' }] };

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ federation: federation(jwks) });
});
afterAll(() => sandbox.close());

function federation(source: Federation['jwks']): Federation {
  return { issuer: ISSUER, audience: AUDIENCE, jwks: source, rules: [RULE] };
}

interface Claims {
  readonly iss?: string;
  readonly aud?: string;
  readonly iat?: number | null;
  readonly exp?: number | null;
}

/** A JWT that ends in 300 s, with what a test wants otherwise; times are seconds from now. */
function assertion(claims: Claims = {}, key = keys.privateKey): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const { iss = ISSUER, aud = AUDIENCE, iat = 0, exp = 300 } = claims;
  const jwt = new SignJWT({ iss, aud, sub: 'entity-1' }).setProtectedHeader({ alg: 'ES256', kid: 'one' });
  if (iat !== null) jwt.setIssuedAt(now + iat);
  if (exp !== null) jwt.setExpirationTime(now + exp);
  return jwt.sign(key);
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function exchange(jwt: string, over: Record<string, unknown> = {}, at = sandbox, betas = BETAS): Promise<Answer> {
  const body = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: jwt,
    federation_rule_id: RULE.id,
    organization_id: RULE.organization,
    service_account_id: RULE.serviceAccount,
    ...over,
  };
  const headers = { 'x-api-key': undefined, 'anthropic-beta': betas };
  const answer = await send(at.url, 'POST', '/v1/oauth/token', body, headers);
  return { status: answer.status, body: JSON.parse(answer.text) };
}

async function use(token: unknown, at = sandbox): Promise<number> {
  const headers = { 'x-api-key': undefined, authorization: `Bearer ${token}`, 'anthropic-beta': 'oauth-2025-04-20' };
  return (await send(at.url, 'POST', '/v1/messages', messageBody(), headers)).status;
}

test('a good assertion becomes a bearer that works, for twice its own rest at most', async () => {
  const minted = sandbox.tokensMinted;
  const { status, body } = await exchange(await assertion());
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: 'Bearer', access_token: expect.stringMatching(/^sk-ant-oat01-/) });
  expect(body.expires_in).toBeGreaterThan(590);
  expect(body.expires_in).toBeLessThanOrEqual(600);
  expect(sandbox.tokensMinted).toBe(minted + 1);
  expect(await use(body.access_token)).toBe(200);
});

test.each([
  ['another audience', { aud: 'other' }, 'Assertion has an unexpected "aud" claim'],
  ['another issuer', { iss: 'https://else.test' }, 'Assertion has an unexpected "iss" claim'],
  ['an assertion that has ended', { iat: -600, exp: -300 }, 'Assertion has expired'],
  ['an assertion without end', { exp: null }, 'Assertion is missing the "exp" claim'],
  ['an assertion without beginning', { iat: null }, 'Assertion is missing the "iat" claim'],
  ['an assertion that lives too long', { exp: 50 * 3600 }, 'Assertion lifetime is too long'],
])('refuses %s', async (_, claims: Claims, description) => {
  const answer = await exchange(await assertion(claims));
  expect(answer).toEqual({ status: 401, body: { error: 'invalid_grant', error_description: description } });
});

test('refuses a signature of a key the issuer does not publish', async () => {
  const answer = await exchange(await assertion({}, strangers.privateKey));
  expect(answer.body.error_description).toBe('Assertion signature could not be verified');
});

test('refuses what is no JWT, an unknown rule, another organisation and another service account', async () => {
  const jwt = await assertion();
  const reasons = [
    await exchange('nonsense'),
    await exchange(jwt, { federation_rule_id: 'fdrl_02' }),
    await exchange(jwt, { organization_id: '00000000-0000-4000-8000-00000000000b' }),
    await exchange(jwt, { service_account_id: 'svac_02' }),
  ];
  expect(reasons.map((answer) => [answer.status, answer.body.error_description])).toEqual([
    [401, 'Assertion is not a valid JWT'],
    [401, 'Federation rule not found'],
    [401, 'Federation rule does not belong to this organization'],
    [401, 'Federation rule does not grant this service account'],
  ]);
});

test('refuses another grant, a missing field, a missing beta and an assertion over 16 KiB', async () => {
  const jwt = await assertion();
  const answers = [
    await exchange(jwt, { grant_type: 'password' }),
    await exchange(jwt, { assertion: undefined }),
    await exchange(jwt, {}, sandbox, 'oauth-2025-04-20'),
    await exchange('x'.repeat(17 * 1024)),
  ];
  expect(answers.map((answer) => [answer.status, answer.body.error])).toEqual([
    [400, 'unsupported_grant_type'],
    [400, 'invalid_request'],
    [400, 'invalid_request'],
    [400, 'invalid_request'],
  ]);
});

test('a bearer stops when it is expired, and one minted after that works', async () => {
  const old = (await exchange(await assertion())).body.access_token;
  sandbox.expireTokens();
  expect(await use(old)).toBe(401);
  expect(await use(sandbox.mint())).toBe(200);
  expect(await use(sandbox.mint(0))).toBe(401);
});

test('keys may be fetched from an address or by a function', async () => {
  const issuer = createServer((_, response) => response.end(JSON.stringify(jwks))).listen(0, '127.0.0.1');
  await new Promise((resolve) => issuer.once('listening', resolve));
  const { port } = issuer.address() as AddressInfo;
  for (const source of [`http://127.0.0.1:${port}/keys`, async () => jwks]) {
    const own = await startSandbox({ federation: federation(source) });
    expect((await exchange(await assertion(), {}, own)).status).toBe(200);
    await own.close();
  }
  issuer.close();
});
