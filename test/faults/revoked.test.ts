import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAdmin } from '../../src/cli/admin_client.ts';
import { until } from '../e2e/hold_desk.ts';
import { holding } from '../e2e/policies.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { type FaultNode, startNode } from './node.ts';

/* A caller is revoked while its request is held, while a tool call of its answer is, and while it is being answered. */

const key = 'sk-ant-api03-revoked-callers';
const tools = [{ name: 'Bash', input_schema: { type: 'object', properties: { command: { type: 'string' } } } }];

withProgram('opa', 'revoked callers', () => {
  let bundle: WatchedBundle;
  let upstream: Server;
  const requests: string[] = [];
  /** Claude goes on from its first event to its call. */
  let goOn = Promise.resolve();
  let node: FaultNode;

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    upstream = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      requests.push(body);
      const command = (JSON.parse(body) as { messages: [{ content: string }] }).messages[0].content;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const [first, ...rest] = callOf(command);
      response.write(first);
      await goOn;
      response.end(rest.join(''));
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    node = await startNode({
      config: { upstream: { url }, policy: bundle.policy },
      env: { CLAUDE_KEY: key },
    });
  }, 120_000);
  afterAll(async () => {
    await node?.close();
    upstream?.close();
    bundle?.remove();
  });

  const sent = (what: string) => requests.filter((body) => body.includes(what)).length;
  const caller = async (subject: string) => {
    const token = await node.issuer.mint({ subject });
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { jti: string };
    return { token, jti, subject };
  };
  type Caller = Awaited<ReturnType<typeof caller>>;
  const revoke: readonly [string, (of: Caller) => object][] = [
    ['token', ({ jti }) => ({ kind: 'jti', value: jti })],
    ['subject', ({ subject }) => ({ kind: 'sub', value: subject })],
  ];

  it.each(revoke)(
    'a held request is not sent once its %s is revoked, though it is approved',
    async (kind, what) => {
      const who = await caller(`held-${kind}@example.test`);
      const running = node.ask(`held of ${kind}`, { model: 'claude-haiku-5-5' }, who.token);
      const [approval] = await node.desk.waiting();
      await openAdmin(node.dataDir).post('/admin/v1/revocations', what(who) as never);
      await node.desk.decide(approval, 'approve');
      expect((await running).text).toContain('TOKEN_REVOKED');
      expect(sent(`held of ${kind}`)).toBe(0);
    },
    60_000,
  );

  it.each(revoke)(
    'a held call is not released once its %s is revoked, though it is approved',
    async (kind, what) => {
      const who = await caller(`call-${kind}@example.test`);
      const running = node.ask(`echo deploy ${kind}`, { tools }, who.token);
      const [approval] = await node.desk.waiting();
      await openAdmin(node.dataDir).post('/admin/v1/revocations', what(who) as never);
      await node.desk.decide(approval, 'approve');
      const { text } = await running;
      expect(text).toContain('event: error');
      expect(text).toContain('TOKEN_REVOKED');
      expect(text).not.toContain('tool_use');
      expect(await node.ask('again', {}, who.token)).toMatchObject({ status: 401 });
    },
    60_000,
  );

  it('no call is released to a caller that was revoked while Claude answered, and nothing new begins', async () => {
    const who = await caller('mid-stream@example.test');
    const gate = Promise.withResolvers<void>();
    goOn = gate.promise;
    const running = node.ask('echo allowed', { tools }, who.token);
    await until(() => sent('echo allowed') === 1, 'it is on its way');
    await openAdmin(node.dataDir).post('/admin/v1/revocations', { kind: 'sub', value: who.subject });
    expect(await node.ask('again', {}, who.token)).toMatchObject({ status: 401 });
    gate.resolve();
    const { text } = await running;
    expect(text).toContain('TOKEN_REVOKED');
    expect(text).not.toContain('tool_use');
    const other = await caller('somebody-else@example.test');
    expect((await node.ask('echo allowed', { tools }, other.token)).text).toContain('tool_use');
  }, 60_000);
});

/** An answer with one call, by its events. */
function callOf(command: string): string[] {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', content: [], usage: {} };
  const block = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} };
  return [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: block },
    {
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: JSON.stringify({ command }) },
    },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: {} },
    { type: 'message_stop' },
  ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}
