import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Koa from 'koa';
import { type Arrival, newRequestId } from './frame.ts';
import { createReply } from './reply.ts';

export interface DataServerOptions {
  /** Answers one request; never rejects. */
  readonly handle: (arrival: Arrival) => Promise<void>;
  /** Called for what Node's parser refused before there was a request. */
  readonly onMalformed: (code: string) => void;
  /** Called for an error outside any request. */
  readonly onFault: (error: Error) => void;
  readonly headersTimeoutMs: number;
}

/** An HTTP server that can be drained in two phases. */
export interface DrainableServer {
  /** Starts listening; resolves to the URL. Rejects when the port is taken. */
  listen(host: string, port: number): Promise<string>;
  /** Stops accepting, lets running exchanges finish for `graceMs`, then resets what is left. */
  drain(graceMs: number): Promise<void>;
}

/** The data port: Koa in front, and from there the pipeline answers through its own `Reply`. */
export function createDataServer(options: DataServerOptions): DrainableServer {
  const app = new Koa();
  app.silent = true;
  app.on('error', options.onFault);
  app.use(async (context) => {
    context.respond = false;
    await options.handle(arrive(context.req, context.res));
  });
  const server = createServer(
    {
      // Ours counts the headers; Node's own limit would drop the surplus silently.
      maxHeaderSize: 16 * 1024,
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: 0,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 65_000,
      noDelay: true,
      insecureHTTPParser: false,
    },
    app.callback(),
  );
  server.maxHeadersCount = 0;
  server.on('upgrade', (_request, socket) => socket.destroy());
  server.on('connect', (_request, socket) => socket.destroy());
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => answerMalformed(error, socket, options));
  return drainable(server);
}

function arrive(message: IncomingMessage, response: ServerResponse): Arrival {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  // Without a listener an error on a socket that the client reset would end the process.
  response.on('error', () => gone.abort());
  return { id: newRequestId(), startedAt: Date.now(), message, reply: createReply(response), signal: gone.signal };
}

function answerMalformed(error: NodeJS.ErrnoException, socket: Socket, options: DataServerOptions): void {
  const code = error.code ?? 'UNKNOWN';
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  options.onMalformed(code);
  const [status, phrase, type] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large', 'invalid_request_error']
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout', 'invalid_request_error']
        : [400, 'Bad Request', 'invalid_request_error'];
  const id = newRequestId();
  const message = 'The request is not well-formed HTTP for this gateway.';
  const body = JSON.stringify({ type: 'error', error: { type, message }, request_id: id });
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `request-id: ${id}`,
    'x-should-retry: false',
    'connection: close',
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}

/** Wraps a server with `listen` and a two-phase `drain`. */
export function drainable(server: Server): DrainableServer {
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const { port: bound } = server.address() as AddressInfo;
          resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
        });
      }),
    drain: (graceMs) =>
      new Promise((resolve) => {
        if (!server.listening) return resolve();
        const force = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(force);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
