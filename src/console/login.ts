import { type GatewayError, toGatewayError } from '../errors.ts';
import type { AuditEvent } from '../model/event.ts';
import type { LoggedIn, LoginChecks } from '../model/login.ts';
import type { WebRequest, WebResponse, WebRoute } from '../model/web.ts';
import { pageHeaders } from './headers.ts';
import type { Attempt, Attempts } from './login_attempts.ts';
import type { OidcLogin } from './login_oidc.ts';
import type { LoginPages } from './login_pages.ts';
import type { Sessions } from './session.ts';
import type { Authentication } from './session_authenticate.ts';
import type { Cookie } from './session_cookie.ts';
import { checkCsrf, formFields } from './session_csrf.ts';

export interface LoginRoutesOptions {
  readonly checks: LoginChecks;
  readonly oidc: readonly OidcLogin[];
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly authentication: Authentication;
  readonly sessionCookie: Cookie;
  readonly browserCookie: Cookie;
  readonly pages: LoginPages;
  /** Public URL of the console, without a slash at the end. */
  readonly consoleUrl: () => string;
  /** Takes `identity.login` and `identity.logout`. */
  readonly onEvent: (event: AuditEvent) => Promise<void> | void;
  /** A login that failed, for the log; the detail holds no secret. */
  readonly onFailure: (provider: string, detail: string) => void;
}

const ATTEMPT_S = 600;
const MAX_SAML = 524_288;
/** How far the clocks of provider and gateway may differ, in milliseconds. */
const SKEW_MS = 30_000;

/** Login and logout on the admin port. Each login begins a session under a fresh id. */
export function loginRoutes(options: LoginRoutesOptions): readonly WebRoute[] {
  const { pages, sessions, authentication } = options;
  const guarded =
    (provider: string, handler: WebRoute['handler']): WebRoute['handler'] =>
    async (request) => {
      try {
        return await handler(request);
      } catch (thrown) {
        const error = toGatewayError(thrown);
        options.onFailure(request.params.issuer ?? provider, error.detail ?? error.message);
        return pages.refused(statusOf(error), publicText(error), [options.browserCookie.clear()]);
      }
    };
  return [
    { method: 'GET', path: '/login', maxBytes: 0, handler: (request) => choose(request, options) },
    {
      method: 'GET',
      path: '/login/callback',
      maxBytes: 0,
      handler: guarded('callback', (asked) => callback(asked, options)),
    },
    {
      method: 'GET',
      path: '/login/dev',
      maxBytes: 0,
      handler: guarded('development', (asked) => developmentLink(asked, options)),
    },
    {
      method: 'POST',
      path: '/login/saml/acs',
      maxBytes: MAX_SAML,
      handler: guarded('saml', (asked) => consume(asked, options)),
    },
    { method: 'GET', path: '/login/{issuer}', maxBytes: 0, handler: guarded('', (asked) => start(asked, options)) },
    {
      method: 'POST',
      path: '/logout',
      maxBytes: 4096,
      async handler(request) {
        const session = await authentication.session(request);
        if (!session) return redirect('/login', [options.sessionCookie.clear()]);
        checkCsrf(session, request);
        await sessions.end(options.sessionCookie.read(request.headers.get('cookie')) ?? '');
        await options.onEvent({
          kind: 'identity.logout',
          exchange: null,
          body: { session: session.id, subject: session.actor.principal.subject, v: 1 },
        });
        return redirect('/login', [options.sessionCookie.clear(), ['clear-site-data', '"cache"']]);
      },
    },
  ];
}

/**
 * Where to go after a login: a path of this console. Anything that a browser could read as another host (`//`, a
 * backslash, a scheme) becomes `/`.
 */
export function safeReturn(text: string | null): string {
  if (text === null || !/^\/(?![/\\])[!-[\]-~]*$/.test(text) || text.length > 1024) return '/';
  return /^\/log(in|out)(\/|\?|$)/.test(text) ? '/' : text;
}

function choose({ query }: WebRequest, { oidc, checks, pages }: LoginRoutesOptions): WebResponse {
  const carried = new URLSearchParams({ return_to: safeReturn(query.get('return_to')) });
  if (query.get('again') === '1') carried.set('again', '1');
  const names = [...oidc.map(({ name }) => name), ...checks.saml.names];
  const providers = names.map((name) => ({ name, href: `/login/${encodeURIComponent(name)}?${carried}` }));
  return pages.choose(providers, checks.developmentLink !== null);
}

