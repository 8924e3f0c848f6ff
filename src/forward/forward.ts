import { GatewayError } from '../errors.ts';
import { render } from '../json/index.ts';
import type { Recorded } from '../model/exchange.ts';
import type { Credentials, Lease } from '../model/lease.ts';
import { answerHeaders, requestHeaders } from './headers.ts';
import { type AnswerEnd, relayStream, type WayBack } from './stream.ts';
import type { Upstream, UpstreamAnswer } from './upstream.ts';
import { passWhole } from './whole.ts';

export interface ForwardOptions {
  readonly upstream: Upstream;
  readonly credentials: Credentials;
  /** Fixed headers from the configuration. */
  readonly headers: Readonly<Record<string, string>>;
  readonly wayBack: WayBack;
  /** Removes the gateway's own secrets from an answer that is no message (errors, models, token counts). */
  readonly cleanse: (exchange: Recorded, bytes: Uint8Array) => Uint8Array;
}

/** The most bytes of a JSON answer, and of an error body. */
const wholeBytesMax = 64 * 1024 * 1024;
const errorBytesMax = 1024 * 1024;

/**
 * The `forward` step: one attempt; a second one only where Claude refused our credential and it was refreshed.
 * The answer goes through the way back to the caller.
 *
 * @throws GatewayError UPSTREAM_* before or within the answer; whatever a step of the way back throws
 */
export function createForward(options: ForwardOptions): (exchange: Recorded) => Promise<AnswerEnd> {
  return async (exchange) => {
    const answer = await attempt(exchange, options);
    exchange.notes.upstream_request_id = header(answer, 'request-id');
    exchange.notes.upstream_status = answer.status;
    requireIdentityCoding(answer);
    if (answer.status >= 400) return passError(exchange, answer, options);
    const type = contentType(answer);
    if (answer.status === 200 && exchange.route.action === 'messages.create' && type === 'text/event-stream') {
      exchange.reply.begin(answer.status, answerHeaders(answer.headers, exchange.id));
      exchange.reply.flush();
      return relayStream(exchange, answer, options.wayBack);
    }
    if (answer.status !== 200 || type !== 'application/json') {
      answer.abort();
      throw new GatewayError('UPSTREAM_PROTOCOL', `status ${answer.status} with content type ${type || 'none'}`);
    }
    const bytes = await readWhole(answer, wholeBytesMax);
    if (exchange.route.action !== 'messages.create') {
      const cleansed = options.cleanse(exchange, bytes);
      exchange.recording.frame('block', -1, cleansed);
      return finish(exchange, answer, cleansed, 'complete');
    }
    const passed = await passWhole(exchange, bytes, options.wayBack);
    return finish(exchange, answer, passed.bytes, passed.end);
  };
}

async function attempt(exchange: Recorded, options: ForwardOptions): Promise<UpstreamAnswer> {
  const first = await send(exchange, exchange.lease, options);
  if (first.status !== 401) return refuseForbidden(first);
  first.abort();
  options.credentials.refused(exchange.lease);
  const lease = await options.credentials.lease(exchange.lease.role, exchange.signal);
  exchange.notes.lease_after_refusal = lease.id;
  const second = await send(exchange, lease, options);
  if (second.status !== 401) return refuseForbidden(second);
  second.abort();
  throw new GatewayError('UPSTREAM_CREDENTIAL', `lease ${lease.id} was refused with 401`);
}

/** What Claude says to the gateway's own credential is nothing that the caller could act on. */
function refuseForbidden(answer: UpstreamAnswer): UpstreamAnswer {
  if (answer.status !== 403) return answer;
  answer.abort();
  throw new GatewayError('UPSTREAM_CREDENTIAL', 'the lease was refused with 403');
}

function send(exchange: Recorded, lease: Lease, options: ForwardOptions): Promise<UpstreamAnswer> {
  return options.upstream.send({
    method: exchange.route.method,
    target: exchange.route.target,
    headers: requestHeaders(exchange, lease, options.headers),
    body: exchange.body ? render(exchange.body) : null,
    signal: exchange.signal,
  });
}

async function passError(exchange: Recorded, answer: UpstreamAnswer, options: ForwardOptions): Promise<AnswerEnd> {
  const bytes = options.cleanse(exchange, await readWhole(answer, errorBytesMax));
  exchange.recording.frame('error', -1, bytes);
  return finish(exchange, answer, bytes, 'upstream_error');
}

function finish(exchange: Recorded, answer: UpstreamAnswer, bytes: Uint8Array, end: AnswerEnd): AnswerEnd {
  const headers = answerHeaders(answer.headers, exchange.id);
  exchange.reply.begin(answer.status, [...headers, ['content-length', String(bytes.length)]]);
  exchange.reply.end(bytes);
  return end;
}

async function readWhole(answer: UpstreamAnswer, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  await answer.consume((chunk) => {
    size += chunk.length;
    if (size > most) throw new GatewayError('UPSTREAM_PROTOCOL', `an answer is over ${most} bytes`);
    chunks.push(chunk);
    return undefined;
  });
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

/** We ask for no coding; an answer that has one all the same cannot be judged. */
function requireIdentityCoding(answer: UpstreamAnswer): void {
  const coding = header(answer, 'content-encoding');
  if (coding === null || coding.toLowerCase() === 'identity') return;
  answer.abort();
  throw new GatewayError('UPSTREAM_PROTOCOL', `unexpected content coding ${coding.slice(0, 40)}`);
}

function contentType(answer: UpstreamAnswer): string {
  return (header(answer, 'content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

function header(answer: UpstreamAnswer, name: string): string | null {
  return answer.headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1] ?? null;
}
