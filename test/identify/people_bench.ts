import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../src/config/index.ts';
import { GatewayError } from '../../src/errors.ts';
import {
  createDevelopmentIssuer,
  createPeople,
  createRevocations,
  type DevelopmentIssuer,
  type IssuerEntry,
  type People,
  type Revocations,
} from '../../src/identify/index.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import type { Identity } from '../../src/model/principal.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { createWeb } from '../../src/receive/index.ts';
import { openStore } from '../../src/store/index.ts';
import { createSamlIdp, type SamlIdp } from '../servers/saml_idp.ts';
import { afterwards, framed, serve, T0 } from './fixture.ts';

type Saml = Config['identity']['saml'][number];

/** Everything of the identify room over real HTTP and a real store, with a clock that the test moves. */
export interface PeopleBench {
  readonly url: string;
  readonly people: People;
  readonly revocations: Revocations;
  readonly events: AuditEvent[];
  readonly idp: SamlIdp;
  readonly development: DevelopmentIssuer | null;
  now: number;
  /** Posts a form to a path of the data port. */
  post(path: string, fields: { readonly [name: string]: string }): Promise<{ status: number; body: OauthBody }>;
  /** What the identify step makes of a token; or the code of its refusal. */
  whoIs(token: string): Promise<Identity | string>;
}

export interface OauthBody {
  readonly access_token: string;
  readonly expires_in: number;
  readonly refresh_token: string;
  readonly login_expires_in: number;
  readonly error: string;
  readonly error_description: string;
  readonly [name: string]: unknown;
}

export async function peopleBench(
  given: {
    readonly issuers?: readonly IssuerEntry[];
    readonly development?: boolean;
    readonly tokens?: Partial<Config['identity']['tokens']>;
    readonly saml?: Partial<Saml>;
    readonly rate?: { readonly burst: number; readonly perSecond: number };
  } = {},
): Promise<PeopleBench> {
  const dataDir = mkdtempSync(join(tmpdir(), 'people-'));
  afterwards(() => rmSync(dataDir, { recursive: true }));
  const store = await openStore({ dataDir, url: 'sqlite' });
  afterwards(() => store.close());
  const outbound = createOutbound({ deadlineMs: 2000 });
  afterwards(() => outbound.close());
  const clock = () => state.now;
  const revocations = await createRevocations(store, { clock, pollMs: 60_000 });
  afterwards(() => revocations.close());
  const idp = createSamlIdp(
    () => ({ audience: 'https://gateway.example/saml', recipient: `${state.url}/oauth/token` }),
    clock,
  );
  const certificate = join(dataDir, 'idp.pem');
  writeFileSync(certificate, idp.certificate);
  const events: AuditEvent[] = [];
  let web: ReturnType<typeof createWeb> | undefined;
  const url = await serve(async (message, response) => {
    if (!(await web!.answer(message, response))) response.writeHead(404).end();
  });
  const development = given.development ? await createDevelopmentIssuer({ dataDir, clock }) : null;
  const state = { url, revocations, events, idp, development, now: T0 * 1000 } as {
    -readonly [K in keyof PeopleBench]: PeopleBench[K];
  };
  state.people = await createPeople({
    config: {
      development: development !== null,
      issuers: (given.issuers ?? []) as Config['identity']['issuers'],
      saml: [
        {
          name: 'corp',
          tenant: 'acme',
          entity_id: idp.entityId,
          sso_url: 'https://saml.idp.example/sso',
          certificate,
          audience: 'https://gateway.example/saml',
          map: { subject: 'NameID', person: 'mail', groups: 'groups', strength: 'AuthnContextClassRef' },
          ...given.saml,
        },
      ],
      tokens: { lifetime_s: 900, login_s: 28_800, ...given.tokens },
    },
    dataDir,
    store,
    development,
    outbound,
    revocations,
    urls: { data: () => url, console: () => 'https://console.example' },
    onEvent: (event) => void events.push(event),
    onKeyFailure: () => undefined,
    clock,
    ...(given.rate ? { rate: given.rate } : {}),
  });
  afterwards(() => state.people.close());
  web = createWeb(state.people.oauthRoutes, (error) => {
    throw error;
  });
  state.post = async (path, fields) => {
    const response = await fetch(`${url}${path}`, { method: 'POST', body: new URLSearchParams(fields) });
    return { status: response.status, body: (await response.json()) as OauthBody };
  };
  state.whoIs = async (token) => {
    try {
      return (await state.people.identify.step(framed({ authorization: `Bearer ${token}` }))).identity;
    } catch (error) {
      if (error instanceof GatewayError) return error.code;
      throw error;
    }
  };
  return state;
}