async function start({ params, query }: WebRequest, options: LoginRoutesOptions): Promise<WebResponse> {
  const { checks, attempts, pages, consoleUrl } = options;
  const name = params.issuer ?? '';
  const oidc = options.oidc.find((login) => login.name === name);
  if (!oidc && !checks.saml.names.includes(name)) return pages.refused(404, 'There is no login of that name.');
  const started = await attempts.start({
    provider: name,
    kind: oidc ? 'oidc' : 'saml',
    returnTo: safeReturn(query.get('return_to')),
    again: query.get('again') === '1',
  });
  if (!started) return pages.refused(503, 'Too many logins are under way. Try again in a few minutes.');
  const { attempt, state, browser } = started;
  const target = oidc
    ? await oidc.start(attempt, state, `${consoleUrl()}/login/callback`)
    : await checks.saml.start(name, {
        id: attempt.request,
        acsUrl: `${consoleUrl()}/login/saml/acs`,
        relayState: state,
        forceAuthn: attempt.again,
      });
  return redirect(target, [options.browserCookie.set(browser, ATTEMPT_S)]);
}

/**
 * The assertion consumer service. The post comes from another site, so that no cookie comes with it: what it proves
 * is noted at the attempt that its RelayState names, and the browser that began the attempt fetches it.
 */
async function consume(request: WebRequest, options: LoginRoutesOptions): Promise<WebResponse> {
  const { checks, attempts, pages, consoleUrl } = options;
  const fields = formFields(request);
  const state = fields.get('RelayState') ?? '';
  const attempt = await attempts.peek(state);
  if (attempt?.kind !== 'saml' || attempt.person) return pages.refused(400, outdated);
  const acsUrl = `${consoleUrl()}/login/saml/acs`;
  const response = fields.get('SAMLResponse') ?? '';
  const person = await checks.saml.finish(attempt.provider, response, { id: attempt.request, acsUrl });
  if (!(await attempts.prove(state, person))) return pages.refused(400, outdated);
  return redirect(`/login/callback?${new URLSearchParams({ state })}`, []);
}

async function callback(request: WebRequest, options: LoginRoutesOptions): Promise<WebResponse> {
  const { attempts, pages, browserCookie } = options;
  const state = request.query.get('state') ?? '';
  const browser = browserCookie.read(request.headers.get('cookie'));
  const attempt = browser === null ? null : await attempts.take(state, browser);
  if (!attempt) return pages.refused(400, outdated);
  const person = await prove(attempt, state, request, options);
  if (!person) return pages.refused(400, 'The identity provider did not confirm the login.', [browserCookie.clear()]);
  if (attempt.again && person.authenticatedAt < attempt.startedAt - SKEW_MS) {
    return pages.refused(403, 'The identity provider did not ask for a fresh login.', [browserCookie.clear()]);
  }
  return enter(attempt.provider, person, attempt.returnTo, request, options);
}

async function prove(
  attempt: Attempt,
  state: string,
  { query }: WebRequest,
  { oidc, checks, consoleUrl }: LoginRoutesOptions,
): Promise<LoggedIn | null> {
  if (attempt.kind === 'saml') return attempt.person;
  const login = oidc.find(({ name }) => name === attempt.provider);
  if (!login) return null;
  const token = await login.finish(attempt, state, new URL(`${consoleUrl()}/login/callback?${query}`));
  return checks.idToken(login.name, token, login.clientId);
}

async function developmentLink(request: WebRequest, options: LoginRoutesOptions): Promise<WebResponse> {
  const { developmentLink: check } = options.checks;
  if (!check) return options.pages.refused(404, 'The development issuer is off.');
  const person = await check(request.query.get('code') ?? '');
  return enter('development', person, '/', request, options);
}

/** Begins the session; the id that the browser had before is worth nothing from here on. */
async function enter(
  provider: string,
  person: LoggedIn,
  returnTo: string,
  { headers }: WebRequest,
  options: LoginRoutesOptions,
): Promise<WebResponse> {
  const { sessions, sessionCookie, browserCookie } = options;
  const former = sessionCookie.read(headers.get('cookie'));
  const { secret, session } = await sessions.begin(person, former);
  const { tenant, issuer, subject, person: human } = person.identity.principal;
  await options.onEvent({
    kind: 'identity.login',
    exchange: null,
    body: { issuer, person: human, provider, session: session.id, subject, tenant, v: 1 },
  });
  return redirect(returnTo, [sessionCookie.set(secret, sessions.maxAgeSeconds), browserCookie.clear()]);
}

const outdated = 'This login is over, or was begun in another browser. Begin again.';

function redirect(location: string, headers: WebResponse['headers']): WebResponse {
  return {
    status: 303,
    headers: [...pageHeaders('text/plain; charset=utf-8'), ['location', location], ...headers],
    body: '',
  };
}

/** What failed at the provider is no fault of the gateway. */
function statusOf(error: GatewayError): number {
  return error.code === 'INTERNAL' ? 502 : error.status;
}

function publicText(error: GatewayError): string {
  if (error.code === 'INTERNAL') return 'The identity provider could not be used. The reason is in the log.';
  return error.message;
}
