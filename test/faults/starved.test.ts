import { spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { until } from '../e2e/hold_desk.ts';
import { needs } from '../servers/gate.ts';
import { checkJournal, type FaultNode, startNode } from './node.ts';

const key = 'sk-ant-api03-starved-gateway';
let sandbox: Sandbox;
let node: FaultNode;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: 1, apiKeys: [key], keep: 10_000 });
});
afterEach(() => node?.close());
afterAll(() => sandbox.close());

const sent = (what: string) => sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(what)).length;
const start = (more: object = {}) =>
  startNode({ config: { upstream: { url: sandbox.url } }, env: { CLAUDE_KEY: key }, ...more });

describe.skipIf(process.platform !== 'linux')('without room on the disk', () => {
  const fileBytes = (limit: string) => {
    const { status, stderr } = spawnSync('prlimit', ['--pid', String(node.pid), `--fsize=${limit}:`]);
    expect(status, String(stderr)).toBe(0);
  };

  it('nothing is forwarded, an answer on its way ends with an error, and it goes on once there is room', async (context) => {
    needs(context, 'prlimit', 'the package util-linux');
    node = await start();
    expect(await node.ask('hello')).toMatchObject({ status: 200 });
    const running = node.ask('sandbox:slow 400\non its way');
    await until(() => sent('on its way') === 1, 'it is on its way');
    fileBytes('4096');
    const cut = await running;
    const refused = await node.ask('not to be sent');
    expect(refused).toMatchObject({ status: 503, text: expect.stringContaining('AUDIT_UNAVAILABLE') });
    expect(sent('not to be sent')).toBe(0);
    expect(await node.ready()).toMatchObject({ status: 503, text: expect.stringContaining('takes no writes') });
    expect(cut.text).toContain('event: error');
    expect(cut.text).not.toContain('message_stop');
    fileBytes('unlimited');
    await until(async () => (await node.ready()).status === 200, 'the journal takes writes again');
    expect(await node.ask('there is room')).toMatchObject({ status: 200 });
    expect(await node.end('SIGTERM')).toBe(0);
    checkJournal(node);
  }, 60_000);
});

describe.skipIf(process.platform !== 'linux')('without free file descriptors', () => {
  it('every connection is answered or closed, and it recovers', async () => {
    node = await start({ ulimit: '-n 64' });
    expect(await node.ask('hello')).toMatchObject({ status: 200 });
    const token = await node.issuer.mint();
    const outcomes = await Promise.all(
      Array.from({ length: 150 }, (_, at) => raw(token, `sandbox:slow 20\nload ${at}`)),
    );
    // An answer that has begun may be cut; what is called an answer is one.
    const whole = outcomes.filter((text) => text.includes('message_stop'));
    const refused = outcomes.filter((text) => /^HTTP\/1.1 5\d\d /.test(text));
    const dropped = outcomes.filter((text) => text === '');
    expect(whole.length + refused.length + dropped.length).toBe(150);
    expect(refused.length + dropped.length).toBeGreaterThan(0);
    expect(refused.filter((text) => !text.includes('"code":"UPSTREAM_CONNECT"'))).toEqual([]);
    // Nothing was written but the log: no stack of an exception.
    expect(node.output.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
    await until(async () => (await node.ready()).status === 200, 'it is ready again');
    expect(await node.ask('hello again')).toMatchObject({ status: 200 });
    expect(await node.end('SIGTERM')).toBe(0);
    checkJournal(node);
  }, 60_000);
});

/** Sends a request on a connection of its own; resolves to all that came back once that is closed. */
function raw(token: string, prompt: string): Promise<string> {
  const messages = [{ role: 'user', content: prompt }];
  const body = JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 5, stream: true, messages });
  const head = [
    'POST /v1/messages HTTP/1.1',
    'host: gateway',
    `authorization: Bearer ${token}`,
    'anthropic-version: 2023-06-01',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(Number(new URL(node.url).port), '127.0.0.1');
    socket.on('connect', () => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`));
    socket.on('data', (bytes) => {
      text += bytes;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}
