import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { Actor } from '../../src/model/admin.ts';
import type { EventKind } from '../../src/model/event.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { complete, exchangeOf, type Node, openNode, removeNode, textAnswer } from './support.ts';

let node: Node;

const list = async (query: Record<string, string> = {}) =>
  (await node.get('/admin/v1/exchanges', query)) as { exchanges: JsonObject[]; next: string | null };

async function run(wanted: Parameters<typeof exchangeOf>[0]): Promise<void> {
  const recorded = await node.recorder.intent(exchangeOf(wanted));
  const step = node.recorder.step(recorded);
  for (const part of textAnswer('hi there')) await step(part, () => undefined);
  await recorded.recording.end(complete);
}

beforeAll(async () => {
  node = await openNode();
  for (let n = 0; n < 10; n++) {
    await run({
      id: `req_${n}`,
      function: n % 2 ? 'build' : 'nightly',
      subject: n < 5 ? 'ci' : 'alice',
      session: `s${n % 3}`,
    });
  }
  await node.recorder.refused(
    exchangeOf({ id: 'req_no', effect: 'deny', session: 's9' }),
    new GatewayError('POLICY_DENIED', 'no', { rules: ['r'] }),
  );
});

afterAll(() => removeNode(node));

describe('what a person of another tenant sees', () => {
  const principal = { tenant: 'other', issuer: 'i', subject: 's', actors: [] } as unknown as Actor['principal'];
  const actor: Actor = { principal, authenticatedAt: 0, via: 'token' };
  const asked = (path: string, params = {}) => {
    const route = node.recorder.routes.find((candidate) => candidate.path === path)!;
    return Promise.resolve(route.handler({ actor, body: {}, query: {}, params }));
  };

  it('is nothing: no exchange, no session, whether by list or by id', async () => {
    expect(await asked('/admin/v1/exchanges')).toMatchObject({ exchanges: [] });
    expect(await asked('/admin/v1/sessions')).toMatchObject({ sessions: [] });
    await expect(asked('/admin/v1/exchanges/{id}', { id: 'req_1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(asked('/admin/v1/sessions/{id}', { id: 's1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(asked('/admin/v1/sessions/{id}', { id: 'req_1' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('the list of exchanges', () => {
  it('is newest first and holds the refused ones', async () => {
    const { exchanges, next } = await list();
    expect(exchanges.map(({ id }) => id)).toEqual(['req_no', ...Array.from({ length: 10 }, (_, n) => `req_${9 - n}`)]);
    expect(next).toBeNull();
  });

  it.each([
    [{ function: 'build' }, [9, 7, 5, 3, 1]],
    [{ principal: 'ci' }, [4, 3, 2, 1, 0]],
    [{ function: 'nightly', principal: 'ci' }, [4, 2, 0]],
    [{ effect: 'allow', function: 'build', principal: 'alice' }, [9, 7, 5]],
    [{ function: 'nobody' }, []],
  ] as const)('is filtered by %o', async (query, expected) => {
    expect((await list(query)).exchanges.map(({ id }) => id)).toEqual(expected.map((n) => `req_${n}`));
  });

  it('names a person of any issuer by the person too', async () => {
    expect((await list({ principal: 'alice@example.com' })).exchanges).toHaveLength(11);
  });

  it('finds denials by effect', async () => {
    expect((await list({ effect: 'deny' })).exchanges.map(({ id }) => id)).toEqual(['req_no']);
  });

  it('comes in pages that miss and repeat nothing', async () => {
    const seen: unknown[] = [];
    let before: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof list>> = await list({ limit: '3', ...(before ? { before } : {}) });
      seen.push(...page.exchanges.map(({ id }) => id));
      before = page.next;
    } while (before);
    expect(seen).toEqual((await list()).exchanges.map(({ id }) => id));
  });

  it('is bounded by time: from inclusive, to exclusive', async () => {
    const all = (await list()).exchanges;
    const pivot = String(all[5]!.at);
    const early = (await list({ to: pivot })).exchanges;
    const late = (await list({ from: pivot })).exchanges;
    expect([...late, ...early]).toEqual(all);
    expect(late.at(-1)!.at).toBe(pivot);
  });

  it.each([{ from: 'yesterday' }, { limit: '-1' }, { effect: 'maybe' }, { before: 'x' }, { colour: 'red' }])(
    'refuses %o with what would be right',
    async (query) => {
      await expect(list(query as unknown as Record<string, string>)).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
    },
  );
});

describe('sessions', () => {
  it('group exchanges by conversation, with tokens summed', async () => {
    const { sessions } = (await node.get('/admin/v1/sessions')) as { sessions: JsonObject[] };
    expect(sessions.map(({ id, exchanges, refused }) => [id, exchanges, refused])).toEqual([
      ['s9', 1, 1],
      ['s0', 4, 0],
      ['s2', 3, 0],
      ['s1', 3, 0],
    ]);
    expect(sessions[1]).toMatchObject({ input_tokens: 48, output_tokens: 168, models: ['claude-sonnet-4-5'] });
  });

  it('show what came back, oldest first', async () => {
    const { exchanges } = (await node.get('/admin/v1/sessions/s0')) as { exchanges: JsonObject[] };
    expect(exchanges.map(({ id }) => id)).toEqual(['req_0', 'req_3', 'req_6', 'req_9']);
    for (const exchange of exchanges) {
      expect(exchange).toMatchObject({ recording: { state: 'whole' }, returned: { content: [{ text: 'hi there' }] } });
    }
  });

  it('take the id of one exchange too, and say when there is nothing', async () => {
    expect(await node.get('/admin/v1/sessions/req_no')).toMatchObject({
      exchanges: [{ id: 'req_no', returned: null }],
    });
    await expect(node.get('/admin/v1/sessions/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(node.get('/admin/v1/exchanges/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('one session', () => {
  const show = (id: string) => node.get(`/admin/v1/sessions/${id}`) as Promise<{ exchanges: JsonObject[] }>;

  it('is found by the first characters of its id, where no other begins so', async () => {
    await run({ id: 'req_long_1', session: 'conv_begins_1' });
    await run({ id: 'req_long_2', session: 'conv_begins_2' });
    expect((await show('conv_begins_1')).exchanges).toMatchObject([{ id: 'req_long_1' }]);
    expect((await show('conv_begins_2')).exchanges).toMatchObject([{ id: 'req_long_2' }]);
    await expect(show('conv_begins')).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
    await run({ id: 'req_long_3', session: 'conv_other_3' });
    expect((await show('conv_oth')).exchanges).toMatchObject([{ id: 'req_long_3' }]);
    for (const id of ['conv_ot', 'conv_nothing', 'req_nothing']) {
      await expect(show(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('is found by the id that Claude gave the answer, which is what clients show', async () => {
    const recorded = await node.recorder.intent(exchangeOf({ id: 'req_ours', session: 's_upstream' }));
    recorded.notes.upstream_request_id = 'req_claude';
    await recorded.recording.end(complete);
    expect((await show('req_claude')).exchanges).toMatchObject([{ id: 'req_ours' }]);
  });

  it('names the humans behind it, and an earlier permission that it used', async () => {
    await run({ id: 'req_asked', session: 's_asked' });
    const event = (kind: EventKind, body: JsonObject) =>
      node.recorder.append({ kind, exchange: 'req_asked', body: { v: 1, at: '2026-01-05T02:15:00.000Z', ...body } });
    await event('approval.decided', { approval: 'apr_1', person: 'ann@acme', scope: 'once', verdict: 'approve' });
    await event('grant.taken', { approval: 'apr_1', scope: 'once' });
    await event('grant.taken', { approval: 'apr_0', scope: 'session' });
    const [exchange] = (await show('req_asked')).exchanges;
    expect(exchange!.humans).toMatchObject([
      { what: 'approved', person: 'ann@acme', approval: 'apr_1' },
      { what: 'earlier approval used', approval: 'apr_0', scope: 'session' },
    ]);
  });
});
