import { GatewayError } from '../errors.ts';
import type { AnswerEnd, Recorded, Refusal } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { answerHeaders } from './headers.ts';

/**
 * Passes an error of Claude on, unchanged: with its status, or as the `error` event of a stream that was opened while
 * humans decided.
 *
 * @throws GatewayError UPSTREAM_PROTOCOL where it has to become an event and is not JSON
 */
export function passRefusal({ reply, id }: Recorded, { status, headers, body }: Refusal): AnswerEnd {
  if (reply.begun) {
    reply.end(Buffer.from(`event: error\ndata: ${oneLine(body)}\n\n`));
    return 'upstream_error';
  }
  reply.begin(status, [...answerHeaders(headers, id), ['content-length', String(body.length)]]);
  reply.end(body);
  return 'upstream_error';
}

function oneLine(body: Uint8Array): string {
  const text = Buffer.from(body).toString();
  try {
    JSON.parse(text);
  } catch {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'an error of Claude is not JSON');
  }
  // Raw line ends stand only between tokens of JSON.
  return text.replace(/[\r\n]+/g, ' ').trim();
}

/** The `error` event in which a streamed answer ended, as the refusal that a caller without streaming gets. */
export function refusalOf(event: JsonObject, headers: Refusal['headers']): Refusal {
  const { type } = (event.error ?? {}) as JsonObject;
  const kept = headers.filter(([name]) => name.toLowerCase() !== 'content-type');
  return {
    status: (typeof type === 'string' && statuses.get(type)) || 500,
    headers: [...kept, ['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify(event)),
  };
}

/** The statuses of Claude's error types, as its documentation gives them. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);
