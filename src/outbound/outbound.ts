import { Agent, type Dispatcher, errors } from 'undici';
import { isLoopback } from '../model/host.ts';
import { AddressRefused, ConnectFailed, checkedConnector } from './connect.ts';
import { errorWord, OutboundError } from './error.ts';

export interface OutboundOptions {
  /** Refuse private, loopback and link-local addresses by default; for hosts that callers name. Default false. */
  readonly publicOnly?: boolean;
  /** Milliseconds from the call to the last byte, where a request names none. Default 10,000. */
  readonly deadlineMs?: number;
  /** Largest response body in bytes, where a request names none. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Milliseconds to connect, within the deadline. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** Connections kept per host. Default 8. */
  readonly connections?: number;
}

export interface OutboundRequest {
  readonly url: string | URL;
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'LIST';
  /** Lower-case names. `accept-encoding` is always `identity`. */
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  readonly maxBytes?: number;
  /** PEM of the certificate authorities to trust for this host instead of the built-in ones. */
  readonly ca?: string;
  readonly publicOnly?: boolean;
}

export interface OutboundResponse {
  /** Never 3xx, except 304. */
  readonly status: number;
  /** Lower-case names; repeated headers joined by `, `. Has a null prototype. */
  readonly headers: { readonly [name: string]: string };
  readonly body: Buffer;
}

/** HTTP that the gateway itself does (keys of identity providers, Vault, token exchange, webhooks). */
export interface Outbound {
  /**
   * One request, one whole response of any status but a redirect; nothing is sent twice. https only, except to a
   * loopback host. Rejects with `OutboundError`, which holds nothing of the request but the host.
   */
  request(request: OutboundRequest): Promise<OutboundResponse>;
  /** Aborts what is under way and closes every connection. */
  close(): Promise<void>;
}

/** Makes the guarded client. Connections are kept and shared per host, certificate authority and address rule. */
export function createOutbound(options: OutboundOptions = {}): Outbound {
  const agents = new Map<string, Agent>();
  const closing = new AbortController();

  const agentFor = (publicOnly: boolean, ca: string | null): Agent => {
    const key = `${publicOnly ? 'public' : 'any'} ${ca ?? ''}`;
    let agent = agents.get(key);
    if (!agent) {
      const timeoutMs = options.connectTimeoutMs ?? 5_000;
      agent = new Agent({
        connect: checkedConnector({ publicOnly, ca, timeoutMs }),
        connections: options.connections ?? 8,
        maxHeaderSize: 32_768,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      agents.set(key, agent);
    }
    return agent;
  };

  return {
    async request(request) {
      const url = fetchableUrl(request.url);
      const agent = agentFor(request.publicOnly ?? options.publicOnly ?? false, request.ca ?? null);
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), request.deadlineMs ?? options.deadlineMs ?? 10_000);
      const signals = [deadline.signal, closing.signal];
      if (request.signal) signals.push(request.signal);
      try {
        const response = await agent.request({
          origin: url.origin,
          path: url.pathname + url.search,
          method: (request.method ?? 'GET') as Dispatcher.HttpMethod,
          headers: { ...request.headers, 'accept-encoding': 'identity' },
          body: request.body ?? null,
          signal: AbortSignal.any(signals),
        });
        return await readResponse(response, url.origin, request.maxBytes ?? options.maxBytes ?? 1_048_576);
      } catch (error) {
        if (error instanceof OutboundError) throw error;
        if (deadline.signal.aborted) throw new OutboundError('timeout', url.origin);
        if (closing.signal.aborted || request.signal?.aborted) throw new OutboundError('aborted', url.origin);
        throw translate(error, url.origin);
      } finally {
        clearTimeout(timer);
      }
    },
    async close() {
      closing.abort();
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

function fetchableUrl(given: string | URL): URL {
  const url = URL.parse(String(given));
  if (!url) throw new OutboundError('url', 'a URL that cannot be parsed');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new OutboundError('url', `${url.protocol}//${url.host}`, 'https_only');
  }
  if (url.username || url.password) throw new OutboundError('url', url.origin, 'user_in_url');
  return url;
}

async function readResponse(
  response: Dispatcher.ResponseData,
  origin: string,
  maxBytes: number,
): Promise<OutboundResponse> {
  const { statusCode: status, body } = response;
  const headers: { [name: string]: string } = Object.create(null);
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const fault = responseFault(status, headers, maxBytes, origin);
  if (fault) {
    // The connection is dropped with the unread body; its own abort error is of no interest.
    body.on('error', () => {}).destroy();
    throw fault;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new OutboundError('too_large', origin);
    chunks.push(chunk);
  }
  return { status, headers, body: Buffer.concat(chunks, size) };
}

function responseFault(
  status: number,
  headers: OutboundResponse['headers'],
  maxBytes: number,
  origin: string,
): OutboundError | null {
  if (status >= 300 && status < 400 && status !== 304) return new OutboundError('redirect', origin, String(status));
  if (headers['content-encoding'] && headers['content-encoding'] !== 'identity') {
    return new OutboundError('protocol', origin, 'content_encoding');
  }
  if (Number(headers['content-length']) > maxBytes) return new OutboundError('too_large', origin);
  return null;
}

/** Undici's own errors may quote what was sent or received, so only their code word is kept. */
function translate(error: unknown, origin: string): OutboundError {
  if (error instanceof AddressRefused) return new OutboundError('address', origin);
  if (error instanceof ConnectFailed) return new OutboundError('connect', origin, errorWord(error));
  if (error instanceof errors.HTTPParserError) return new OutboundError('protocol', origin, errorWord(error));
  const word = errorWord(error);
  if (word === 'UND_ERR_HEADERS_OVERFLOW') return new OutboundError('protocol', origin, word);
  if (word === 'UND_ERR_INVALID_ARG') return new OutboundError('url', origin, word);
  return new OutboundError('broken', origin, word);
}
