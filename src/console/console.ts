import { LRUCache } from 'lru-cache';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { AdminAction } from '../model/approval.ts';
import type { SessionView } from '../model/login.ts';
import type { WebRequest, WebResponse, WebRoute } from '../model/web.ts';
import { createApi } from './api.ts';
import { openAssets } from './assets.ts';
import { watchWaiting } from './events.ts';
import { pageHeaders } from './headers.ts';
import type { NoticeView, Page, Place, View, Viewer } from './models.ts';
import { loadActivity } from './pages/activity.ts';
import { decide, exactContent, loadApproval } from './pages/approval.ts';
import { loadExchange } from './pages/exchange.ts';
import { loadPolicy } from './pages/policy.ts';
import { loadStatus } from './pages/status.ts';
import type { Loader, Visit } from './pages/visit.ts';
import { loadWaiting, waitingApprovals } from './pages/waiting.ts';
import type { ConsoleOptions } from './ports.ts';
import { type WrittenRule, writtenRules } from './rules.ts';
import { checkCsrf } from './session_csrf.ts';
import { htmlResponse, jsonResponse } from './shell.ts';

/** Largest form: a comment of 500 characters, its fields, and room for their encoding. */
const FORM_BYTES = 16 * 1024;
const GISTS = 2000;

/** What policy is asked before a page is shown; null where the admin API asks it for each thing that is shown. */
const pages: readonly { readonly path: string; readonly action: AdminAction | null; readonly load: Loader }[] = [
  { path: '/waiting', action: null, load: loadWaiting },
  { path: '/approvals/{id}', action: null, load: loadApproval },
  { path: '/activity', action: 'session.view', load: loadActivity },
  { path: '/activity/{id}', action: 'session.view', load: loadExchange },
  { path: '/policy', action: 'policy.view', load: loadPolicy },
  { path: '/status', action: 'status.view', load: loadStatus },
];

const places: readonly (readonly [Place, AdminAction | null])[] = [
  ['waiting', null],
  ['activity', 'session.view'],
  ['policy', 'policy.view'],
  ['status', 'status.view'],
];

