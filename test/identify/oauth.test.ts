import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { IssuerEntry } from '../../src/identify/index.ts';
import { claims, issuerEntry, keyServer, type SigningKey, sign, signingKey, T0 } from './fixture.ts';
import { type PeopleBench, peopleBench } from './people_bench.ts';

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const SAML = 'urn:ietf:params:oauth:grant-type:saml2-bearer';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
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
      token: { session: 'session-1', parent: 'token-1', issuedAt: T0, expiresAt: T0 + 600 },
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

  it('does not outlive the trust in the issuer it came from', async () => {
    const state = await bench();
    const { body } = await exchange(state, await sign(key));
    const origins = new Set(['https://humans.example']);
    const { createGatewayTokens } = await import('../../src/identify/index.ts');
    const { mkdtempSync } = await import('node:fs');
    const tokens = await createGatewayTokens({ dataDir: mkdtempSync('/tmp/tokens-'), issuer: () => state.url });
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

describe('a login of a device', () => {
  const ann = {
    identity: {
      principal: {
        tenant: 'acme',
        issuer: 'https://humans.example',
        subject: 'ann',
        kind: 'human' as const,
        person: 'ann@corp.example',
        owner: null,
        groups: ['a'],
        function: null,
        actors: [],
        strength: null,
      },
      token: { id: null, session: 'ann-session', issuedAt: T0, expiresAt: T0 + 3600 },
    },
    authenticatedAt: T0 * 1000,
  };
  const start = async (state: PeopleBench) =>
    (await state.post('/oauth/device_authorization', { client_id: 'laptop of ann' })).body as unknown as {
      device_code: string;
      user_code: string;
      interval: number;
      verification_uri_complete: string;
    };
  const poll = (state: PeopleBench, device_code: string) =>
    state.post('/oauth/token', { grant_type: DEVICE, device_code });
  const renew = (state: PeopleBench, refresh_token: string) =>
    state.post('/oauth/token', { grant_type: 'refresh_token', refresh_token });

  it('waits for a person, then gives one login', async () => {
    const state = await bench();
    const asked = await start(state);
    expect(asked.user_code).toMatch(/^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
    expect(asked.verification_uri_complete).toBe(`https://console.example/device?code=${asked.user_code}`);
    expect((await poll(state, asked.device_code)).body.error).toBe('authorization_pending');
    const typed = asked.user_code.toLowerCase().replace('-', ' ');
    expect(await state.people.devices.find(typed)).toMatchObject({
      client: 'laptop of ann',
      userCode: asked.user_code,
    });
    expect(await state.people.devices.decide(typed, 'approve', ann)).toBe(true);
    expect(await state.people.devices.decide(typed, 'deny', ann)).toBe(false);
    state.now += 5000;
    const { body } = await poll(state, asked.device_code);
    expect(body).toMatchObject({
      expires_in: 900,
      login_expires_in: 28_800,
      refresh_token: expect.stringMatching(/^login_/),
    });
    expect(await state.whoIs(body.access_token)).toMatchObject({ principal: ann.identity.principal });
    expect((await poll(state, asked.device_code)).body.error).toBe('expired_token');
  });

  it('gives one login to many polls at once', async () => {
    const state = await bench();
    const asked = await start(state);
    await state.people.devices.decide(asked.user_code, 'approve', ann);
    const { handler } = state.people.oauthRoutes.find(({ path }) => path === '/oauth/token')!;
    const body = Buffer.from(`${new URLSearchParams({ grant_type: DEVICE, device_code: asked.device_code })}`);
    const headers = { get: () => 'application/x-www-form-urlencoded' };
    // Past the sockets, so that all of them are under way before the first one ends.
    const asking = {
      method: 'POST',
      path: '',
      params: {},
      query: new URLSearchParams(),
      headers,
      body,
      remote: '',
    } as const;
    const answers = await Promise.all(Array.from({ length: 6 }, () => handler(asking)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
  });

  it('is slowed down where it asks too often, refused where denied, and over after ten minutes', async () => {
    const state = await bench();
    const eager = await start(state);
    await poll(state, eager.device_code);
    expect((await poll(state, eager.device_code)).body.error).toBe('slow_down');
    state.now += 6000;
    expect((await poll(state, eager.device_code)).body.error).toBe('slow_down');
    state.now += 16_000;
    expect((await poll(state, eager.device_code)).body.error).toBe('authorization_pending');
    await state.people.devices.decide(eager.user_code, 'deny', ann);
    expect((await poll(state, eager.device_code)).body.error).toBe('access_denied');
    const late = await start(state);
    state.now += 600_000;
    expect(await state.people.devices.find(late.user_code)).toBeNull();
    expect(await state.people.devices.decide(late.user_code, 'approve', ann)).toBe(false);
    expect((await poll(state, late.device_code)).body.error).toBe('expired_token');
    expect((await poll(state, 'guess')).body.error).toBe('expired_token');
  });

  async function loggedIn(state: PeopleBench) {
    const asked = await start(state);
    await state.people.devices.decide(asked.user_code, 'approve', ann);
    return (await poll(state, asked.device_code)).body;
  }

  it('renews its token through many lifetimes, but not beyond the login', async () => {
    const state = await bench({ tokens: { lifetime_s: 60, login_s: 300 } });
    const login = await loggedIn(state);
    let { access_token } = login;
    for (let lifetime = 0; lifetime < 4; lifetime++) {
      state.now += 60_000;
      const { status, body } = await renew(state, login.refresh_token);
      expect(status).toBe(200);
      expect(body.refresh_token).toBeUndefined();
      expect(body.access_token).not.toBe(access_token);
      access_token = body.access_token;
      expect(await state.whoIs(access_token)).toBeTypeOf('object');
    }
    state.now += 30_000;
    expect((await renew(state, login.refresh_token)).body.expires_in).toBe(30);
    state.now += 30_000;
    expect((await renew(state, login.refresh_token)).body.error).toBe('invalid_grant');
    expect((await renew(state, 'login_guess')).body.error).toBe('invalid_grant');
  });

  it.each([
    ['the person', 'sub', () => 'ann'],
    ['the session at the provider', 'sid', () => 'ann-session'],
    ['the login itself', 'sid', (token: string) => String(decodeJwt(token).sid)],
  ] as const)('ends at once when %s is revoked', async (_name, kind, value) => {
    const state = await bench();
    const login = await loggedIn(state);
    await state.revocations.add({ kind, issuer: '', value: value(login.access_token), until: null, by: 'test' });
    expect((await renew(state, login.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('needs a client with a name that can be shown', async () => {
    const state = await bench();
    for (const client_id of ['', '<b>', 'a\u202eb', 'x'.repeat(80)]) {
      expect((await state.post('/oauth/device_authorization', { client_id })).body.error).toBe('invalid_client');
    }
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
