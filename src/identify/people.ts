import type { Config } from '../config/index.ts';
import type { AuditEvent } from '../model/event.ts';
import type { DeviceApprovals, LoginChecks } from '../model/login.ts';
import type { WebRoute } from '../model/web.ts';
import type { Outbound } from '../outbound/index.ts';
import type { Store } from '../store/index.ts';
import { type DevelopmentIssuer, LINK_AUDIENCE } from './development.ts';
import { createDevices } from './devices.ts';
import { createGatewayTokens } from './gateway_tokens.ts';
import { createIdentify, type Identify } from './identify.ts';
import { oauthRoutes } from './oauth.ts';
import type { Rate } from './rate.ts';
import { refusal } from './refusal.ts';
import type { RevocationCheck } from './revocation_marks.ts';
import { createSaml } from './saml.ts';
import { identifyMigrations } from './tables.ts';
import { createUsedIds } from './used_ids.ts';

export interface PeopleOptions {
  readonly config: Config['identity'];
  readonly dataDir: string;
  readonly store: Store;
  /** The built-in issuer, where `identity.development` is on. */
  readonly development: DevelopmentIssuer | null;
  readonly outbound: Outbound;
  readonly revocations: RevocationCheck;
  /**
   * URLs of the two ports, without a slash at the end; asked each time, as free ports are known late. For the data port
   * `config.tokens.issuer` counts where it is set.
   */
  readonly urls: { readonly data: () => string; readonly console: () => string };
  /** Takes `identity.raw_credential` and `identity.token_issued`. */
  readonly onEvent: (event: AuditEvent) => Promise<void> | void;
  readonly onKeyFailure: (issuer: string, error: unknown) => void;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
  /** Of `/oauth/…`, per address. */
  readonly rate?: Rate;
}

/** Everything of this room that the two ports need. */
export interface People {
  readonly identify: Identify;
  /** For the data port, in front of the pipeline. */
  readonly oauthRoutes: readonly WebRoute[];
  /** For the console: who logs in. */
  readonly logins: LoginChecks;
  /** For the console: where a device is let in. */
  readonly devices: DeviceApprovals;
  close(): void;
}

/** Builds identification, gateway tokens and logins of one gateway. Rejects with `StartError`. */
export async function createPeople(options: PeopleOptions): Promise<People> {
  const { config, store, revocations, development, urls, onEvent } = options;
  const clock = options.clock ?? Date.now;
  await store.migrate('identify', identifyMigrations);
  const tokens = await createGatewayTokens({
    dataDir: options.dataDir,
    issuer: () => config.tokens.issuer ?? urls.data(),
    lifetimeSeconds: config.tokens.lifetime_s,
    clock,
  });
  const identify = createIdentify({
    issuers: config.issuers,
    otherOrigins: config.saml.map(({ entity_id }) => entity_id),
    development,
    gatewayTokens: tokens,
    outbound: options.outbound,
    revocations,
    onEvent,
    onKeyFailure: options.onKeyFailure,
    clock,
  });
  const usedIds = createUsedIds(store, clock);
  const saml = createSaml({ providers: config.saml, usedIds, revocations, clock });
  const devices = createDevices({ store, tokens, revocations, loginSeconds: config.tokens.login_s, clock });
  const developmentLink: LoginChecks['developmentLink'] = async (code) => {
    const person = await identify.idToken('development', code, LINK_AUDIENCE);
    const { id, expiresAt } = person.identity.token;
    const fresh = await usedIds.take('development link', id ?? code, (expiresAt + 60) * 1000);
    if (!fresh) throw refusal('TOKEN_INVALID', 'replayed');
    // Using the link is the login.
    return { ...person, authenticatedAt: clock() };
  };
  return {
    identify,
    oauthRoutes: oauthRoutes({
      identify,
      tokens,
      saml,
      devices,
      consoleUrl: urls.console,
      onEvent,
      clock,
      ...(options.rate ? { rate: options.rate } : {}),
    }),
    logins: { idToken: identify.idToken, saml, developmentLink: development && developmentLink },
    devices,
    close: () => identify.close(),
  };
}
