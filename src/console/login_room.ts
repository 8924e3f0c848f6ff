import type { Config } from '../config/index.ts';
import type { AuditEvent } from '../model/event.ts';
import type { DeviceApprovals, LoggedIn, LoginChecks } from '../model/login.ts';
import type { Identity } from '../model/principal.ts';
import type { Secret } from '../model/secret.ts';
import type { WebRoute } from '../model/web.ts';
import type { Outbound } from '../outbound/index.ts';
import type { Store } from '../store/index.ts';
import { loginRoutes } from './login.ts';
import { createAttempts } from './login_attempts.ts';
import { deviceRoutes } from './login_device.ts';
import { createOidcLogins } from './login_oidc.ts';
import { createLoginPages, type Shell } from './login_pages.ts';
import { createSessions } from './session.ts';
import { type Authentication, createAuthentication } from './session_authenticate.ts';
import { createCookie } from './session_cookie.ts';
import { sessionMigrations } from './session_table.ts';

export interface LoginOptions {
  readonly config: Config['identity'];
  readonly store: Store;
  readonly outbound: Outbound;
  readonly checks: LoginChecks;
  readonly devices: DeviceApprovals;
  readonly operatorToken: Secret;
  /** The person behind a personal token; rejects with `GatewayError`. */
  readonly personalToken: (token: string) => Promise<LoggedIn>;
  /** Whether an identity is revoked. */
  readonly revoked: (identity: Identity) => boolean;
  /** Public URL of the console, without a slash at the end; asked each time. */
  readonly consoleUrl: () => string;
  readonly onEvent: (event: AuditEvent) => Promise<void> | void;
  /** A login that failed, for the log; the detail holds no secret. */
  readonly onFailure: (provider: string, detail: string) => void;
  /** How the pages look. */
  readonly shell?: Shell;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

/** Login of the admin port: who asks, and the routes by which one logs in, logs out and lets devices in. */
export interface Login {
  readonly authentication: Authentication;
  readonly routes: readonly WebRoute[];
}

/** Opens the login of the console; makes its tables. Rejects with `StartError`. */
export async function createLogin(options: LoginOptions): Promise<Login> {
  const { store, consoleUrl, checks } = options;
  const clock = options.clock ?? Date.now;
  await store.migrate('console', sessionMigrations);
  const sessions = createSessions({ store, revoked: options.revoked, clock });
  const secure = () => consoleUrl().startsWith('https:');
  const sessionCookie = createCookie('session', secure);
  const { operatorToken, personalToken } = options;
  const authentication = createAuthentication({ operatorToken, personalToken, sessions, cookie: sessionCookie });
  const pages = createLoginPages(options.shell);
  return {
    authentication,
    routes: [
      ...loginRoutes({
        checks,
        oidc: createOidcLogins(options.config.issuers, options.outbound, clock),
        attempts: createAttempts(store, clock),
        sessions,
        authentication,
        sessionCookie,
        browserCookie: createCookie('login', secure),
        pages,
        consoleUrl,
        onEvent: options.onEvent,
        onFailure: options.onFailure,
      }),
      ...deviceRoutes({ devices: options.devices, authentication, pages }),
    ],
  };
}
