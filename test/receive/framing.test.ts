import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toGatewayError } from '../../src/errors.ts';
import type { Identified } from '../../src/model/exchange.ts';
import { createFrameStep } from '../../src/receive/frame.ts';
import { createReadStep } from '../../src/receive/read.ts';
import { refuse } from '../../src/receive/refuse.ts';
import { createDataServer, type PortServer } from '../../src/receive/server.ts';

/** A data port whose only step is `frame`; what passes it is answered 200 with the target. */
let server: PortServer;
let port: number;
const malformed: string[] = [];

beforeAll(async () => {
  const frame = createFrameStep({ headers: 100 });
  server = createDataServer({
    handle: async (arrival) => {
      try {
        const framed = frame(arrival);
        const body = Buffer.from(JSON.stringify({ target: framed.route.target, action: framed.route.action }));
        arrival.reply.begin(200, [['content-length', String(body.length)]]);
        arrival.reply.end(body);
      } catch (thrown) {
        const request = { id: arrival.id, client: null, action: null, model: null };
        refuse(arrival.reply, request, toGatewayError(thrown), { claudeCodeDenialStatus: 451, retryAfterS: 30 });
      }
    },
    onMalformed: (code) => malformed.push(code),
    onFault: () => undefined,
    headersTimeoutMs: 10_000,
  });
  port = Number(new URL(await server.listen('127.0.0.1', 0)).port);
});

afterAll(() => server.close());

/** Sends raw bytes and gives the status and the whole answer; status 0 when the socket was closed without one. */
function send(raw: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    let text = '';
    const done = () => {
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), text });
    };
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (/\r\n\r\n[\s\S]*\}$/.test(text)) done();
    });
    socket.on('close', done);
    socket.on('error', done);
    socket.write(Buffer.from(raw, 'latin1'));
  });
}

const request = (target: string, headers = '', method = 'POST') =>
  `${method} ${target} HTTP/1.1\r\nHost: gateway.test:8787\r\n${headers}\r\n`;

