import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createUpstream, type Upstream } from '../../src/forward/upstream.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return listen(server);
}

async function serveTcp(handler: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    handler(socket);
  });
  closers.push(
    () => server.close(),
    () => {
      for (const socket of sockets) socket.destroy();
    },
  );
  return listen(server);
}

function upstreamAt(url: string): Upstream {
  const upstream = createUpstream({ url, connectTimeoutMs: 500, idleTimeoutMs: 300, headersTimeoutMs: 300 });
  closers.push(() => upstream.close());
  return upstream;
}

function post(signal = new AbortController().signal) {
  const headers = ['content-type', 'application/json'];
  return { method: 'POST', target: '/v1/messages?beta=true', headers, body: Buffer.from('{}'), signal } as const;
}

async function whole(upstream: Upstream): Promise<string> {
  const answer = await upstream.send(post());
  const chunks: Uint8Array[] = [];
  await answer.consume((chunk) => {
    chunks.push(chunk);
    return undefined;
  });
  return Buffer.concat(chunks).toString();
}

describe('the upstream client', () => {
  it('sends target, headers and body as given, below the path of its base URL', async () => {
    let seen = '';
    const url = await serve((request, response) => {
      request.on('data', (chunk) => {
        seen = `${request.method} ${request.url} ${request.headers['content-type']} ${chunk}`;
      });
      request.on('end', () => response.end('ok'));
    });
    expect(await whole(upstreamAt(`${url}/base/`))).toBe('ok');
    expect(seen).toBe('POST /base/v1/messages?beta=true application/json {}');
  });

  it('hands a redirect up as it is and does not follow it', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const answer = await upstreamAt(url).send(post());
    expect(answer.status).toBe(307);
    answer.abort();
    expect(requests).toBe(1);
  });

  it('holds the body back until it is consumed, and pauses the socket while a step waits', async () => {
    const total = 24 * 1024 * 1024;
    let accepted = 0;
    const url = await serve((_request, response) => {
      const push = () => {
        while (accepted < total) {
          accepted += 65_536;
          if (!response.write(Buffer.alloc(65_536))) return response.once('drain', push);
        }
        return response.end();
      };
      push();
    });
    const answer = await upstreamAt(url).send(post());
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let received = 0;
    const done = answer.consume((chunk) => {
      received += chunk.length;
      return received === chunk.length ? gate : undefined;
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    // What the kernel buffers on both sides is all that may be under way; the rest waits at the server.
    expect(accepted).toBeLessThan(total);
    release();
    await done;
    expect(received).toBe(total);
  });

  it.each<[string, string, (socket: Socket) => void]>([
    ['a reset before headers', 'UPSTREAM_PROTOCOL', (socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['no answer at all', 'UPSTREAM_TIMEOUT', () => undefined],
    [
      'a reset within the body',
      'UPSTREAM_PROTOCOL',
      (socket) =>
        socket.once('data', () =>
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', () => socket.resetAndDestroy()),
        ),
    ],
    [
      'a body that ends early',
      'UPSTREAM_PROTOCOL',
      (socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
    ],
    [
      'a body that stops coming',
      'UPSTREAM_TIMEOUT',
      (socket) => socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
    ],
    ['what is no HTTP', 'UPSTREAM_PROTOCOL', (socket) => socket.once('data', () => socket.write('220 smtp.test\r\n'))],
  ])('reports %s as %s', async (_what, code, handler) => {
    const upstream = upstreamAt(await serveTcp(handler));
    await expect(whole(upstream)).rejects.toMatchObject({ code });
  });

  it.each([
    ['the end of the body', 'HTTP/1.1 200 OK\r\n\r\nabc', null],
    ['the end of the connection', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', 'UPSTREAM_PROTOCOL'],
  ])('tells %s after the last chunk is worked through', async (_what, answered, code) => {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const url = await serveTcp((socket) => {
      socket.once('data', () => socket.end(answered)).once('close', () => resolve());
    });
    const answer = await upstreamAt(url).send(post());
    let worked = false;
    const end = answer.consume(async () => {
      await over;
      worked = true;
    });
    expect(await end.catch((error: { code: string }) => error.code)).toBe(code ?? undefined);
    expect(worked).toBe(true);
  });

  it('has enough at the end of what it wants: the connection serves again, or is closed where the body does not end', async () => {
    let made = 0;
    let closed = 0;
    let rest = '0\r\n\r\n';
    const url = await serveTcp((socket) => {
      made++;
      socket.on('close', () => closed++);
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nall\r\n');
        setTimeout((end: string) => socket.write(end), 50, rest);
      });
    });
    // Never silent for long enough to be given up for that.
    const upstream = createUpstream({ url, connectTimeoutMs: 500, idleTimeoutMs: 60_000, headersTimeoutMs: 60_000 });
    closers.push(() => upstream.close());
    const ask = async () => {
      const answer = await upstream.send(post());
      let text = '';
      await answer.consume((chunk) => {
        text += Buffer.from(chunk);
        answer.enough();
        return undefined;
      });
      return text;
    };
    let asked = 0;
    await expect
      .poll(async () => {
        expect(await ask()).toBe('all');
        return ++asked - made;
      })
      .toBeGreaterThan(0);
    expect(closed).toBe(0);
    rest = '';
    expect(await ask()).toBe('all');
    await expect.poll(() => closed, { timeout: 20_000 }).toBe(1);
  });

  it('takes interim answers for what they are', async () => {
    const url = await serveTcp((socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
      );
    });
    expect(await upstreamAt(url).send(post())).toMatchObject({ status: 200 });
  });

  it('reports a refused connection as UPSTREAM_CONNECT', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    await expect(whole(upstreamAt(url))).rejects.toMatchObject({ code: 'UPSTREAM_CONNECT' });
  });

  it('closes the connection when the caller is gone, before and within the answer', async () => {
    for (const early of [true, false]) {
      let closed = () => {};
      const gone = new Promise<void>((resolve) => {
        closed = resolve;
      });
      const url = await serve((request, response) => {
        request.socket.on('close', closed);
        request.resume();
        if (!early) response.write('first');
      });
      const caller = new AbortController();
      const upstream = upstreamAt(url);
      const sent = upstream.send(post(caller.signal)).then((answer) =>
        answer.consume(() => {
          caller.abort();
          return undefined;
        }),
      );
      if (early) setTimeout(() => caller.abort(), 20);
      await expect(sent).rejects.toBeInstanceOf(Error);
      await gone;
    }
  });

  it('passes on what its consumer throws, and closes the connection', async () => {
    const url = await serve((_request, response) => {
      response.write('one');
    });
    const answer = await upstreamAt(url).send(post());
    const failed = answer.consume(() => {
      throw new RangeError('not this');
    });
    await expect(failed).rejects.toThrow(RangeError);
  });
});
