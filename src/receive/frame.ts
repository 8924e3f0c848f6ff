import { randomUUIDv7 } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { GatewayError } from '../errors.ts';
import type { Client, Framed, Reply } from '../model/exchange.ts';
import { readHeaders } from './headers.ts';
import { findRoute } from './routes.ts';

/** A request as the socket delivered it, with its reply; nothing about it has been checked. */
export interface Arrival {
  readonly id: string;
  readonly startedAt: number;
  readonly message: IncomingMessage;
  readonly reply: Reply;
  /** Aborted when the client is gone, or by `stop`. */
  readonly signal: AbortSignal;
  /** Ends the exchange from this side; the reason becomes what the caller is told. */
  readonly stop: (reason: GatewayError) => void;
}

/** `req_` and 32 hex digits that rise with time, so that the journal's index grows at its end. */
export function newRequestId(): string {
  return `req_${randomUUIDv7().replaceAll('-', '')}`;
}

/**
 * The `frame` step: raw headers, closed route table, exact path and method.
 *
 * @param limits `headers`: how many header lines are accepted
 * @throws GatewayError FRAMING, HEADERS_TOO_LARGE, ROUTE_UNKNOWN, METHOD_NOT_ALLOWED
 */
export function createFrameStep(limits: { readonly headers: number }): (arrival: Arrival) => Framed {
  return ({ id, startedAt, message, reply, signal }) => {
    const headers = readHeaders(message.rawHeaders, limits.headers);
    const route = findRoute(message.method ?? '', message.url ?? '');
    const client = readClient(
      headers.get('x-app'),
      headers.get('user-agent'),
      headers.get('x-claude-code-request-class'),
    );
    return { id, startedAt, route, headers, client, source: message, reply, signal, notes: {} };
  };
}

const classes = new Set<string>(['main', 'subagent', 'workflow', 'compaction', 'auxiliary']);

function readClient(app: string | null, agent: string | null, requestClass: string | null): Client {
  return {
    app: app === null ? null : app.slice(0, 64),
    version: agent === null ? null : (agent.split(' ', 1)[0] ?? '').slice(0, 64),
    class: requestClass !== null && classes.has(requestClass) ? (requestClass as Client['class']) : null,
  };
}
