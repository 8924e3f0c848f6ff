import { GatewayError } from '../errors.ts';
import type { Action, Route } from '../model/exchange.ts';

interface RouteRow {
  readonly pattern: string;
  readonly method: 'GET' | 'POST';
  readonly action: Action;
  readonly matches: (path: string) => boolean;
}

/** The closed route table of the data port. A path that is not here is never forwarded. */
const routes: readonly RouteRow[] = [
  { pattern: '/v1/messages', method: 'POST', action: 'messages.create', matches: exactly('/v1/messages') },
  {
    pattern: '/v1/messages/count_tokens',
    method: 'POST',
    action: 'messages.count_tokens',
    matches: exactly('/v1/messages/count_tokens'),
  },
  { pattern: '/v1/models', method: 'GET', action: 'models.read', matches: exactly('/v1/models') },
  {
    pattern: '/v1/models/{id}',
    method: 'GET',
    action: 'models.read',
    matches: (path) => /^\/v1\/models\/[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}$/.test(path),
  },
];

/** Mostly it is a base URL without its end, or a part of the API that is not served. */
const unknown = `This gateway does not serve that path, only ${routes
  .map(({ method, pattern }) => `${method} ${pattern}`)
  .join(', ')}. If it should be one of these, correct the base URL of the client.`;

/**
 * Finds the route of a raw request target. The path is compared as it was sent, byte for byte: no decoding, no
 * normalising, so that policy and Claude cannot read one target in two ways.
 *
 * @throws GatewayError FRAMING (not origin-form), ROUTE_UNKNOWN, METHOD_NOT_ALLOWED
 */
export function findRoute(method: string, target: string): Route {
  if (!/^\/[!-~]*$/.test(target) || target.includes('#')) {
    throw new GatewayError('FRAMING', 'The request target must be a path of visible ASCII characters.');
  }
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const atPath = routes.filter((row) => row.matches(path));
  // Claude Code takes a 404 for a model that does not exist, so this mistake gets another status.
  if (path.startsWith('/v1/v1/'))
    throw new GatewayError(
      'FRAMING',
      'The path begins with /v1/v1: leave /v1 out of ANTHROPIC_BASE_URL, clients add it.',
    );
  if (atPath.length === 0) throw new GatewayError('ROUTE_UNKNOWN', unknown);
  const row = atPath.find((candidate) => candidate.method === method);
  if (!row)
    throw new GatewayError('METHOD_NOT_ALLOWED', `This path takes ${atPath.map((r) => r.method).join(', ')} only.`);
  return { pattern: row.pattern, action: row.action, method: row.method, target };
}

function exactly(expected: string): (path: string) => boolean {
  return (path) => path === expected;
}
