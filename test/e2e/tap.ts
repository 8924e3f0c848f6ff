import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

/** One connection through the tap, as raw bytes in both directions. */
export interface TappedConnection {
  readonly sent: Buffer[];
  readonly received: Buffer[];
}

/** A TCP relay that keeps what passes: what a test says of bytes is said of these. */
export interface Tap {
  readonly url: string;
  readonly connections: readonly TappedConnection[];
  /** All requests that went through, in the order of their connections. */
  requests(): HttpMessage[];
  /** All answers that came back, in the order of their connections. */
  answers(): HttpMessage[];
  close(): Promise<void>;
}

/** Puts a tap in front of an `http://127.0.0.1:PORT` URL. */
export async function startTap(target: string): Promise<Tap> {
  const port = Number(new URL(target).port);
  const connections: TappedConnection[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const connection: TappedConnection = { sent: [], received: [] };
    connections.push(connection);
    const far = createConnection(port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => connection.sent.push(bytes));
    far.on('data', (bytes: Buffer) => connection.received.push(bytes));
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections,
    requests: () => connections.flatMap(({ sent }) => parseMessages(Buffer.concat(sent))),
    answers: () => connections.flatMap(({ received }) => parseMessages(Buffer.concat(received))),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** One HTTP/1.1 message as it stood on the wire; the body without its framing. */
export interface HttpMessage {
  readonly startLine: string;
  /** Lower-case name, value; in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** False when the bytes ended inside it. */
  readonly whole: boolean;
}

/** The messages in the bytes of one direction of a connection. */
export function parseMessages(bytes: Buffer): HttpMessage[] {
  const messages: HttpMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', at);
    if (end < 0) break;
    const [startLine = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n');
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
    const value = (name: string) => headers.find(([candidate]) => candidate === name)?.[1];
    at = end + 4;
    if (value('transfer-encoding') === 'chunked') {
      const chunked = readChunks(bytes, at);
      messages.push({ startLine, headers, body: chunked.body, whole: chunked.whole });
      at = chunked.end;
    } else {
      const length = Number(value('content-length') ?? 0);
      const body = bytes.subarray(at, at + length);
      messages.push({ startLine, headers, body, whole: body.length === length });
      at += length;
    }
  }
  return messages;
}

function readChunks(bytes: Buffer, from: number): { body: Buffer; end: number; whole: boolean } {
  const pieces: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { body: Buffer.concat(pieces), end: bytes.length, whole: false };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2;
    if (size === 0) return { body: Buffer.concat(pieces), end: at + 2, whole: true };
    if (at + size > bytes.length) {
      pieces.push(bytes.subarray(at));
      return { body: Buffer.concat(pieces), end: bytes.length, whole: false };
    }
    pieces.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
}
