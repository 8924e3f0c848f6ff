import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ApprovalsOptions, openApprovals } from '../../src/approve/index.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { Secret } from '../../src/model/secret.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { decisionOf } from '../model/decisions.ts';
import { type Bench, defaults, openBench, question } from './support.ts';

interface Delivery {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: JsonObject;
}

/** A receiver that answers as it is told. */
class Receiver {
  readonly deliveries: Delivery[] = [];
  answer: (delivery: Delivery) => { readonly status: number; readonly body?: object; readonly retryAfter?: number } =
    () => ({
      status: 204,
    });
  readonly #server: Server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const delivery = { path: request.url!, headers: request.headers, text, body: JSON.parse(text) as JsonObject };
    this.deliveries.push(delivery);
    const { status, body, retryAfter } = this.answer(delivery);
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
    response.end(body ? JSON.stringify(body) : undefined);
  });
  url = '';

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as { readonly port: number }).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const key = (seed: string) => `whsec_${Buffer.alloc(32, seed).toString('base64')}`;
let receiver: Receiver;
let bench: Bench;
let faults: string[];

beforeEach(async () => {
  receiver = new Receiver();
  await receiver.open();
  faults = [];
});
afterEach(async () => {
  await bench.close();
  await receiver.close();
});

/** A configuration with these channels, of which only what is read is there. */
const withChannels = (channels: readonly object[], more: Partial<ApprovalsOptions['config']> = {}) =>
  ({ ...defaults, ...more, notify: channels }) as unknown as ApprovalsOptions['config'];

const notify = async (channel: object, more: Partial<ApprovalsOptions['config']> = {}) => {
  bench = await openBench({
    config: withChannels([channel], more),
    consoleUrl: () => 'https://console.example',
    onNoticeFault: (name, fault, dead) => faults.push(`${name} ${fault}${dead ? ' dead' : ''}`),
  });
};
const webhook = (more: object = {}) =>
  notify({ type: 'webhook', name: 'hook', url: `${receiver.url}/in`, secret: new Secret(key('a')), ...more });

