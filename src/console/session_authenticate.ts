import { hash, timingSafeEqual } from 'node:crypto';
import type { Authenticated, LoggedIn } from '../model/login.ts';
import type { Secret } from '../model/secret.ts';
import type { WebRequest } from '../model/web.ts';
import type { Session, Sessions } from './session.ts';
import type { Cookie } from './session_cookie.ts';
import { checkCsrf } from './session_csrf.ts';

export interface AuthenticateOptions {
  readonly operatorToken: Secret;
  /** The person behind a personal token; rejects with `GatewayError`. */
  readonly personalToken: (token: string) => Promise<LoggedIn>;
  readonly sessions: Sessions;
  readonly cookie: Cookie;
}

/** Who sends requests to the admin port. */
export interface Authentication {
  /**
   * By `authorization` where there is one (operator token, else a personal token), otherwise by the session's cookie.
   * Null where nobody is logged in; rejects with `GatewayError` for a personal token that is refused. `watching`: an open
   * page asks by itself, which is no use of the session.
   */
  who(request: Pick<WebRequest, 'headers'>, watching?: boolean): Promise<Authenticated | null>;
  /** The same for the admin API: a change of state in a session needs its form token. Rejects with CSRF besides. */
  forApi(request: Pick<WebRequest, 'headers'> & { readonly method: string }): Promise<Authenticated | null>;
  /** The session of a browser, or null. */
  session(request: Pick<WebRequest, 'headers'>): Promise<Session | null>;
}

const none = new Uint8Array();

/** Makes the authentication of the admin port. */
export function createAuthentication(options: AuthenticateOptions): Authentication {
  const { sessions, cookie } = options;
  const session = async ({ headers }: Pick<WebRequest, 'headers'>, watching = false) => {
    const secret = cookie.read(headers.get('cookie'));
    return secret === null ? null : sessions.find(secret, watching);
  };
  const who: Authentication['who'] = async (request, watching) => {
    const authorization = request.headers.get('authorization');
    if (authorization !== null) return byToken(authorization, options);
    const found = await session(request, watching);
    return found && { kind: 'person', actor: found.actor, session: found };
  };
  return {
    who,
    session,
    async forApi(request) {
      const found = await who(request);
      if (found?.kind === 'person' && found.session && request.method !== 'GET' && request.method !== 'HEAD') {
        checkCsrf(found.session, { headers: request.headers, body: none });
      }
      return found;
    },
  };
}

async function byToken(authorization: string, options: AuthenticateOptions): Promise<Authenticated | null> {
  const token = /^Bearer (.+)$/.exec(authorization)?.[1] ?? '';
  const digest = (text: string) => hash('sha256', text, 'buffer');
  if (timingSafeEqual(digest(token), digest(options.operatorToken.reveal()))) return { kind: 'operator' };
  // Anything else than a signed token is a wrong operator token.
  if (token.split('.').length !== 3) return null;
  const { identity, authenticatedAt } = await options.personalToken(token);
  return { kind: 'person', actor: { principal: identity.principal, authenticatedAt, via: 'token' }, session: null };
}
