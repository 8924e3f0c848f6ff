import { Pool } from 'undici';
import { GatewayError } from '../errors.ts';

/** What is sent to Claude. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, as the caller sent them. */
  readonly target: string;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  readonly body: Uint8Array | null;
  /** Aborts the request and closes its connection. */
  readonly signal: AbortSignal;
}

/** Claude's answer: its head, and a body that waits until it is consumed. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /**
   * Feeds the body to `onChunk` until its end. Where `onChunk` returns a promise the socket is paused meanwhile.
   *
   * @throws whatever `onChunk` throws; GatewayError UPSTREAM_PROTOCOL, UPSTREAM_TIMEOUT when the body breaks off
   */
  consume(onChunk: (chunk: Uint8Array) => Promise<void> | undefined): Promise<void>;
  /**
   * All that was wanted has come: `consume` resolves once what it works on is done. The rest is read and thrown away for
   * a moment, so that the connection may serve again; where it does not end by then, the connection is closed.
   */
  enough(): void;
  /** Gives the answer up and closes its connection. */
  abort(): void;
}

/** How long the end of a body may take once its message is complete: mostly it is on its way already. */
const LINGER_MS = 1000;

export interface UpstreamOptions {
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** The longest wait for headers and between two pieces of the body. */
  readonly idleTimeoutMs: number;
  readonly headersTimeoutMs: number;
}

export interface Upstream {
  /** @throws GatewayError UPSTREAM_CONNECT, UPSTREAM_TIMEOUT, UPSTREAM_PROTOCOL */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>;
  close(): Promise<void>;
}

/** The HTTP client for the one configured upstream. It follows no redirect and never resends by itself. */
export function createUpstream(options: UpstreamOptions): Upstream {
  const base = new URL(options.url);
  const prefix = base.pathname.replace(/\/$/, '');
  const pool = new Pool(base.origin, {
    connections: null,
    pipelining: 1,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.idleTimeoutMs,
    connect: { timeout: options.connectTimeoutMs },
    keepAliveTimeout: 30_000,
  });
  return {
    send: (request) => dispatch(pool, prefix, request),
    close: () => pool.destroy(),
  };
}

type Controller = { pause(): void; resume(): void; abort(reason: Error): void; readonly rawHeaders?: unknown };

function dispatch(pool: Pool, prefix: string, request: UpstreamRequest): Promise<UpstreamAnswer> {
  return new Promise((resolve, reject) => {
    let controller: Controller | null = null;
    let onChunk: ((chunk: Uint8Array) => Promise<void> | undefined) | null = null;
    let settle: { resolve: () => void; reject: (error: Error) => void } | null = null;
    let ended = false;
    let failure: Error | null = null;
    let lingering: NodeJS.Timeout | undefined;
    /** What `onChunk` still does with the last chunk: the end of the body may come before it is done. */
    let working: Promise<unknown> | null = null;
    const gone = () => {
      const { reason } = request.signal;
      controller?.abort(
        reason instanceof GatewayError ? reason : new GatewayError('UPSTREAM_CONNECT', 'the caller is gone'),
      );
    };

    const fail = (error: Error) => {
      clearTimeout(lingering);
      request.signal.removeEventListener('abort', gone);
      const failed = error instanceof GatewayError ? error : upstreamError(error);
      failure = failed;
      // What came whole before the connection broke is worked through first.
      if (settle) afterWork(() => settle?.reject(failed));
      else reject(failed);
    };

    const afterWork = (then: () => void) => {
      if (working) working.then(then, then);
      else then();
    };

    // The fault of a step is told as it is, not as a fault of Claude.
    const giveUp = (started: Controller, error: Error) => {
      settle?.reject(error);
      started.abort(error);
    };

    pool.dispatch(
      {
        path: prefix + request.target,
        method: request.method,
        headers: request.headers as string[],
        body: request.body,
      },
      {
        onRequestStart(started) {
          controller = started;
          if (request.signal.aborted) gone();
          else request.signal.addEventListener('abort', gone, { once: true });
        },
        onResponseStart(started, status) {
          // An interim answer (RFC 9110 section 15.2): the final one follows.
          if (status < 200) return;
          started.pause();
          resolve({
            status,
            headers: pairs(started.rawHeaders),
            consume(listener) {
              onChunk = listener;
              return new Promise<void>((done, broken) => {
                settle = { resolve: done, reject: broken };
                if (failure) broken(failure);
                else if (ended) done();
                else started.resume();
              });
            },
            enough() {
              onChunk = null;
              if (!ended) lingering = setTimeout(giveUp, LINGER_MS, started, givenUp()).unref();
              afterWork(() => settle?.resolve());
            },
            abort: () => started.abort(givenUp()),
          });
        },
        onResponseData(started, chunk) {
          try {
            const wait = onChunk?.(chunk);
            if (!wait) return;
            started.pause();
            working = wait.then(
              () => {
                working = null;
                started.resume();
              },
              (error: Error) => giveUp(started, error),
            );
          } catch (error) {
            giveUp(started, error as Error);
          }
        },
        onResponseEnd() {
          clearTimeout(lingering);
          request.signal.removeEventListener('abort', gone);
          ended = true;
          afterWork(() => settle?.resolve());
        },
        onResponseError(_controller, error) {
          fail(error);
        },
      },
    );
  });
}

function givenUp(): GatewayError {
  return new GatewayError('UPSTREAM_PROTOCOL', 'given up');
}

function pairs(raw: unknown): readonly (readonly [name: string, value: string])[] {
  const list = raw as readonly (Buffer | string)[];
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < list.length; i += 2) {
    headers.push([list[i]!.toString('latin1' as never), list[i + 1]!.toString('latin1' as never)]);
  }
  return headers;
}

const timeouts = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const connects = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Maps a failure of the HTTP client; its own text stays in the private detail. */
function upstreamError(error: Error): GatewayError {
  const { code = error.name, syscall } = error as NodeJS.ErrnoException;
  if (timeouts.has(code)) return new GatewayError('UPSTREAM_TIMEOUT', code, { cause: error });
  // Whatever keeps a connection from being made (no route, no free descriptor), nothing was sent.
  if (connects.has(code) || syscall === 'connect') return new GatewayError('UPSTREAM_CONNECT', code, { cause: error });
  return new GatewayError('UPSTREAM_PROTOCOL', code, { cause: error });
}