/** Notices in the table, once there is nothing left that is due. */
async function settled(wanted: (notices: readonly JsonObject[]) => boolean): Promise<readonly JsonObject[]> {
  for (;;) {
    const { notices } = (await bench.call('GET', '/admin/v1/notices', null)) as {
      readonly notices: readonly JsonObject[];
    };
    if (wanted(notices)) return notices;
    bench.store.hint('approvals');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const allSent = (count: number) => (notices: readonly JsonObject[]) =>
  notices.filter(({ state }) => state === 'sent').length === count;

/** The first notice was tried so often, and waits for its next time. */
const tried =
  (attempts: number) =>
  ([notice]: readonly JsonObject[]) =>
    notice?.attempts === attempts && notice.fault !== null && Date.parse(String(notice.next_at)) > bench.now;

describe('a webhook', () => {
  it('gets each change, signed, with a link and nothing of the content', async () => {
    await webhook();
    const standing = await bench.desk.ask(question('rm very-secret-name'));
    await settled(allSent(1));
    await bench.approve(standing, 'ann');
    await settled(allSent(2));
    const [opened, approved] = receiver.deliveries;
    expect(opened!.body).toMatchObject({
      type: 'approval.opened',
      data: {
        id: standing.approval.id,
        requester: { subject: 'agent-7', function: 'triage' },
        summary: 'Bash',
        rules: ['risky-shell'],
        url: `https://console.example/approvals/${standing.approval.id}`,
      },
    });
    expect(approved!.body).toMatchObject({ type: 'approval.approved', data: { by: 'ann', scope: 'once' } });
    for (const { text, headers } of receiver.deliveries) {
      expect(text).not.toContain('very-secret-name');
      expect(new Webhook(key('a')).verify(text, headers as Record<string, string>)).toBeTruthy();
      expect(() => new Webhook(key('b')).verify(text, headers as Record<string, string>)).toThrow();
    }
  });

  it('is signed with both keys while they change over', async () => {
    await webhook({ previous_secret: new Secret(key('b')) });
    await bench.desk.ask(question('rm x'));
    await settled(allSent(1));
    const { text, headers } = receiver.deliveries[0]!;
    for (const seed of ['a', 'b']) new Webhook(key(seed)).verify(text, headers as Record<string, string>);
  });

  it('is tried again under the same id, less and less often, until it takes it', async () => {
    await webhook();
    receiver.answer = () => ({ status: receiver.deliveries.length < 4 ? 500 : 200 });
    await bench.desk.ask(question('rm x'));
    const waits: number[] = [];
    for (let attempt = 1; attempt < 4; attempt++) {
      const [notice] = await settled(tried(attempt));
      waits.push(Date.parse(String(notice!.next_at)) - bench.now);
      bench.now = Date.parse(String(notice!.next_at));
    }
    await settled(allSent(1));
    for (const [at, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(2_000 * 2 ** at * 0.8);
      expect(wait).toBeLessThanOrEqual(2_000 * 2 ** at * 1.2);
    }
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(faults).toEqual(Array(3).fill('hook status 500'));
  });

  it('is given as long as it asks for', async () => {
    await webhook();
    receiver.answer = () => ({ status: 429, retryAfter: 77 });
    await bench.desk.ask(question('rm x'));
    const [notice] = await settled(([it]) => it?.fault === 'status 429');
    expect(Date.parse(String(notice!.next_at)) - bench.now).toBe(77_000);
  });

  it('is given up in the end, kept, and can be tried again by an operator', async () => {
    await webhook();
    receiver.answer = () => ({ status: 503 });
    await bench.desk.ask(question('rm x'));
    for (let attempt = 1; attempt < 16; attempt++) {
      const [notice] = await settled(tried(attempt));
      bench.now = Date.parse(String(notice!.next_at));
    }
    const [dead] = await settled(([it]) => it?.state === 'dead');
    expect(dead).toMatchObject({ attempts: 16, fault: 'status 503', next_at: null });
    expect(faults.at(-1)).toBe('hook status 503 dead');
    expect(receiver.deliveries).toHaveLength(16);
    receiver.answer = () => ({ status: 200 });
    await bench.call('POST', `/admin/v1/notices/${String(dead!.id)}/retry`, null);
    await settled(allSent(1));
    await expect(bench.call('POST', `/admin/v1/notices/${String(dead!.id)}/retry`, null)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('that is gone for good is not asked again', async () => {
    await webhook();
    receiver.answer = () => ({ status: 410 });
    await bench.desk.ask(question('rm x'));
    await settled(([it]) => it?.state === 'dead');
    expect(receiver.deliveries).toHaveLength(1);
  });

  it('that cannot be reached holds up no approval', async () => {
    await webhook({ url: 'http://127.0.0.1:1/' });
    const standing = await bench.desk.ask(question('rm x'));
    await bench.approve(standing, 'ann');
    expect((await bench.desk.ask(question('rm x'))).state).toBe('granted');
    await settled((notices) => notices.some(({ fault }) => fault === 'connect'));
  });
});

describe('Slack', () => {
  it('gets a message by an incoming webhook, in which no name becomes a mention', async () => {
    await notify({
      type: 'slack',
      name: 'chat',
      webhook: new Secret(`${receiver.url}/services/T0/B0/x`),
      api: receiver.url,
    });
    await bench.desk.ask(question('rm x', { summary: '<!channel> & co' }));
    await settled(allSent(1));
    const [delivery] = receiver.deliveries;
    expect(delivery!.path).toBe('/services/T0/B0/x');
    expect(delivery!.body.text).toBe('Approval wanted: tool.use &lt;!channel&gt; &amp; co');
    expect(delivery!.text).toContain('https://console.example/approvals/apr_');
    expect(delivery!.text).not.toContain('<!channel>');
  });

  it('has the message of a bot updated on the verdict', async () => {
    const bot = { bot_token: new Secret('xoxb-1-2-3'), channel: 'C1', api: receiver.url };
    await notify({ type: 'slack', name: 'chat', ...bot });
    receiver.answer = () => ({ status: 200, body: { ok: true, channel: 'C1', ts: '17.5' } });
    const standing = await bench.desk.ask(question('rm x'));
    await settled(allSent(1));
    await bench.deny(standing, 'ann', { comment: 'use trash' });
    await settled(allSent(2));
    const [posted, updated] = receiver.deliveries;
    expect([posted!.path, posted!.body.channel]).toEqual(['/api/chat.postMessage', 'C1']);
    expect(posted!.headers.authorization).toBe('Bearer xoxb-1-2-3');
    expect(updated!.path).toBe('/api/chat.update');
    expect(updated!.body).toMatchObject({ channel: 'C1', ts: '17.5', text: 'Denied: tool.use Bash' });
    expect(updated!.text).toContain('Comment: use trash');
  });

  it('hears of the verdict after the question, also where that had to be sent twice', async () => {
    await notify({
      type: 'slack',
      name: 'chat',
      bot_token: new Secret('xoxb-1-2-3'),
      channel: 'C1',
      api: receiver.url,
    });
    receiver.answer = () =>
      receiver.deliveries.length === 1
        ? { status: 500 }
        : { status: 200, body: { ok: true, channel: 'C1', ts: '1.0' } };
    const standing = await bench.desk.ask(question('rm x'));
    await settled(([it]) => it?.fault === 'status 500');
    await bench.deny(standing, 'ann');
    for (let step = 0; step < 4; step++) {
      bench.now += 3_000;
      await settled((notices) =>
        notices.every(({ state, next_at }) => state === 'sent' || Date.parse(String(next_at)) > bench.now),
      );
    }
    expect(receiver.deliveries.map(({ path }) => path)).toEqual([
      '/api/chat.postMessage',
      '/api/chat.postMessage',
      '/api/chat.update',
    ]);
  });

  it('that refuses the token for good is given up at once', async () => {
    await notify({
      type: 'slack',
      name: 'chat',
      bot_token: new Secret('xoxb-1-2-3'),
      channel: 'C1',
      api: receiver.url,
    });
    receiver.answer = () => ({ status: 200, body: { ok: false, error: 'invalid_auth' } });
    await bench.desk.ask(question('rm x'));
    const [notice] = await settled(([it]) => it?.state === 'dead');
    expect(notice!.fault).toBe('Slack: invalid_auth');
  });
});

describe('a channel that is away', () => {
  /** The hook is away; Slack, by an incoming webhook, takes everything. */
  const withSlack = async (url: string) => {
    bench = await openBench({
      config: withChannels([
        { type: 'webhook', name: 'hook', url, secret: new Secret(key('a')) },
        { type: 'slack', name: 'chat', webhook: new Secret(`${receiver.url}/slack`), api: receiver.url },
      ]),
    });
  };
  const took = (path: string) => receiver.deliveries.filter((delivery) => delivery.path === path).length;
  const soon = async (holds: () => boolean) => {
    for (const end = Date.now() + 5_000; !holds(); ) {
      if (Date.now() > end) throw new Error('it never came');
      bench.store.hint('approvals');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  it('keeps no other from its notices, though it takes every connection and says nothing', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    await withSlack(`http://127.0.0.1:${(silent.address() as { readonly port: number }).port}/`);
    for (let at = 0; at < 25; at++) await bench.desk.ask(question(`rm ${at}`));
    await soon(() => took('/slack') === 25);
    silent.closeAllConnections();
    silent.close();
  });

  it('is not asked about a verdict before the time comes to ask about its question', async () => {
    await withSlack(`${receiver.url}/hook`);
    receiver.answer = ({ path }) => (path === '/hook' ? { status: 503, retryAfter: 600 } : { status: 204 });
    const standing = await bench.desk.ask(question('rm x'));
    const ofHook = (notices: readonly JsonObject[]) => notices.filter(({ channel }) => channel === 'hook');
    await settled((notices) => ofHook(notices)[0]?.fault === 'status 503');
    await bench.deny(standing, 'ann');
    const due = (notices: readonly JsonObject[]) => ofHook(notices).map(({ next_at }) => Date.parse(String(next_at)));
    const notices = await settled((all) => due(all).length === 2 && due(all).every((at) => at > bench.now));
    expect(due(notices)).toEqual([bench.now + 600_000, bench.now + 600_000]);
  });

  it('leaves nothing in the table for ever', async () => {
    await withSlack(`${receiver.url}/hook`);
    receiver.answer = ({ path }) => ({ status: path === '/hook' ? 410 : 204 });
    await bench.desk.ask(question('rm x'));
    await settled((notices) => notices.length === 2 && notices.every(({ state }) => state !== 'pending'));
    bench.now += 91 * 86_400_000;
    await bench.desk.sweep();
    // What expired by then was announced anew.
    expect((await settled(() => true)).filter(({ event }) => event === 'approval.opened')).toEqual([]);
  });
});

describe('the list of notices', () => {
  const path = '/admin/v1/notices';

  it('is for the operator, and for persons whom policy lets see the state of the gateway, of their tenant', async () => {
    const hook = { type: 'webhook', name: 'hook', url: `${receiver.url}/in`, secret: new Secret(key('a')) };
    receiver.answer = () => ({ status: 410 });
    bench = await openBench({
      config: withChannels([hook]),
      mayAct: ({ groups }, action) =>
        decisionOf(action !== 'status.view' || groups.includes('operators') ? 'allow' : 'deny'),
    });
    await bench.desk.ask(question('rm x'));
    const [dead] = await settled(([it]) => it?.state === 'dead');
    const retry = `${path}/${String(dead!.id)}/retry`;
    const known = bench.actor('ann', ['operators']);
    const stranger = bench.actor('ann', ['operators'], { tenant: 'other' });
    const colleague = bench.actor('eve', []);
    expect(await bench.call('GET', path, known)).toMatchObject({ notices: [{ id: dead!.id }] });
    expect(await bench.call('GET', path, stranger)).toEqual({ notices: [] });
    await expect(bench.call('GET', path, colleague)).rejects.toMatchObject({ code: 'NOT_PERMITTED' });
    await expect(bench.call('POST', retry, stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bench.call('POST', retry, colleague)).rejects.toMatchObject({ code: 'NOT_PERMITTED' });
    expect(await bench.call('POST', retry, known)).toEqual({ retried: dead!.id });
  });
});

describe('two workers on one outbox', () => {
  it('deliver each notice once', async () => {
    await webhook();
    const outbound = createOutbound();
    const other = await openApprovals({
      store: bench.store,
      keys: bench.keys,
      config: withChannels([
        { type: 'webhook', name: 'hook', url: `${receiver.url}/other`, secret: new Secret(key('a')) },
      ]),
      mayAct: () => decisionOf('allow'),
      journal: { append: async () => undefined },
      outbound,
      traces: async () => 'nothing',
      clock: () => bench.now,
    });
    for (let at = 0; at < 30; at++) await bench.desk.ask(question(`rm ${at}`));
    await settled(allSent(30));
    await other.close();
    await outbound.close();
    expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(30);
    expect(receiver.deliveries).toHaveLength(30);
    expect(new Set(receiver.deliveries.map(({ path }) => path)).size).toBe(2);
  });
});
