import type { Recorded, RequestHeaders } from '../model/exchange.ts';
import type { Lease } from '../model/lease.ts';

/** How the credential is presented to Claude; `auto` does as the lease says. */
export type UpstreamAuth = 'auto' | 'bearer' | 'x-api-key';

/** Beta that lets Claude drop thinking blocks whose prefix the gateway had to edit. */
const bindingBeta = 'thinking-binding-controls-2026-08-01';

/**
 * Request headers that stop here: hop-by-hop ones (a fixed list; what `Connection` names is ignored), everything that
 * carries the caller's identity or claims to come from a proxy, and what the upstream client sets itself.
 */
const stopped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
  'content-length',
  'accept-encoding',
  'authorization',
  'x-api-key',
  'cookie',
  'forwarded',
  'via',
  'x-real-ip',
  // Organisation and workspace follow from the credential role, never from the caller.
  'anthropic-organization-id',
  'anthropic-workspace-id',
]);

/**
 * The headers for Claude, as alternating names and values: the caller's own in their order (an open list), the lease's
 * credential and headers, and the betas that go with them appended to the caller's.
 *
 * @param to fixed headers from the configuration, and by which header the credential goes
 */
export function requestHeaders(
  exchange: Recorded,
  lease: Lease,
  { extra, auth }: { readonly extra: Readonly<Record<string, string>>; readonly auth: UpstreamAuth },
): string[] {
  const flat: string[] = ['accept-encoding', 'identity'];
  const ours = { ...extra, ...lease.headers };
  const overridden = new Set(Object.keys(ours).map((name) => name.toLowerCase()));
  for (const [name, value] of exchange.headers.raw) {
    const lower = name.toLowerCase();
    if (stopped.has(lower) || overridden.has(lower) || lower.startsWith('x-forwarded-') || lower === 'anthropic-beta')
      continue;
    flat.push(name, value);
  }
  for (const [name, value] of Object.entries(ours)) flat.push(name, value);
  flat.push(...betas(exchange.headers, [...lease.betas, ...(exchange.conversation.dropBlock ? [bindingBeta] : [])]));
  if ((auth === 'auto' ? lease.scheme : auth) === 'bearer') flat.push('authorization', `Bearer ${lease.reveal()}`);
  else flat.push('x-api-key', lease.reveal());
  return flat;
}

/** The caller's beta lines verbatim, and one more line for what is missing in them. */
function betas(headers: RequestHeaders, wanted: readonly string[]): string[] {
  const flat: string[] = [];
  const present = new Set<string>();
  for (const [name, value] of headers.raw) {
    if (name.toLowerCase() !== 'anthropic-beta') continue;
    flat.push(name, value);
    for (const beta of value.split(',')) present.add(beta.trim());
  }
  const missing = wanted.filter((beta) => !present.has(beta));
  if (missing.length === 0) return flat;
  if (flat.length === 0) return ['anthropic-beta', missing.join(',')];
  flat[flat.length - 1] = [flat[flat.length - 1], ...missing].join(',');
  return flat;
}

const stoppedInAnswer = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'set-cookie',
  'alt-svc',
]);

/** The header that names the exchange in the gateway's own records; Claude's `request-id` stays Claude's. */
const exchangeHeader = 'x-sallyport-request-id';

/** The headers for the caller: Claude's own (an open list) without hop-by-hop ones, and the exchange's id. */
export function answerHeaders(
  raw: readonly (readonly [name: string, value: string])[],
  id: string,
): (readonly [name: string, value: string])[] {
  const headers = raw.filter(([name]) => !stoppedInAnswer.has(name.toLowerCase()));
  if (!headers.some(([name]) => name.toLowerCase() === 'request-id')) headers.push(['request-id', id]);
  headers.push([exchangeHeader, id]);
  return headers;
}
