/** The load generator, a process of its own: sends the same request over kept-alive connections and times the answers. */
import { connect } from 'node:net';
import { requestBody, streamedEvents } from './exchange.ts';
import { quantile } from './figure.ts';
import { createReader } from './reader.ts';

export interface Load {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  readonly stream: boolean;
  readonly warmUpMs: number;
  readonly ms: number;
}

export interface Measured {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

function requestBytes({ url, token, stream }: Load): Buffer {
  const body = requestBody(stream);
  const lines = [
    'POST /v1/messages HTTP/1.1',
    `host: ${new URL(url).host}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    'anthropic-version: 2023-06-01',
    'user-agent: bench/1',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

async function run(load: Load): Promise<Measured> {
  const { port, hostname } = new URL(load.url);
  const request = requestBytes(load);
  const times: number[] = [];
  const begin = performance.now() + load.warmUpMs;
  const end = begin + load.ms;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let open = load.connections;

  for (let i = 0; i < load.connections; i++) {
    const socket = connect({ port: Number(port), host: hostname, noDelay: true });
    let sentAt = 0;
    const send = () => {
      sentAt = performance.now();
      socket.write(request);
    };
    const read = createReader(({ status, events }) => {
      const now = performance.now();
      if (status !== 200) reject(new Error(`${load.url} answered ${status}`));
      if (load.stream && events < streamedEvents) reject(new Error(`${load.url} sent ${events} events`));
      if (sentAt >= begin && now <= end) times.push(now - sentAt);
      if (now < end) return send();
      socket.end();
      if (--open === 0) resolve();
    });
    socket.on('connect', send).on('error', reject);
    socket.on('data', (bytes: Buffer) => {
      try {
        read(bytes);
      } catch (thrown) {
        reject(thrown);
      }
    });
    socket.on('close', () => {
      if (performance.now() < end) reject(new Error(`${load.url} closed a connection`));
    });
  }
  await promise;
  const sorted = Float64Array.from(times).sort();
  return {
    requests: sorted.length,
    perSecond: (sorted.length * 1000) / load.ms,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
  };
}

if (process.send !== undefined) {
  process.on('message', (load: Load) => {
    run(load).then(
      (measured) => process.send?.(measured),
      (thrown) => process.send?.({ fault: String(thrown) }),
    );
  });
  process.send({ url: 'ready' });
}
