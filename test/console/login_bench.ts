import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import type { Config } from '../../src/config/index.ts';
import { createLogin, type Login } from '../../src/console/login_room.ts';
import {
  createDevelopmentIssuer,
  createPeople,
  createRevocations,
  type DevelopmentIssuer,
  type Revocations,
  revocationMarks,
} from '../../src/identify/index.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import { Secret } from '../../src/model/secret.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { createAdminServer, createWeb } from '../../src/receive/index.ts';
import { openStore } from '../../src/store/index.ts';
import { freePort } from '../servers/free_port.ts';
import type { Browser } from '../servers/http_browser.ts';
import { createOidcOp } from '../servers/oidc_op.ts';
import { createSamlIdp, type SamlIdp } from '../servers/saml_idp.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const AUDIENCE = 'https://gateway.example/saml';
export const OPERATOR = 'operator-token-of-the-test';

/** The admin port with its login, a real OpenID provider, a SAML provider, a real store; the clock can be moved. */
export interface LoginBench {
  /** The console. */
  readonly url: string;
  readonly provider: string;
  readonly saml: SamlIdp;
  readonly login: Login;
  readonly revocations: Revocations;
  readonly development: DevelopmentIssuer | null;
  readonly events: AuditEvent[];
  readonly failures: unknown[];
  /** Milliseconds by which the gateway's clock is ahead. */
  ahead: number;
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function loginBench(given: { readonly development?: boolean } = {}): Promise<LoginBench> {
  const dataDir = mkdtempSync(join(tmpdir(), 'login-'));
  closers.push(() => rmSync(dataDir, { recursive: true }));
  const store = await openStore({ dataDir, url: 'sqlite' });
  closers.push(() => store.close());
  const outbound = createOutbound({ deadlineMs: 5000 });
  closers.push(() => outbound.close());
  const clock = () => Date.now() + state.ahead;
  const revocations = await createRevocations(store, { clock, pollMs: 60_000 });
  closers.push(() => revocations.close());
  const events: AuditEvent[] = [];
  const failures: unknown[] = [];
  const state = { ahead: 0, revocations, events, failures } as { -readonly [K in keyof LoginBench]: LoginBench[K] };

  let answer: RequestListener = (_request, response) => void response.writeHead(404).end();
  state.provider = await listen((request, response) => answer(request, response));
  // The redirect URI must be known to the provider before the console listens.
  const port = await freePort();
  state.url = `http://127.0.0.1:${port}`;
  const client = { clientId: 'console', clientSecret: 'a-secret-of-this-test-only' };
  const op = await createOidcOp({ issuer: state.provider, redirectUri: `${state.url}/login/callback`, ...client });
  answer = op.listener;
  state.saml = createSamlIdp(() => ({ audience: AUDIENCE }), clock);
  const certificate = join(dataDir, 'idp.pem');
  writeFileSync(certificate, state.saml.certificate);
  state.development = given.development ? await createDevelopmentIssuer({ dataDir, clock }) : null;
  const config: Config['identity'] = {
    development: given.development ?? false,
    issuers: given.development
      ? []
      : [
          {
            name: 'corp',
            tenant: 'acme',
            issuer: state.provider,
            kind: 'human',
            audience: 'sallyport',
            admin_audience: 'sallyport-admin',
            algorithms: ['ES256'],
            max_age_s: 3600,
            jwks: { discovery: true },
            map: { subject: 'sub', person: 'email', groups: 'groups' },
            login: {
              client_id: client.clientId,
              client_secret: new Secret(client.clientSecret),
              client_auth: 'client_secret_basic',
              scopes: ['openid', 'email', 'groups'],
            },
          },
        ],
    saml: given.development
      ? []
      : [
          {
            name: 'saml-corp',
            tenant: 'acme',
            entity_id: state.saml.entityId,
            sso_url: 'https://saml.idp.example/sso',
            certificate,
            audience: AUDIENCE,
            map: { subject: 'NameID', person: 'mail', groups: 'groups', strength: 'AuthnContextClassRef' },
          },
        ],
    tokens: { lifetime_s: 900, login_s: 28_800 },
  };
  const onEvent = (event: AuditEvent) => void events.push(event);
  const people = await createPeople({
    config,
    dataDir,
    store,
    development: state.development,
    outbound,
    revocations,
    urls: { data: () => 'https://gateway.example', console: () => state.url },
    onEvent,
    onKeyFailure: (_issuer, error) => failures.push(error),
    clock,
  });
  const operatorToken = new Secret(OPERATOR);
  state.login = await createLogin({
    config,
    store,
    outbound,
    checks: people.logins,
    devices: people.devices,
    operatorToken,
    personalToken: people.identify.admin,
    revoked: (identity) => revocations.revoked(revocationMarks(identity)),
    consoleUrl: () => state.url,
    onEvent,
    onFailure: (_provider, error) => failures.push(error),
    clock,
  });
  const onFault = (error: Error) => void failures.push(error);
  const admin = createAdminServer({
    authenticate: state.login.authentication.forApi,
    web: createWeb([...people.oauthRoutes, ...state.login.routes], onFault),
    routes: (['GET', 'POST'] as const).map((method) => ({
      method,
      path: '/admin/v1/me',
      handler: ({ actor }) => ({
        actor: actor && { subject: actor.principal.subject, person: actor.principal.person, via: actor.via },
      }),
    })),
    readiness: () => ({}),
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    onFault,
    onRefused: () => undefined,
  });
  await admin.listen('127.0.0.1', port);
  closers.push(() => admin.close());
  return state;
}

/** Who the admin API takes a browser for. */
export async function me(bench: LoginBench, browser: Browser): Promise<unknown> {
  const response = await browser.ask(`${bench.url}/admin/v1/me`);
  return response.status === 200 ? ((await response.json()) as { actor: unknown }).actor : response.status;
}

/** Logs in with the real provider; gives the session cookie's value. */
export async function oidcLogin(bench: LoginBench, browser: Browser, account = 'ann', query = ''): Promise<string> {
  const response = await browser.login(`${bench.url}/login/corp${query}`, account, bench.url);
  expect(response.status).toBe(303);
  return browser.cookies(bench.url).get('sallyport-session') ?? '';
}

/** The headers of a browser that holds its session's cookie. */
export function cookieOf(bench: LoginBench, browser: Browser) {
  const value = browser.cookies(bench.url).get('sallyport-session') ?? '';
  return { get: (name: string) => (name === 'cookie' ? `sallyport-session=${value}` : null) };
}
