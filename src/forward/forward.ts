import { GatewayError, toGatewayError } from '../errors.ts';
import { render } from '../json/index.ts';
import type { AnswerEnd, Recorded } from '../model/exchange.ts';
import type { Credentials, Lease } from '../model/lease.ts';
import { type DeliverOptions, deliver, isStream, stillWaiting } from './deliver.ts';
import { answerHeaders, requestHeaders, type UpstreamAuth } from './headers.ts';
import { passRefusal } from './refusal.ts';
import { relayStream, type WayBack } from './stream.ts';
import type { Upstream, UpstreamAnswer } from './upstream.ts';
import { passWhole } from './whole.ts';

export interface ForwardOptions extends DeliverOptions {
  readonly upstream: Upstream;
  readonly credentials: Credentials;
  /** Fixed headers from the configuration. */
  readonly headers: Readonly<Record<string, string>>;
  /** By which header the credential goes. */
  readonly auth: UpstreamAuth;
  readonly wayBack: WayBack;
  /** Removes the gateway's own secrets from an answer that is no message (errors, models, token counts). */
  readonly cleanse: (exchange: Recorded, bytes: Uint8Array) => Uint8Array;
  /** Claude has answered: it has seen the request. */
  readonly forwarded: (exchange: Recorded) => void;
  /** Tells a caller that its answer is not there yet; the answer goes on without it. */
  readonly tellLate: (exchange: Recorded, error: GatewayError) => void;
}

/** The most bytes of a JSON answer, and of an error body. */
const wholeBytesMax = 64 * 1024 * 1024;
const errorBytesMax = 1024 * 1024;

/**
 * The `forward` step: one attempt; a second one only where Claude refused our credential and it was refreshed. The
 * answer goes through the way back to the caller. Once parked it is read to its end even if the caller leaves; a
 * caller whose request is being answered already is given that answer.
 *
 * @throws GatewayError UPSTREAM_* before or within the answer; whatever a step of the way back throws
 */
export function createForward(options: ForwardOptions): (exchange: Recorded) => Promise<AnswerEnd> {
  return async (exchange) => {
    if (exchange.attached) return deliver(exchange, exchange.attached, options);
    const { answer, signal } = exchange;
    const leave = answer.attend();
    const sending = new AbortController();
    const tellLate = () => {
      if (!answer.parked || exchange.reply.begun) return;
      options.tellLate(exchange, stillWaiting());
      leave('gone');
    };
    const gone = () => {
      // Before the caller counts as gone: an answer that the gateway stops ends for that reason, for all who have it.
      if (signal.reason instanceof GatewayError) answer.finish(signal.reason);
      leave('gone');
      if (!answer.parked || signal.reason instanceof GatewayError) sending.abort(signal.reason);
      // Read on for callers that may come back, until none will.
      else answer.broken.addEventListener('abort', () => sending.abort(answer.broken.reason), { once: true });
    };
    if (signal.aborted) gone();
    else signal.addEventListener('abort', gone, { once: true });
    const late = isStream(exchange)
      ? null
      : setTimeout(tellLate, exchange.startedAt + options.callAnswerMs - Date.now());
    try {
      const end = await dispatch(exchange, sending.signal, options);
      answer.finish(end);
      if (answer.parked) await exchange.reply.done();
      leave(signal.aborted ? 'gone' : 'delivered');
      return end;
    } catch (thrown) {
      answer.finish(toGatewayError(thrown));
      leave('gone');
      throw thrown;
    } finally {
      signal.removeEventListener('abort', gone);
      if (late) clearTimeout(late);
    }
  };
}

async function dispatch(exchange: Recorded, signal: AbortSignal, options: ForwardOptions): Promise<AnswerEnd> {
  const answer = withHeaders(await attempt(exchange, signal, options), (bytes) => options.cleanse(exchange, bytes));
  exchange.notes.upstream_request_id = header(answer, 'request-id');
  exchange.notes.upstream_status = answer.status;
  options.forwarded(exchange);
  requireIdentityCoding(answer);
  if (answer.status >= 400) return passError(exchange, answer, options);
  const type = contentType(answer);
  exchange.answer.begin(answer.headers);
  if (answer.status === 200 && exchange.route.action === 'messages.create' && type === 'text/event-stream') {
    if (!exchange.reply.begun) {
      exchange.reply.begin(answer.status, answerHeaders(answer.headers, exchange.id));
      exchange.reply.flush();
    }
    exchange.reply.keepAlive();
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
}

async function attempt(exchange: Recorded, signal: AbortSignal, options: ForwardOptions): Promise<UpstreamAnswer> {
  const first = await send(exchange, exchange.lease, signal, options);
  if (first.status !== 401) return refuseForbidden(first);
  first.abort();
  options.credentials.refused(exchange.lease);
  const lease = await options.credentials.lease(exchange.lease.role, signal);
  exchange.notes.lease_after_refusal = lease.id;
  const second = await send(exchange, lease, signal, options);
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

/** The answer without the gateway's own secrets in its headers, which some proxy may have sent back. */
function withHeaders(answer: UpstreamAnswer, cleanse: (bytes: Uint8Array) => Uint8Array): UpstreamAnswer {
  const cleansed = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    const clean = cleanse(bytes);
    return clean === bytes ? text : Buffer.from(clean).toString('latin1');
  };
  const { headers } = answer;
  const all = headers.map(([, value]) => value).join('\n');
  if (cleansed(all) === all) return answer;
  return { ...answer, headers: headers.map(([name, value]) => [name, cleansed(value)]) };
}

function send(exchange: Recorded, lease: Lease, signal: AbortSignal, options: ForwardOptions): Promise<UpstreamAnswer> {
  return options.upstream.send({
    method: exchange.route.method,
    target: exchange.route.target,
    headers: requestHeaders(exchange, lease, { extra: options.headers, auth: options.auth }),
    body: exchange.body ? render(exchange.body) : null,
    signal,
  });
}

async function passError(exchange: Recorded, answer: UpstreamAnswer, options: ForwardOptions): Promise<AnswerEnd> {
  const bytes = options.cleanse(exchange, await readWhole(answer, errorBytesMax));
  exchange.recording.frame('error', -1, bytes);
  const refusal = { status: answer.status, headers: answer.headers, body: bytes };
  exchange.answer.refuse(refusal);
  return passRefusal(exchange, refusal);
}

function finish(exchange: Recorded, answer: UpstreamAnswer, bytes: Uint8Array, end: AnswerEnd): AnswerEnd {
  if (exchange.reply.begun) {
    if (isStream(exchange)) throw new GatewayError('UPSTREAM_PROTOCOL', 'a whole answer to a streamed request');
    // The caller was told that it takes longer: the answer waits for it in the parking.
    return end;
  }
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

/** The value of a header, all of them where it is there several times; null where it is not. */
function header(answer: UpstreamAnswer, name: string): string | null {
  const values = answer.headers.flatMap(([candidate, value]) => (candidate.toLowerCase() === name ? [value] : []));
  return values.length === 0 ? null : values.join(', ');
}
