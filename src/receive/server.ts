import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import Koa from 'koa';
import { type ErrorCode, errorTable, StartError } from '../errors.ts';
import { errorEnvelope } from './envelope.ts';
import { type Arrival, newRequestId } from './frame.ts';
import { ResponseReply } from './reply.ts';
import type { Web } from './web.ts';

export interface DataServerOptions {
  /** Routes in front of `handle` that never forward. */
  readonly web?: Web;
  /** Answers one request; never rejects. */
  readonly handle: (arrival: Arrival) => Promise<void>;
  /** Called for what Node's parser refused before there was a request. */
  readonly onMalformed: (code: string) => void;
  /** Called for an error outside any request. */
  readonly onFault: (error: Error) => void;
  /** For the headers of a request, and for what is left of its body once its answer is out. */
  readonly headersTimeoutMs: number;
}

/** A server of one port. */
export interface PortServer {
  /** Starts listening; resolves to the URL. Rejects with `StartError` when the port is taken. */
  listen(host: string, port: number): Promise<string>;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

/** The data port: Koa in front, and from there the pipeline answers through its own `Reply`. */
export function createDataServer(options: DataServerOptions): PortServer {
  const answeredByWeb: Web['answer'] = options.web?.answer ?? (async () => false);
  const app = new DataPort();
  app.silent = true;
  app.on('error', (error: NodeJS.ErrnoException) => {
    // A caller that resets its connection is no fault of ours; the exchange ends as `client_gone`.
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') options.onFault(error);
  });
  app.use(({ req, res }) => {
    // Node drops what came behind such a request, so nothing may come on its connection any more.
    if (req.headers.upgrade !== undefined) res.shouldKeepAlive = false;
    endUnread(req, res, options.headersTimeoutMs);
    // Nothing waits for the end: what waits is kept, and a request may be held for minutes.
    void answeredByWeb(req, res).then((answered) => (answered ? undefined : options.handle(arrive(req, res))));
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
      // An offer may be ignored (RFC 9110 section 7.8): Java's client offers h2c on every plain connection.
      shouldUpgradeCallback: () => false,
    },
    app.callback(),
  );
  server.maxHeadersCount = 0;
  server.on('connect', (_request, socket) => socket.destroy());
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => answerMalformed(error, socket, options));
  return portServer(server);
}

/**
 * Nobody reads the body of a refused request; it is taken off the connection for as long as it comes, so that the
 * caller can read the refusal. One that does not end is cut off.
 */
function endUnread(message: IncomingMessage, response: ServerResponse, timeoutMs: number): void {
  response.once('finish', () => {
    if (message.complete) return;
    // Node does it by itself only where nobody has begun to read.
    message.removeAllListeners('readable').resume();
    // Nobody is told when it ends after all, and then the connection has other requests.
    setTimeout(() => message.complete || message.destroy(), timeoutMs).unref();
  });
}

/**
 * Koa, but the pipeline answers and knows when it is over: Koa's own watch over each response and its socket would cost
 * 4 kB of every request that is held.
 */
class DataPort extends Koa {
  handleRequest(context: Koa.Context, middleware: (context: Koa.Context) => Promise<void>): Promise<void> {
    return middleware(context).catch((error: Error) => context.onerror(error));
  }
}

function arrive(message: IncomingMessage, response: ServerResponse): Arrival {
  const gone = new AbortController();
  return {
    id: newRequestId(),
    startedAt: Date.now(),
    message,
    reply: new ResponseReply(response, gone),
    signal: gone.signal,
    stop: (reason) => gone.abort(reason),
  };
}

/** What Node's parser refuses, by its code; anything else is a fault of the framing. */
const codeOfMalformed: ReadonlyMap<string, ErrorCode> = new Map([
  ['HPE_HEADER_OVERFLOW', 'HEADERS_TOO_LARGE'],
  ['ERR_HTTP_REQUEST_TIMEOUT', 'BODY_TIMEOUT'],
]);

function answerMalformed(error: NodeJS.ErrnoException, socket: Socket, options: DataServerOptions): void {
  const code = error.code ?? 'UNKNOWN';
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  options.onMalformed(code);
  const known = codeOfMalformed.get(code) ?? 'FRAMING';
  const { status, type, text: message } = errorTable[known];
  const id = newRequestId();
  const body = errorEnvelope(id, { type, code: known, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `request-id: ${id}`,
    'x-should-retry: false',
    'connection: close',
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}

/** Wraps a server. */
export function portServer(server: Server): PortServer {
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const fail = (error: NodeJS.ErrnoException) => reject(listenFault(error, host, port));
        server.once('error', fail);
        server.listen(port, host, () => {
          server.off('error', fail);
          const { port: bound } = server.address() as AddressInfo;
          resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        if (!server.listening) return resolve();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE')
    return new StartError(`cannot listen on ${host}:${port} (${error.code})`, { cause: error });
  return new StartError(
    `${host}:${port} is in use already. Stop what listens there, or choose another port: listen.data and listen.admin in the configuration, --listen and --admin of \`sallyport dev\`.`,
    { cause: error },
  );
}