/** The routes of the web console, for the admin port. Nobody sees a page without a session and a word of policy. */
export function createConsole(options: ConsoleOptions): { readonly routes: readonly WebRoute[] } {
  const assets = openAssets();
  const api = createApi(options.routes);
  const clock = options.clock ?? Date.now;
  const gists = new LRUCache<string, string>({ max: GISTS });

  let read: { readonly sources: ReadonlyMap<string, string>; readonly rules: readonly WrittenRule[] } | null = null;
  const rules = (): readonly WrittenRule[] => {
    const sources = options.policy.sources();
    if (read?.sources !== sources) read = { sources, rules: writtenRules(sources) };
    return read.rules;
  };

  const sessionOf = async (request: WebRequest, watching = false): Promise<SessionView | null> => {
    const who = await options.authenticate(request, watching);
    return who?.kind === 'person' ? who.session : null;
  };
  const may = (session: SessionView, action: AdminAction): boolean =>
    options.mayAct(session.actor.principal, action, { requester: null, approval: null }).effect === 'allow';
  const visitOf = (session: SessionView, request: WebRequest): Visit => ({
    actor: session.actor,
    request,
    api,
    options,
    gists,
    rules,
    now: clock(),
  });

  const pageOf = async (visit: Visit, session: SessionView, title: string, view: View): Promise<Page> => {
    const waiting = (await waitingApprovals(visit)).length;
    return { now: visit.now, path: visit.request.path, title, viewer: viewerOf(session), waiting, view };
  };
  const viewerOf = (session: SessionView): Viewer => {
    const { person, subject, tenant } = session.actor.principal;
    const open = places.filter(([, action]) => action === null || may(session, action)).map(([place]) => place);
    return { name: person ?? subject, tenant, csrf: session.csrf, places: open };
  };

  const answer = (request: WebRequest, page: Page, status: number): WebResponse =>
    wantsData(request) ? jsonResponse(page, status) : htmlResponse(page, assets.paths, status);

  /** Any failure becomes a page that says what it was; where even the badge cannot be had, without it. */
  const notice = async (visit: Visit, session: SessionView, thrown: unknown): Promise<WebResponse> => {
    const error = toGatewayError(thrown);
    if (error.code === 'INTERNAL') options.onFault(error);
    const view: NoticeView = { page: 'notice', ...wordsFor(error), back: { href: '/waiting', text: 'What waits' } };
    const page = await pageOf(visit, session, view.heading, view).catch(
      (): Page => ({
        now: visit.now,
        path: visit.request.path,
        title: view.heading,
        viewer: { ...viewerless, name: session.actor.principal.subject, csrf: session.csrf },
        waiting: 0,
        view,
      }),
    );
    return answer(visit.request, page, error.status);
  };

  const inSession =
    (handle: (session: SessionView, visit: Visit) => Promise<WebResponse>): WebRoute['handler'] =>
    async (request) => {
      const session = await sessionOf(request);
      if (session === null) return toLogin(request, false);
      const visit = visitOf(session, request);
      try {
        return await handle(session, visit);
      } catch (thrown) {
        if (thrown instanceof GatewayError && thrown.code === 'LOGIN_NOT_RECENT') return toLogin(request, true);
        return notice(visit, session, thrown);
      }
    };
  const permitted = (session: SessionView, action: AdminAction): void => {
    const { effect, reasons } = options.mayAct(session.actor.principal, action, { requester: null, approval: null });
    if (effect === 'allow') return;
    const text = reasons.map(({ message }) => message).join(' ');
    throw new GatewayError('POLICY_DENIED', text === '' ? `Policy does not let you do that (${action}).` : text);
  };

  const routes: WebRoute[] = pages.map(({ path, action, load }) => ({
    method: 'GET',
    path,
    maxBytes: 0,
    handler: inSession(async (session, visit) => {
      if (action !== null) permitted(session, action);
      const { title, view } = await load(visit);
      return answer(visit.request, await pageOf(visit, session, title, view), 200);
    }),
  }));

  return {
    routes: [
      ...routes,
      { method: 'GET', path: '/', maxBytes: 0, handler: () => redirect('/waiting') },
      {
        method: 'GET',
        path: '/approvals/{id}/content',
        maxBytes: 0,
        handler: inSession((_session, visit) => exactContent(visit)),
      },
      {
        method: 'POST',
        path: '/approvals/{id}',
        maxBytes: FORM_BYTES,
        handler: inSession(async (session, visit) => {
          checkCsrf(session, visit.request);
          return redirect(await decide(visit));
        }),
      },
      {
        method: 'GET',
        path: '/events',
        maxBytes: 0,
        handler: async (request) => {
          const session = await sessionOf(request);
          if (session === null)
            return { status: 401, headers: pageHeaders('text/plain; charset=utf-8'), body: 'log in\n' };
          const body = watchWaiting({
            everyMs: options.lookMs ?? 1500,
            clock,
            look: async () => {
              const now = await sessionOf(request, true);
              if (now === null || now.id !== session.id) return null;
              return waitingApprovals(visitOf(now, request));
            },
          });
          return { status: 200, headers: pageHeaders('text/event-stream; charset=utf-8'), body };
        },
      },
      assets.route,
    ],
  };
}

const viewerless: Viewer = { name: '', tenant: '', csrf: '', places: ['waiting'] };

function wordsFor(error: GatewayError): { readonly heading: string; readonly text: string } {
  const headings: { readonly [code: string]: string } = {
    NOT_FOUND: 'There is nothing here',
    POLICY_DENIED: 'That is not for you',
    APPROVAL_FORBIDDEN: 'That is not for you',
    APPROVAL_CONFLICT: 'The page was out of date',
    CSRF: 'The form was out of date',
  };
  return { heading: headings[error.code] ?? 'That did not work', text: error.message };
}

function wantsData(request: WebRequest): boolean {
  return (request.headers.get('accept') ?? '').startsWith('application/json');
}

function redirect(location: string): WebResponse {
  return { status: 303, headers: [...pageHeaders('text/plain; charset=utf-8'), ['location', location]], body: '' };
}

/** The way to the login page and back; the script is told by the status alone. */
function toLogin(request: WebRequest, again: boolean): WebResponse {
  if (wantsData(request)) return { status: 401, headers: pageHeaders('text/plain; charset=utf-8'), body: 'log in\n' };
  const query = request.query.size > 0 && request.method === 'GET' ? `?${request.query}` : '';
  const back = new URLSearchParams({ ...(again && { again: '1' }), return_to: request.path + query });
  return redirect(`/login?${back}`);
}
