import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import type { IssuerEntry } from '../../src/identify/index.ts';
import { issuerEntry, keyServer, signingKey, T0 } from './fixture.ts';
import { type PeopleBench, peopleBench } from './people_bench.ts';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

/** A bench with one issuer of humans. */
async function bench(options: Parameters<typeof peopleBench>[0] = {}): Promise<PeopleBench> {
  const { url } = await keyServer([(await signingKey('idp-1')).jwk]);
  const humans: IssuerEntry = {
    ...issuerEntry,
    name: 'humans',
    issuer: 'https://humans.example',
    kind: 'human',
    map: { subject: 'sub', person: 'email' },
    jwks: { url },
  };
  return peopleBench({ issuers: [humans], ...options });
}

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
