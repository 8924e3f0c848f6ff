import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createOutbound, type Outbound, OutboundError, type OutboundRequest } from '../../src/outbound/index.ts';
import { selfSignedCertificate } from './certificate.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  return `http://127.0.0.1:${await listen(server)}`;
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function client(...[options]: Parameters<typeof createOutbound>): Outbound {
  const outbound = createOutbound(options);
  closers.push(() => outbound.close());
  return outbound;
}

async function failure(outbound: Outbound, request: OutboundRequest): Promise<OutboundError> {
  const thrown = await outbound.request(request).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(OutboundError);
  return thrown as OutboundError;
}

describe('outbound', () => {
  it('sends method, headers and body, and returns status, headers and bytes', async () => {
    const url = await serve(async (req, res) => {
      const parts: Buffer[] = [];
      for await (const part of req) parts.push(part);
      res.writeHead(418, { 'x-two': ['a', 'b'], 'content-type': 'application/json' });
      res.end(
        JSON.stringify({
          method: req.method,
          url: req.url,
          ask: req.headers['x-ask'],
          body: String(Buffer.concat(parts)),
          encoding: req.headers['accept-encoding'],
        }),
      );
    });
    const response = await client().request({
      url: `${url}/a/b?c=d#e`,
      method: 'POST',
      headers: { 'x-ask': 'yes' },
      body: 'hello',
    });
    expect(response.status).toBe(418);
    expect(response.headers['x-two']).toBe('a, b');
    expect(JSON.parse(String(response.body))).toEqual({
      method: 'POST',
      url: '/a/b?c=d',
      ask: 'yes',
      body: 'hello',
      encoding: 'identity',
    });
  });

  it.each([301, 302, 303, 307, 308])('never follows a %i', async (status) => {
    let followed = 0;
    const url = await serve((req, res) => {
      if (req.url === '/next') followed++;
      res.writeHead(status, { location: '/next' }).end();
    });
    const error = await failure(client(), { url });
    expect([error.code, error.detail, followed]).toEqual(['redirect', String(status), 0]);
  });

  it('stops at the size cap, before any body where the length is announced', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/fits') res.end('x'.repeat(1000));
      else if (req.url === '/announced') res.writeHead(200, { 'content-length': 1001 }).flushHeaders();
      else {
        res.write('x'.repeat(1000));
        res.write('x');
      }
    });
    const outbound = client({ maxBytes: 1000 });
    expect((await failure(outbound, { url: `${url}/announced` })).code).toBe('too_large');
    expect((await failure(outbound, { url: `${url}/chunked` })).code).toBe('too_large');
    expect((await outbound.request({ url: `${url}/fits` })).body.length).toBe(1000);
  });

  it('ends at the total deadline, before the head and while a body trickles', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/silent') return;
      res.write('a');
      const timer = setInterval(() => res.write('a'), 20);
      res.on('close', () => clearInterval(timer));
    });
    const outbound = client();
    expect((await failure(outbound, { url: `${url}/silent`, deadlineMs: 100 })).code).toBe('timeout');
    expect((await failure(outbound, { url: `${url}/trickle`, deadlineMs: 100 })).code).toBe('timeout');
  });

  it('obeys the signal of the caller and its own close', async () => {
    const url = await serve(() => {});
    const outbound = client();
    const abort = new AbortController();
    const aborted = failure(outbound, { url, signal: abort.signal });
    abort.abort();
    expect((await aborted).code).toBe('aborted');
    const closed = failure(outbound, { url });
    await outbound.close();
    expect((await closed).code).toBe('aborted');
  });

  it('takes plain http to a loopback host only, and no user name in a URL', async () => {
    const outbound = client();
    for (const url of [
      'http://example.com/',
      'ftp://127.0.0.1/',
      'file:///etc/passwd',
      'http://127.0.0.1@example.com/',
      'http://localhost.example.com',
      'nonsense',
    ]) {
      expect((await failure(outbound, { url })).code).toBe('url');
    }
    expect((await failure(outbound, { url: 'https://me@127.0.0.1/' })).detail).toBe('user_in_url');
    expect((await failure(outbound, { url: 'https://:pass@127.0.0.1/' })).detail).toBe('user_in_url');
  });

  it('refuses a connected address that is not public where only public ones are allowed', async () => {
    let connections = 0;
    const url = await serve((_req, res) => res.end());
    const server = createTcpServer((socket) => {
      socket.on('data', () => connections++);
      socket.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const outbound = client({ publicOnly: true });
    const error = await failure(outbound, { url: `https://localhost:${port}/` });
    expect([error.code, error.unsent, connections]).toEqual(['address', true, 0]);
    expect((await failure(outbound, { url })).code).toBe('address');
    expect((await outbound.request({ url, publicOnly: false })).status).toBe(200);
  });

  it('tells a connection that was never made from one that broke', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const outbound = client();
    const broken = await failure(outbound, { url: `http://127.0.0.1:${port}/` });
    expect([broken.code, broken.unsent]).toEqual(['broken', false]);
    server.close();
    await once(server, 'close');
    const refused = await failure(outbound, { url: `http://127.0.0.1:${port}/` });
    expect([refused.code, refused.detail, refused.unsent]).toEqual(['connect', 'ECONNREFUSED', true]);
  });

  it('reports a response that is cut, malformed or encoded', async () => {
    const answers: { [path: string]: string } = {
      '/cut': 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort',
      '/malformed': 'HTTP/1.1 200 OK\r\nbad header line\r\n\r\n',
    };
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (head) => socket.end(answers[String(head).split(' ')[1]!] ?? ''));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const zipped = await serve((_req, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{}')));
    const outbound = client();
    expect((await failure(outbound, { url: `${url}/cut` })).code).toBe('broken');
    expect((await failure(outbound, { url: `${url}/malformed` })).code).toBe('protocol');
    expect((await failure(outbound, { url: zipped })).detail).toBe('content_encoding');
  });

  it('trusts the given certificate authority and no other', async () => {
    const { key, cert } = selfSignedCertificate();
    const port = await listen(createTlsServer({ key, cert }, (_req, res) => res.end('safe')) as unknown as Server);
    const outbound = client();
    const refused = await failure(outbound, { url: `https://localhost:${port}/` });
    expect([refused.code, refused.detail, refused.unsent]).toEqual(['connect', 'DEPTH_ZERO_SELF_SIGNED_CERT', true]);
    expect(String((await outbound.request({ url: `https://localhost:${port}/`, ca: cert })).body)).toBe('safe');
  });

  it('keeps secrets of request and response out of every error', async () => {
    const secret = 'hvs.planted-secret';
    const url = await serve((_req, res) =>
      res.writeHead(302, { location: `/${secret}`, 'x-echo': secret }).end(secret),
    );
    const broken = createTcpServer((socket) =>
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${secret}\r\n\r\n`)),
    );
    broken.listen(0, '127.0.0.1');
    await once(broken, 'listening');
    closers.push(() => broken.close());
    const outbound = client();
    const request = { method: 'POST', headers: { authorization: secret, 'x-bad': 'ok' }, body: secret } as const;
    const errors = [
      await failure(outbound, { ...request, url: `${url}/${secret}?${secret}` }),
      await failure(outbound, {
        ...request,
        url: `http://127.0.0.1:${(broken.address() as AddressInfo).port}/${secret}`,
      }),
      await failure(outbound, { ...request, url, headers: { authorization: `${secret}\r\n` } }),
      await failure(outbound, { ...request, url: `http://${secret}@127.0.0.1/` }),
    ];
    for (const error of errors)
      expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain(secret);
  });
});