describe('a body that is still coming when its request was answered', () => {
  it('is cut off after the time that headers may take', async () => {
    const impatient = createDataServer({
      handle: async ({ reply }) => {
        reply.begin(401, [['content-length', '0']]);
        reply.end();
      },
      onMalformed: () => undefined,
      onFault: () => undefined,
      headersTimeoutMs: 50,
    });
    const socket = createConnection(Number(new URL(await impatient.listen('127.0.0.1', 0)).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(request('/v1/messages', 'Transfer-Encoding: chunked\r\n'));
    const trickle = setInterval(() => socket.write('1\r\nx\r\n'), 5);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(trickle);
    await impatient.close();
  });

  // A connection that closes under a client that sends loses the answer too: Node's clients then report EPIPE.
  it.each([
    ['with a declared length over the limit', '/v1/messages', 'Content-Length: 3000000\r\n', 413],
    ['over the limit', '/v1/messages', 'Transfer-Encoding: chunked\r\n', 413],
    ['for a path that is not served', '/v1/files', 'Content-Length: 3000000\r\n', 404],
  ])('is taken off the connection to its end: %s', async (_what, path, length, status) => {
    const frame = createFrameStep({ headers: 100 });
    const read = createReadStep({ bytes: 1000, depth: 64, keys: 1000, timeoutMs: 10_000 });
    const server = createDataServer({
      handle: async (arrival) => {
        try {
          await read(frame(arrival) as Identified);
          arrival.reply.begin(200, [['content-length', '0']]);
          arrival.reply.end();
        } catch (thrown) {
          const request = { id: arrival.id, client: null, action: null, model: null };
          refuse(arrival.reply, request, toGatewayError(thrown), { claudeCodeDenialStatus: 451, retryAfterS: 30 });
        }
      },
      onMalformed: () => undefined,
      onFault: () => undefined,
      headersTimeoutMs: 10_000,
    });
    const socket = createConnection(Number(new URL(await server.listen('127.0.0.1', 0)).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
    const answers = () => new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
    const chunked = length.startsWith('Transfer');
    const piece = (bytes: number) =>
      chunked ? `${bytes.toString(16)}\r\n${'a'.repeat(bytes)}\r\n` : 'a'.repeat(bytes);
    const head = request(path, `Content-Type: application/json\r\n${length}`);
    socket.write(`${head}${piece(2_000)}`);
    expect(await answers()).toContain(`HTTP/1.1 ${status} `);
    socket.write(`${piece(2_998_000)}${chunked ? '0\r\n\r\n' : ''}${request('/v1/models', '', 'GET')}`);
    expect(await Promise.race([answers(), closed])).toContain('HTTP/1.1 200 ');
    socket.destroy();
    await server.close();
  });

  it('leaves the connection to later requests where it ended in time', async () => {
    const headersTimeoutMs = 50;
    const server = createDataServer({
      handle: async ({ message, reply }) => {
        message.read(1);
        if (message.method === 'GET') await new Promise((resolve) => setTimeout(resolve, 4 * headersTimeoutMs));
        reply.begin(200, [['content-length', '0']]);
        reply.end();
      },
      onMalformed: () => undefined,
      onFault: () => undefined,
      headersTimeoutMs,
    });
    const socket = createConnection(Number(new URL(await server.listen('127.0.0.1', 0)).port), '127.0.0.1');
    const answers = () => new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
    socket.write(request('/v1/messages', 'Content-Length: 2\r\n'));
    expect(await answers()).toContain('200 OK');
    socket.write(`ab${request('/v1/models', '', 'GET')}`);
    const closed = new Promise<string>((resolve) => socket.once('close', () => resolve('closed')));
    expect(await Promise.race([answers(), closed])).toContain('200 OK');
    socket.destroy();
    await server.close();
  });
});

describe('framing at the data port', () => {
  it.each([
    ['POST', '/v1/messages'],
    ['POST', '/v1/messages?beta=true'],
    ['POST', '/v1/messages/count_tokens?beta=true'],
    ['GET', '/v1/models?limit=1000'],
    ['GET', '/v1/models/claude-sonnet-4-5@20250929'],
  ])('lets %s %s in with its target unchanged', async (method, target) => {
    const answer = await send(request(target, '', method));
    expect(answer.status).toBe(200);
    expect(answer.text).toContain(`"target":"${target}"`);
  });

  it.each(['sallyport_gateway:8787', 'sallyport.agents.svc.cluster.local.:8787', 'gateway', '[::1]:8787', '10.0.0.7'])(
    'is a host: %s',
    async (host) => {
      expect((await send(`POST /v1/messages HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(200);
    },
  );

  it.each([
    '//v1/messages',
    '/v1/../v1/messages',
    '/v1/messages/',
    '/v1/messages/.',
    '/v1/%6dessages',
    '/v1%2fmessages',
    '/v1/messages;a=b',
    '/v1/messages/batches',
    '/v1/models/a/b',
    '/v1/models/..',
    '/V1/messages',
    '/v1/files',
    '/v1/organizations/api_keys',
    '/api/hello',
  ])('does not serve %s', async (target) => {
    expect((await send(request(target, '', 'GET'))).status).toBe(404);
    expect((await send(request(target))).status).toBe(404);
  });

  it.each([
    ['an absolute target', request('http://evil.test/v1/messages')],
    ['an asterisk', request('*', '', 'OPTIONS')],
    ['a fragment', request('/v1/messages#x')],
    ['a byte beyond ASCII in the target', request('/v1/messages?\xe4')],
    ['two hosts', request('/v1/messages', 'Host: other.test\r\n')],
    ['a host with user information', 'POST /v1/messages HTTP/1.1\r\nHost: good@evil.test\r\n\r\n'],
    ['two authorizations', request('/v1/messages', 'Authorization: Bearer a\r\nAuthorization: Bearer b\r\n')],
    ['two API keys', request('/v1/messages', 'x-api-key: a\r\nX-Api-Key: b\r\n')],
    ['an underscore twin', request('/v1/messages', 'x_api_key: a\r\n')],
    ['a prototype name', request('/v1/messages', '__proto__: a\r\n')],
    ['a transfer coding besides chunked', request('/v1/messages', 'Transfer-Encoding: gzip, chunked\r\n')],
    ['an unknown transfer coding', request('/v1/messages', 'Transfer-Encoding: xchunked\r\n')],
    ['length and transfer coding', request('/v1/messages', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n')],
    ['two lengths', request('/v1/messages', 'Content-Length: 3\r\nContent-Length: 4\r\n')],
    ['a folded header', request('/v1/messages', 'x-a: b\r\n c\r\n')],
    ['a space before the colon', request('/v1/messages', 'x-a : b\r\n')],
    ['a NUL in a value', request('/v1/messages', 'x-a: b\0c\r\n')],
    ['a bare CR', request('/v1/messages', 'x-a: b\rc\r\n')],
    ['no host', 'POST /v1/messages HTTP/1.1\r\n\r\n'],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('refuses %s with 400 and closes', async (_what, raw) => {
    const answer = await send(raw);
    expect(answer.status).toBe(400);
    expect(answer.text.toLowerCase()).toContain('connection: close');
    expect(answer.text).not.toContain('evil');
  });

  it('refuses 101 headers and headers over 16 KiB with 431', async () => {
    const many = Array.from({ length: 101 }, (_, i) => `x-h${i}: 1\r\n`).join('');
    expect((await send(request('/v1/messages', many))).status).toBe(431);
    expect((await send(request('/v1/messages', `x-big: ${'a'.repeat(17_000)}\r\n`))).status).toBe(431);
  });

  it('refuses other methods with 405 and says which it takes', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'TRACE', 'OPTIONS']) {
      const answer = await send(request('/v1/messages', '', method));
      expect(answer.status).toBe(405);
      expect(answer.text).toContain('POST');
    }
  });

  it('closes the socket on CONNECT', async () => {
    expect((await send('CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n')).status).toBe(0);
  });

  // The HTTP client of Java offers h2c on every plain connection.
  it.each([
    ['h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n'],
    ['websocket', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'],
  ])('takes no upgrade to %s: it answers in HTTP/1.1 and closes', async (_to, offer) => {
    const { status, text } = await send(request('/v1/messages', `${offer}Content-Length: 0\r\n`));
    expect(status).toBe(200);
    expect(text.toLowerCase()).toContain('connection: close');
  });

  it('says which paths it serves, and what to change where /v1 is there twice', async () => {
    expect((await send(request('/v1/secrets'))).text).toContain('only POST /v1/messages, ');
    // Claude Code takes a 404 for a model that does not exist and would hide the text.
    const { status, text } = await send(request('/v1/v1/messages?beta=true'));
    expect(status).toBe(400);
    expect(text).toContain('leave /v1 out of ANTHROPIC_BASE_URL');
  });

  it('answers a refusal in the envelope of Claude, with a request id and advice not to retry', async () => {
    const { text } = await send(request('/v1/secrets'));
    const [head, body] = text.split('\r\n\r\n') as [string, string];
    const id = /request-id: (req_[0-9a-f]{32})/.exec(head)?.[1];
    expect(head).toContain('x-should-retry: false');
    expect(JSON.parse(body)).toMatchObject({
      type: 'error',
      error: { type: 'not_found_error', code: 'ROUTE_UNKNOWN' },
      request_id: id,
    });
  });

  it('reports what the parser refused by code, not by content', () => {
    expect(malformed.length).toBeGreaterThan(0);
    for (const code of malformed) expect(code).toMatch(/^[A-Z0-9_]+$/);
  });
});
