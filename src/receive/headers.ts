import { GatewayError } from '../errors.ts';
import type { RequestHeaders } from '../model/exchange.ts';

/** Headers that mean something once only. A second copy would let two readers see two requests. */
const singletons = new Set([
  'host',
  'authorization',
  'x-api-key',
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'anthropic-version',
  'user-agent',
  'x-app',
  'x-claude-code-session-id',
  'x-claude-code-request-class',
]);

/** An address, or a name as clients find it in use: container networks have names with `_`, clusters such with a final dot. */
const hostForm = /^(\[[0-9A-Fa-f:.]+\]|\w([\w.-]*\w)?\.?)(:[0-9]{1,5})?$/;

/**
 * Reads the raw header list, refusing what Node lets through and what a second parser could read differently
 * (duplicate singletons, underscore twins, codings other than exactly `chunked`, strange hosts).
 *
 * @param raw alternating names and values, as in `IncomingMessage.rawHeaders`
 * @param most how many header lines are accepted
 * @throws GatewayError FRAMING, HEADERS_TOO_LARGE
 */
export function readHeaders(raw: readonly string[], most: number): RequestHeaders {
  if (raw.length > most * 2) throw new GatewayError('HEADERS_TOO_LARGE', `At most ${most} headers are accepted.`);
  const values = new Map<string, string>();
  const lines: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    const lower = name.toLowerCase();
    if (lower.includes('_')) throw new GatewayError('FRAMING', 'Header names with an underscore are not accepted.');
    const earlier = values.get(lower);
    if (earlier === undefined) values.set(lower, value);
    else if (singletons.has(lower)) throw new GatewayError('FRAMING', `The header "${lower}" may occur once only.`);
    else values.set(lower, `${earlier}, ${value}`);
    lines.push([name, value]);
  }
  const coding = values.get('transfer-encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw new GatewayError('FRAMING', 'The only transfer coding accepted is "chunked".');
  }
  if (!hostForm.test(values.get('host') ?? ''))
    throw new GatewayError('FRAMING', 'The Host header is not a host name.');
  return { get: (name) => values.get(name) ?? null, raw: lines };
}
