import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createGatewayTokens } from '../../src/identify/gateway_tokens.ts';
import type { IssuerEntry } from '../../src/identify/index.ts';
import { claims, issuerEntry, keyServer, type SigningKey, sign, signingKey, T0 } from './fixture.ts';
import { type PeopleBench, peopleBench } from './people_bench.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SAML = 'urn:ietf:params:oauth:grant-type:saml2-bearer';
const JWT = 'urn:ietf:params:oauth:token-type:jwt';

let key: SigningKey;
beforeAll(async () => {
  key = await signingKey('idp-1');
});

/** A bench with two issuers of one tenant (workloads, humans) and one of another. */
async function bench(options: Parameters<typeof peopleBench>[0] = {}): Promise<PeopleBench> {
  const { url } = await keyServer([key.jwk]);
  const jwks = { url };
  const other: IssuerEntry = { ...issuerEntry, name: 'other', issuer: 'https://other.example', tenant: 'beta', jwks };
  const humans: IssuerEntry = {
    ...issuerEntry,
    name: 'humans',
    issuer: 'https://humans.example',
    kind: 'human',
    map: { subject: 'sub', person: 'email', groups: 'groups', strength: 'acr' },
    jwks,
  };
  return peopleBench({ issuers: [{ ...issuerEntry, jwks }, humans, other], ...options });
}

const person = {
  ...claims,
  iss: 'https://humans.example',
  sub: 'ann',
  email: 'ann@corp.example',
  jti: 'ann-1',
  acr: 'mfa',
};
const exchange = (bench: PeopleBench, subject: string, more: { readonly [name: string]: string } = {}) =>
  bench.post('/oauth/token', { grant_type: EXCHANGE, subject_token: subject, subject_token_type: JWT, ...more });
const withActor = async (bench: PeopleBench, subject: object, actor: object) =>
  exchange(bench, await sign(key, subject), { actor_token: await sign(key, actor), actor_token_type: JWT });

