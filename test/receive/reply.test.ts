import { createServer } from 'node:http';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Reply } from '../../src/model/exchange.ts';
import { ResponseReply } from '../../src/receive/reply.ts';

const closers: (() => unknown)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

/** A reply that has begun, to a caller that reads nothing until it is resumed. */
function replyTo(stalledMs: number): Promise<{ readonly reply: Reply; readonly caller: Socket }> {
  return new Promise((resolve) => {
    const server = createServer((_request, response) => {
      const reply = new ResponseReply(response, new AbortController(), stalledMs);
      reply.begin(200, []);
      resolve({ reply, caller });
    });
    let caller: Socket;
    closers.push(
      () => server.close(),
      () => server.closeAllConnections(),
    );
    server.listen(0, '127.0.0.1', () => {
      caller = createConnection((server.address() as AddressInfo).port, '127.0.0.1').pause();
      caller.on('error', () => undefined);
      caller.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    });
  });
}

/** More than the kernel takes for a caller that does not read. */
const much = Buffer.alloc(32 * 1024 * 1024);

describe('a caller that takes nothing', () => {
  it('loses its connection while the answer waits for it', async () => {
    const { reply } = await replyTo(50);
    await reply.write(much);
    await reply.done();
    expect(reply.write(much)).toBeUndefined();
  });

  it('loses its connection at the end of the answer, too', async () => {
    const { reply } = await replyTo(50);
    reply.end(much);
    await reply.done();
  });

  it('keeps it once it reads', async () => {
    const { reply, caller } = await replyTo(60_000);
    const waiting = reply.write(much);
    let received = 0;
    caller.on('data', (bytes) => {
      received += bytes.length;
    });
    caller.resume();
    await waiting;
    reply.end();
    await reply.done();
    expect(received).toBeGreaterThan(0);
    expect(caller.destroyed).toBe(false);
  });
});
