import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError, toGatewayError } from '../errors.ts';
import type { WebRequest, WebResponse, WebRoute } from '../model/web.ts';
import { collect } from './collect.ts';
import { errorEnvelope } from './envelope.ts';
import { newRequestId } from './frame.ts';
import { readHeaders } from './headers.ts';
import { matchPath } from './match.ts';

const MAX_HEADERS = 100;
const BODY_TIMEOUT_MS = 10_000;

/** Pages, forms and OAuth calls of a port, in front of whatever else it serves. */
export interface Web {
  /** Answers a request whole; false, with nothing read or written, where no route has its path. Never rejects. */
  answer(message: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/**
 * Serves a table of routes. Paths are compared as they were sent; `admit` of a route is asked before its body is read.
 *
 * @param onFault takes what a handler threw that is no refusal, and the id of the request that it was told to
 */
export function createWeb(routes: readonly WebRoute[], onFault: (error: Error, request: string) => void): Web {
  return {
    async answer(message, response) {
      const [path = '', query = ''] = split(message.url ?? '');
      const found = routes.flatMap((route) => {
        const params = matchPath(route.path, path);
        return params ? [{ route, params }] : [];
      });
      if (found.length === 0) return false;
      try {
        const match = found.find(({ route }) => route.method === message.method);
        if (!match) throw new GatewayError('METHOD_NOT_ALLOWED');
        send(response, message, await answerRoute(match.route, match.params, path, query, message));
      } catch (thrown) {
        const error = toGatewayError(thrown);
        const id = newRequestId();
        if (error.code === 'INTERNAL') onFault(error, id);
        send(response, message, errorAnswer(id, error));
      }
      return true;
    },
  };
}

async function answerRoute(
  route: WebRoute,
  params: WebRequest['params'],
  path: string,
  query: string,
  message: IncomingMessage,
): Promise<WebResponse> {
  const headers = readHeaders(message.rawHeaders, MAX_HEADERS);
  const head = {
    method: route.method,
    path,
    params,
    query: new URLSearchParams(query),
    headers,
    remote: message.socket.remoteAddress ?? '',
  };
  const refused = route.admit?.(head);
  if (refused) return refused;
  if (headers.get('content-encoding') !== null) throw new GatewayError('BODY_TYPE');
  const declared = headers.get('content-length');
  const limits = { bytes: route.maxBytes, timeoutMs: BODY_TIMEOUT_MS };
  const body = await collect(message, declared === null ? null : Number(declared), limits);
  return route.handler({ ...head, body });
}

function split(target: string): readonly string[] {
  if (!/^\/[!-~]*$/.test(target) || target.includes('#')) return [];
  const mark = target.indexOf('?');
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}

function errorAnswer(id: string, error: GatewayError): WebResponse {
  return {
    status: error.status,
    headers: [
      ['content-type', 'application/json'],
      ['request-id', id],
    ],
    body: errorEnvelope(id, error),
  };
}

function send(response: ServerResponse, message: IncomingMessage, answer: WebResponse): void {
  if (response.destroyed) return;
  const named = new Set(answer.headers.map(([name]) => name));
  const flat: string[] = [];
  for (const [name, value] of answer.headers) flat.push(name, value);
  for (const [name, value] of always) if (!named.has(name)) flat.push(name, value);
  const { body } = answer;
  const whole = typeof body === 'string' || body instanceof Uint8Array;
  if (whole) flat.push('content-length', String(Buffer.byteLength(body)));
  // What was not read of a refused request must not be taken for the next one.
  if (!message.complete) flat.push('connection', 'close');
  response.writeHead(answer.status, flat);
  if (whole) response.end(body);
  else void stream(response, body);
}

/** Writes pieces as they come, at the reader's pace, until they end or the reader is gone. */
async function stream(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  response.flushHeaders();
  const iterator = pieces[Symbol.asyncIterator]();
  // Not `for await`: a reader that leaves must end a source that has nothing to say.
  response.on('close', () => void iterator.return?.());
  try {
    for (;;) {
      const { done, value } = await iterator.next();
      if (done || response.destroyed) break;
      if (!response.write(value)) await once(response, 'drain');
    }
    response.end();
  } catch {
    response.destroy();
  }
}

const always: readonly (readonly [string, string])[] = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
];
