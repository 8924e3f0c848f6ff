import { connect, type Socket } from 'node:net';
import { findTool, howToGet } from '../../tools/find.ts';
import { requestBody, streamedEvents } from './exchange.ts';
import { figure, median, note } from './figure.ts';
import type { Way } from './hold_gateway.ts';
import type { Load, Measured } from './load.ts';
import type { Memory } from './memory.ts';
import { type Running, start } from './process.ts';

/** Requests that are held at one time to see what one of them takes. */
const heldRequests = 300;

/**
 * What waiting for policy and for humans costs: a text stream whose pieces are judged beside the same stream without,
 * and the memory of a request that is held.
 */
export async function holdFigures(rounds: number): Promise<void> {
  if (findTool('opa') === null) {
    console.log(`skipped hold: ${howToGet('opa')}`);
    return;
  }
  const stub = await start('stub.ts');
  const [gateway, load] = await Promise.all([start('hold_gateway.ts', stub.url), start('load.ts')]);
  try {
    await chunkFigures(gateway, load, rounds);
    await memoryFigures(gateway, Math.min(rounds, 3));
  } finally {
    for (const child of [stub, gateway, load]) child.stop();
  }
}

async function tokenOf(gateway: Running, way: Way): Promise<string> {
  return (await gateway.ask<{ readonly token: string }>({ ask: 'token', way })).token;
}

/** The three ways take turns in one process, so that they share its mood and its compiled code. */
async function chunkFigures(gateway: Running, load: Running, rounds: number): Promise<void> {
  const names = ['off', 'on_detection', 'every'] as const;
  const ways = [];
  for (const way of names) ways.push({ way, token: await tokenOf(gateway, way), costs: [] as number[] });
  // The first rounds are for V8: it optimises a long path of code only after tens of thousands of events.
  const warmUp = 3;
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const { token, costs } of ways) {
      const asked: Load = { url: gateway.url, token, connections: 2, stream: true, warmUpMs: 0, ms: 1500 };
      const before = await gateway.ask<NodeJS.CpuUsage>({ ask: 'cpu' });
      const { requests } = await load.ask<Measured>(asked);
      const after = await gateway.ask<NodeJS.CpuUsage>({ ask: 'cpu' });
      const cpu = after.user - before.user + after.system - before.system;
      if (round >= warmUp) costs.push(cpu / (requests * streamedEvents));
    }
  }
  const [off, ...judged] = ways;
  note('event_chunk_off', median(off!.costs), 'us');
  for (const { way, costs } of judged) {
    note(`event_chunk_${way}`, median(costs), 'us');
    // Of each round, so that a slow one counts for both sides.
    figure(`chunk_${way}_to_off`, median(costs.map((cost, round) => cost / off!.costs[round]!)), 'x', '<=', 1.2);
  }
}

async function memoryFigures(gateway: Running, rounds: number): Promise<void> {
  const token = await tokenOf(gateway, 'held');
  const [streams, calls, resident]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds + 1; round++) {
    for (const [stream, each] of [
      [true, streams],
      [false, calls],
    ] as const) {
      const { used, rss } = await memoryOfHolds(gateway, token, stream, round);
      // The first round fills caches and lists that stay.
      if (round === 0) continue;
      each.push(used);
      resident.push(rss);
    }
  }
  note('idle_connection', (await memoryOfConnections(gateway)) / 1000, 'kB');
  note('held_stream_floor', (await floor()) / 1000, 'kB');
  note('held_request_body', requestBody(true).length / 1000, 'kB');
  note('held_request_resident', median(resident) / 1000, 'kB');
  figure('held_stream', median(streams) / 1000, 'kB', '<=', 20);
  figure('held_call', median(calls) / 1000, 'kB', '<=', 20);
}

/** Bytes of the same request where Node's own server holds it and does nothing else. */
async function floor(): Promise<number> {
  const server = await start('hold_floor.ts');
  try {
    await memoryOfHolds(server, 'none', true, 0);
    return (await memoryOfHolds(server, 'none', true, 1)).used;
  } finally {
    server.stop();
  }
}

/** Bytes of one connection on which nothing was asked, which is part of every held request. */
async function memoryOfConnections(gateway: Running): Promise<number> {
  const { port, hostname } = new URL(gateway.url);
  const before = await atRest(gateway);
  const sockets = Array.from({ length: heldRequests }, () => connect(Number(port), hostname));
  await settled();
  const during = await gateway.ask<Memory>({ ask: 'memory' });
  for (const socket of sockets) socket.destroy();
  await settled();
  return (during.used - before.used) / heldRequests;
}

/** Bytes of one request among several hundred that wait for humans, its body and its connection included. */
async function memoryOfHolds(gateway: Running, token: string, stream: boolean, round: number): Promise<Memory> {
  const sockets: Socket[] = [];
  const before = await atRest(gateway);
  try {
    for (let i = 0; i < heldRequests; i += 20) {
      const names = Array.from({ length: 20 }, (_, at) => `${round}.${i + at}`);
      sockets.push(...(await Promise.all(names.map((name) => hold(gateway.url, token, stream, name)))));
    }
    await settled();
    // Their questions are written one after the other, each with buffers of its own until then.
    const during = await atRest(gateway);
    return { used: (during.used - before.used) / heldRequests, rss: (during.rss - before.rss) / heldRequests };
  } finally {
    for (const socket of sockets) socket.destroy();
    await settled();
  }
}

/** Memory once it no longer falls: what ended just before is let go in several steps. */
async function atRest(gateway: Running): Promise<Memory> {
  let memory = await gateway.ask<Memory>({ ask: 'memory' });
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const later = await gateway.ask<Memory>({ ask: 'memory' });
    const falls = later.used < memory.used - 50_000;
    memory = later;
    if (!falls) break;
  }
  return memory;
}

/** Sends a request that nobody sent before. A held stream shows its head; a held call shows nothing. */
async function hold(url: string, token: string, stream: boolean, name: string): Promise<Socket> {
  const { port, hostname, host } = new URL(url);
  const body = requestBody(stream).replace('Read the report', `Read report ${name} of ${stream}`);
  const lines = [
    'POST /v1/messages HTTP/1.1',
    `host: ${host}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    'anthropic-version: 2023-06-01',
    'user-agent: bench/1',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  const socket = connect({ port: Number(port), host: hostname, noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on('error', reject);
  socket.on('data', (bytes) => {
    if (bytes.toString('latin1').startsWith('HTTP/1.1 200')) resolve();
    else reject(new Error(`${url} answered ${bytes.toString('latin1', 0, 400)}`));
  });
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  if (stream) await promise;
  else promise.catch(() => socket.destroy());
  return socket;
}

/** The gateway has taken, or has noticed the end of, all requests by then. */
function settled(): Promise<unknown> {
  return new Promise((resolve) => setTimeout(resolve, 1500));
}