describe('token exchange', () => {
  it('gives a short token of the gateway for the same principal', async () => {
    const state = await bench();
    const { status, body } = await exchange(state, await sign(key));
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    const before = await state.whoIs(await sign(key));
    const after = await state.whoIs(body.access_token);
    expect(after).toMatchObject({
      principal: (before as { principal: object }).principal,
      token: { session: 'session-1', parents: ['token-1'], issuedAt: T0, expiresAt: T0 + 600 },
    });
    expect(state.events).toEqual([
      {
        kind: 'identity.token_issued',
        exchange: null,
        body: expect.objectContaining({ grant: 'token_exchange', subject: 'svc-1', parent: 'token-1' }),
      },
    ]);
  });

  it('lasts 15 minutes at most, and never longer than the token it came from', async () => {
    const state = await bench();
    const long = await exchange(state, await sign(key, { ...claims, exp: T0 + 3000 }));
    expect(long.body.expires_in).toBe(900);
    state.now = (T0 + 904) * 1000;
    expect(await state.whoIs(long.body.access_token)).toBeTypeOf('object');
    state.now = (T0 + 905) * 1000;
    // Not TOKEN_EXPIRED: a client that gets fresh tokens by itself is told to try again.
    expect(await state.whoIs(long.body.access_token)).toBe('TOKEN_STALE');
    state.now = T0 * 1000;
    const again = await exchange(state, long.body.access_token);
    state.now = (T0 + 500) * 1000;
    expect((await exchange(state, again.body.access_token)).body.expires_in).toBe(400);
  });

  it('is verified by anyone with the published keys and metadata', async () => {
    const state = await bench();
    const metadata = (await (await fetch(`${state.url}/.well-known/oauth-authorization-server`)).json()) as {
      issuer: string;
      jwks_uri: string;
      token_endpoint: string;
    };
    expect(metadata).toMatchObject({ issuer: state.url, token_endpoint: `${state.url}/oauth/token` });
    const keys = (await (await fetch(metadata.jwks_uri)).json()) as { keys: { d?: string }[] };
    expect(keys.keys.every((jwk) => jwk.d === undefined)).toBe(true);
    const { body } = await exchange(state, await sign(key));
    await jwtVerify(body.access_token, createLocalJWKSet(keys as never), {
      issuer: state.url,
      audience: state.url,
      algorithms: ['ES256'],
      currentDate: new Date(T0 * 1000),
    });
    expect(decodeProtectedHeader(body.access_token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
  });

  it('names the actor in front of the subject where the subject allows it', async () => {
    const state = await bench();
    const subject = { ...person, may_act: { iss: claims.iss, sub: 'svc-1' }, act: { sub: 'earlier' } };
    const { status, body } = await withActor(state, subject, { ...claims, exp: T0 + 300 });
    expect([status, body.expires_in]).toEqual([200, 300]);
    expect(decodeJwt(body.access_token).act).toEqual({ sub: 'svc-1', act: { sub: 'earlier' } });
    expect(await state.whoIs(body.access_token)).toMatchObject({
      principal: {
        tenant: 'acme',
        issuer: 'https://humans.example',
        subject: 'ann',
        kind: 'human',
        person: 'ann@corp.example',
        function: 'nightly',
        actors: ['svc-1', 'earlier'],
        strength: 'mfa',
      },
    });
  });

  it.each([
    ['without may_act', person, claims],
    ['for another actor', { ...person, may_act: { iss: claims.iss, sub: 'svc-2' } }, claims],
    [
      'for an actor of the subject’s issuer, when another issuer has one of that name',
      { ...person, may_act: { sub: 'svc-1' } },
      claims,
    ],
    [
      'with a condition that is not understood',
      { ...person, may_act: { iss: claims.iss, sub: 'svc-1', scope: 'x' } },
      claims,
    ],
    [
      'for an actor of another tenant',
      { ...person, may_act: { iss: 'https://other.example', sub: 'svc-1' } },
      { ...claims, iss: 'https://other.example' },
    ],
    [
      'for an actor that is a delegation itself',
      { ...person, may_act: { iss: claims.iss, sub: 'svc-1' } },
      { ...claims, act: { sub: 'x' } },
    ],
  ])('refuses a delegation %s', async (_name, subject, actor) => {
    const state = await bench();
    const { status, body } = await withActor(state, subject, actor);
    expect([status, body.error]).toEqual([400, 'invalid_request']);
  });

  it('refuses a chain of more than 8 actors', async () => {
    const state = await bench();
    const chain = (length: number): object =>
      Array.from({ length }).reduce<object>((act) => ({ sub: 'a', ...(Object.keys(act).length ? { act } : {}) }), {});
    const may_act = { iss: claims.iss, sub: 'svc-1' };
    expect((await withActor(state, { ...person, may_act, act: chain(7) }, claims)).status).toBe(200);
    expect((await withActor(state, { ...person, may_act, act: chain(8) }, claims)).status).toBe(400);
  });

  it('never gives a token for verdicts, whatever is asked for or presented', async () => {
    const state = await bench();
    const personal = { ...person, aud: 'sallyport-admin' };
    expect((await exchange(state, await sign(key, personal))).body.error).toBe('invalid_request');
    for (const name of ['audience', 'resource']) {
      expect((await exchange(state, await sign(key, person), { [name]: 'sallyport-admin' })).body.error).toBe(
        'invalid_target',
      );
    }
    const { body } = await exchange(state, await sign(key, person));
    await expect(state.people.identify.admin(body.access_token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });

  it('refuses what cannot be proven, and says little', async () => {
    const state = await bench();
    const refused = [
      await exchange(state, 'sk-ant-api03-x'),
      await exchange(state, await sign(key, { ...claims, exp: T0 - 100 })),
      await exchange(state, await sign(await signingKey('idp-1'))),
      await exchange(state, ''),
      await exchange(state, await sign(key), { subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }),
      await exchange(state, await sign(key), {
        requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      }),
      await exchange(state, await sign(key), { actor_token: await sign(key) }),
    ];
    for (const { status, body } of refused) expect([status, body.error]).toEqual([400, 'invalid_request']);
    expect((await state.post('/oauth/token', { grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
    expect(state.events).toEqual([]);
  });

  it('is refused at once when the subject, its session or the token it came from is revoked', async () => {
    for (const [kind, value] of [
      ['sub', 'svc-1'],
      ['sid', 'session-1'],
      ['jti', 'token-1'],
    ] as const) {
      const state = await bench();
      const { body } = await exchange(state, await sign(key));
      expect(await state.whoIs(body.access_token)).toBeTypeOf('object');
      await state.revocations.add({ kind, issuer: claims.iss, value, until: null, by: 'test' });
      expect(await state.whoIs(body.access_token)).toBe('TOKEN_REVOKED');
    }
  });

  it('is refused when any of the tokens it came from is revoked, however often it was exchanged', async () => {
    const subject = { ...person, may_act: { iss: claims.iss, sub: 'svc-1' } };
    for (const id of ['ann-1', 'token-1', 'first']) {
      const state = await bench();
      const first = (await withActor(state, subject, claims)).body.access_token;
      const second = (await exchange(state, first)).body.access_token;
      const { body } = await exchange(state, second);
      expect(await state.whoIs(body.access_token)).toBeTypeOf('object');
      const value = id === 'first' ? decodeJwt(first).jti! : id;
      await state.revocations.add({ kind: 'jti', issuer: '', value, until: null, by: 'test' });
      expect(await state.whoIs(body.access_token)).toBe('TOKEN_REVOKED');
    }
  });

  it('is not given for a token that was exchanged too often to name all it came from', async () => {
    const state = await bench();
    let { status, body } = await exchange(state, await sign(key));
    let times = 1;
    for (; status === 200; times++) ({ status, body } = await exchange(state, body.access_token));
    expect([times, body.error]).toEqual([17, 'invalid_request']);
  });

  it('does not outlive the trust in the issuer it came from', async () => {
    const state = await bench();
    const { body } = await exchange(state, await sign(key));
    const origins = new Set(['https://humans.example']);
    const dataDir = mkdtempSync(join(tmpdir(), 'tokens-'));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    const tokens = await createGatewayTokens({ dataDir, issuer: () => state.url });
    expect(() => tokens.identity(decodeJwt(body.access_token) as never, origins)).toThrow(/not accepted/);
  });
});

describe('a SAML assertion at the token endpoint', () => {
  const grant = (state: PeopleBench, xml: string) =>
    state.post('/oauth/token', { grant_type: SAML, assertion: Buffer.from(xml).toString('base64url') });

  it('becomes a token of the person', async () => {
    const state = await bench();
    const { status, body } = await grant(state, state.idp.assertion({}));
    expect([status, body.expires_in]).toEqual([200, 900]);
    expect(await state.whoIs(body.access_token)).toMatchObject({
      principal: {
        tenant: 'acme',
        issuer: state.idp.entityId,
        subject: 'ann',
        person: 'ann@corp.example',
        kind: 'human',
      },
      token: { session: 'saml-session-1' },
    });
  });

  it('is taken once, also over a restart of the memory', async () => {
    const state = await bench();
    const xml = state.idp.assertion({});
    expect((await grant(state, xml)).status).toBe(200);
    const again = await grant(state, xml);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    expect(
      (await grant(state, state.idp.assertion({ recipient: 'https://console.example/login/saml/acs' }))).body.error,
    ).toBe('invalid_grant');
  });
});

describe('the token endpoint', () => {
  it('turns away too many requests before it reads them', async () => {
    const state = await bench({ rate: { burst: 3, perSecond: 0.001 } });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await state.post('/oauth/token', { grant_type: 'x' })).status);
    expect(statuses).toEqual([400, 400, 400, 429, 429]);
    // More than a form may have: had it been read, it would be too large.
    const large = await fetch(`${state.url}/oauth/token`, { method: 'POST', body: 'x'.repeat(600_000) }).then(
      (answer) => answer.status,
      () => 'closed',
    );
    expect([429, 'closed']).toContain(large);
  });

  it('takes forms alone, each field once', async () => {
    const state = await bench();
    const ask = async (body: string | Uint8Array<ArrayBuffer>, type = 'application/x-www-form-urlencoded') => {
      const response = await fetch(`${state.url}/oauth/token`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    expect(await ask('{"grant_type":"x"}', 'application/json')).toEqual([400, 'invalid_request']);
    expect(await ask('grant_type=x&grant_type=y')).toEqual([400, 'invalid_request']);
    expect(await ask(new Uint8Array([0xff, 0xfe]))).toEqual([400, 'invalid_request']);
    const wrong = await fetch(`${state.url}/oauth/token`);
    expect(wrong.status).toBe(405);
  });
});
