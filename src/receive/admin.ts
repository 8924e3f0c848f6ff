import { createServer } from 'node:http';
import Koa, { type Context } from 'koa';
import { koaBody } from 'koa-body';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { Actor, AdminRoute } from '../model/admin.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Authenticated } from '../model/login.ts';
import type { WebHeaders } from '../model/web.ts';
import { errorEnvelope } from './envelope.ts';
import { newRequestId } from './frame.ts';
import { matchPath } from './match.ts';
import { type PortServer, portServer } from './server.ts';
import type { Web } from './web.ts';

export interface AdminServerOptions {
  /**
   * Who asks the admin API: the operator, a person, or null for nobody. Rejects with `GatewayError` for a token or a
   * form that is refused.
   */
  readonly authenticate: (request: {
    readonly method: string;
    readonly headers: WebHeaders;
  }) => Promise<Authenticated | null>;
  /** Pages and login, which see to who asks themselves; answered before the admin API. */
  readonly web: Web;
  readonly routes: readonly AdminRoute[];
  /** Named checks of readiness; each true or a short reason. */
  readonly readiness: () => { readonly [name: string]: true | string };
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** What is no refusal, and the id of the request that it was told to. */
  readonly onFault: (error: Error, request?: string) => void;
  /** Told of a token that was refused, under the id of its request. */
  readonly onRefused: (request: string, error: GatewayError) => void;
}

/**
 * The admin port: `/livez`, `/readyz` and `/metrics` without a login, the pages of the console with their own, and the
 * admin API for the operator and for persons.
 */
export function createAdminServer(options: AdminServerOptions): PortServer {
  const app = new Koa();
  app.silent = true;
  app.on('error', (error: Error) => options.onFault(error));
  app.use(async (context, next) => {
    context.set({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    try {
      await next();
    } catch (thrown) {
      answerError(context, thrown, options);
    }
  });
  app.use(async (context, next) => {
    if (!(await answerHealth(context, options))) await next();
  });
  app.use(async (context, next) => {
    context.respond = false;
    if (await options.web.answer(context.req, context.res)) return;
    context.respond = true;
    await next();
  });
  app.use(async (context, next) => {
    context.state.actor = await requireActor(context, options);
    await next();
  });
  app.use(
    koaBody({
      json: true,
      urlencoded: false,
      text: false,
      multipart: false,
      jsonLimit: '256kb',
      onError: () => {
        throw new GatewayError('ADMIN_INPUT', 'The body must be a JSON object of at most 256 KB.');
      },
    }),
  );
  app.use(async (context) => {
    context.body = await answerRoute(context, options.routes);
  });
  return portServer(createServer({ headersTimeout: 10_000, requestTimeout: 30_000 }, app.callback()));
}

async function answerHealth(context: Context, options: AdminServerOptions): Promise<boolean> {
  if (context.method !== 'GET' && context.method !== 'HEAD') return false;
  switch (context.path) {
    case '/livez':
      context.body = { status: 'alive' };
      return true;
    case '/readyz': {
      const checks = options.readiness();
      const ready = Object.values(checks).every((check) => check === true);
      context.status = ready ? 200 : 503;
      context.body = { status: ready ? 'ready' : 'not ready', checks };
      return true;
    }
    case '/metrics': {
      const { contentType, text } = await options.metrics();
      context.type = contentType;
      context.body = text;
      return true;
    }
    default:
      return false;
  }
}

/** Null is the operator. */
async function requireActor(context: Context, options: AdminServerOptions): Promise<Actor | null> {
  const headers = { get: (name: string) => context.req.headers[name]?.toString() ?? null };
  const found = await options.authenticate({ method: context.method, headers });
  if (!found) throw new GatewayError('OPERATOR_REQUIRED');
  return found.kind === 'person' ? found.actor : null;
}

async function answerRoute(context: Context, routes: readonly AdminRoute[]): Promise<Json> {
  for (const route of routes) {
    if (route.method !== context.method) continue;
    const params = matchPath(route.path, context.path);
    if (params)
      return route.handler({
        query: singleValues(context),
        params,
        body: readBody(context),
        actor: context.state.actor as Actor | null,
      });
  }
  throw new GatewayError('NOT_FOUND', `The admin API has no ${context.method} ${context.path}.`);
}

function singleValues(context: Context): { readonly [name: string]: string } {
  const values: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(context.query)) {
    if (typeof value !== 'string') throw new GatewayError('ADMIN_INPUT', `The parameter "${name}" is given twice.`);
    values[name] = value;
  }
  return values;
}

function readBody(context: Context): JsonObject {
  const body: unknown = context.request.body ?? {};
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new GatewayError('ADMIN_INPUT', 'The body must be a JSON object.');
  }
  return body as JsonObject;
}

function answerError(context: Context, thrown: unknown, options: AdminServerOptions): void {
  const error = toGatewayError(thrown);
  const id = newRequestId();
  if (error.code === 'INTERNAL') options.onFault(error, id);
  else if (error.reason === 'identity') options.onRefused(id, error);
  context.status = error.status;
  context.set({ 'request-id': id, 'x-should-retry': String(error.retry) });
  context.type = 'json';
  context.body = errorEnvelope(id, error);
}
