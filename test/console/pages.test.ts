import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from '../../src/console/models.ts';
import type { Approval } from '../../src/model/approval.ts';
import { seed } from './seed.ts';
import { openStand, type Stand } from './stand.ts';

let stand: Stand;

beforeAll(async () => {
  stand = await openStand();
  await seed(stand);
});
afterAll(() => stand.close());
afterEach(() => stand.loggedOut.clear());

interface Asking {
  readonly as?: string;
  readonly data?: boolean;
  readonly form?: Record<string, string>;
  readonly headers?: Record<string, string>;
}

const ask = (path: string, { as, data, form, headers = {} }: Asking = {}): Promise<Response> =>
  fetch(`${stand.url}${path}`, {
    redirect: 'manual',
    headers: {
      accept: data ? 'application/json' : 'text/html',
      ...(as && { cookie: `stand=${as}` }),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }),
      ...headers,
    },
    ...(form && { method: 'POST', body: new URLSearchParams(form).toString() }),
  });
const pageOf = async (path: string, as: string): Promise<Page> => (await ask(path, { as, data: true })).json();
const verdict = (approval: Approval, as: string, more: Record<string, string> = {}): Record<string, string> => ({
  csrf: `csrf-of-${as}`,
  fingerprint: approval.fingerprint,
  verdict: 'approve',
  scope: 'once',
  comment: '',
  ...more,
});
const stateOf = async (id: string): Promise<string> => {
  const { view } = await pageOf(`/approvals/${id}`, 'grace');
  return view.page === 'approval' ? view.approval.status : view.page;
};

describe('who is not logged in', () => {
  it.each(['/waiting', '/activity?function=a', '/activity/req_019ac0a4', '/policy', '/status', '/approvals/x'])(
    'is sent from %s to the login and back',
    async (path) => {
      const answer = await ask(path);
      expect(answer.status).toBe(303);
      const to = new URL(answer.headers.get('location')!, stand.url);
      expect([to.pathname, to.searchParams.get('return_to')]).toEqual(['/login', path]);
    },
  );

  it('gets no data, no events, and cannot decide', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf a' } });
    expect((await ask('/activity', { data: true })).status).toBe(401);
    expect((await ask('/events')).status).toBe(401);
    expect((await ask(`/approvals/${approval.id}/content`)).status).toBe(303);
    expect((await ask(`/approvals/${approval.id}`, { form: verdict(approval, 'grace') })).status).toBe(303);
    expect(await stateOf(approval.id)).toBe('pending');
  });
});

describe('every page', () => {
  it('is kept by nobody and framed by nobody, and runs nothing but our script', async () => {
    for (const path of ['/waiting', '/activity', '/policy', '/status', '/nothing-of-the-kind/x', '/activity/none']) {
      const answer = await ask(path, { as: 'grace' });
      if (answer.status === 404 && path.startsWith('/nothing')) continue;
      const policy = answer.headers.get('content-security-policy')!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'");
      expect(policy).not.toContain('unsafe');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  });

  it('holds no script and no style of its own', async () => {
    const text = await (await ask('/activity/req_019ac0a4', { as: 'grace' })).text();
    expect(text.match(/<script(?! type="application\/json"| src="\/assets\/)/g)).toBeNull();
    expect(text).not.toMatch(/ style=| on\w+="|<style/);
  });

  it('names its files by their content, for ever', async () => {
    const text = await (await ask('/waiting', { as: 'grace' })).text();
    const path = /src="(\/assets\/console\.[0-9a-f]{16}\.js)"/.exec(text)![1]!;
    const asset = await ask(path);
    expect(asset.status).toBe(200);
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await ask('/assets/console.0000000000000000.js')).status).toBe(404);
    expect((await ask('/assets/..%2Fconsole.ts')).status).toBe(404);
  });
});

describe('a verdict', () => {
  it('needs the form of this session, from a page of this console', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf b' } });
    const path = `/approvals/${approval.id}`;
    const forms: Asking[] = [
      { form: verdict(approval, 'grace', { csrf: '' }) },
      { form: verdict(approval, 'grace', { csrf: 'csrf-of-alan' }) },
      { form: verdict(approval, 'grace'), headers: { 'sec-fetch-site': 'cross-site' } },
      { form: verdict(approval, 'grace'), headers: { 'sec-fetch-site': 'same-site' } },
    ];
    for (const form of forms) expect((await ask(path, { as: 'grace', ...form })).status).toBe(403);
    const link = await ask(`${path}?${new URLSearchParams(verdict(approval, 'grace'))}`, { as: 'grace' });
    expect(link.status).toBe(200);
    expect(await stateOf(approval.id)).toBe('pending');
  });

  it('is bound to what was shown', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf c' } });
    const other = await stand.ask({ input: { command: 'rm -rf d' } });
    const stale = verdict(approval, 'grace', { fingerprint: other.fingerprint });
    const answer = await ask(`/approvals/${approval.id}`, { as: 'grace', form: stale });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('The page was out of date');
    expect(await stateOf(approval.id)).toBe('pending');
  });

  it('counts once, and brings back to the page', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf e' } });
    const path = `/approvals/${approval.id}`;
    const answer = await ask(path, { as: 'grace', form: verdict(approval, 'grace', { comment: 'fine\r\nby me' }) });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    const { view } = await pageOf(path, 'ada');
    expect(view).toMatchObject({
      approval: { status: 'approved' },
      verdicts: [{ person: 'grace@example.test', verdict: 'approve', comment: 'fine\nby me', scope: 'once' }],
      grants: [{ state: 'approved', scope: 'once' }],
    });
    expect((await ask(path, { as: 'alan', form: verdict(approval, 'alan') })).status).toBe(409);
  });

  it('is not taken from who asked, nor from who may not decide', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf f' } });
    const path = `/approvals/${approval.id}`;
    const own = await ask(path, { as: 'ada', form: verdict(approval, 'ada') });
    expect(own.status).toBe(403);
    expect((await ask(path, { as: 'eve', form: verdict(approval, 'eve') })).status).toBe(403);
    expect(await stateOf(approval.id)).toBe('pending');
    const { view } = await pageOf(path, 'ada');
    expect(view).toMatchObject({ page: 'approval', barred: expect.stringContaining('another person') });
  });
});

describe('who may not see a thing', () => {
  it('is told of an approval as if there were none', async () => {
    const approval = await stand.ask({ input: { command: 'rm -rf g' } });
    for (const path of [`/approvals/${approval.id}`, `/approvals/${approval.id}/content`, '/approvals/apr_none']) {
      expect((await ask(path, { as: 'eve' })).status, path).toBe(404);
    }
    const { view, waiting } = await pageOf('/waiting', 'eve');
    expect([view, waiting]).toEqual([{ page: 'waiting', approvals: [], reviews: [] }, 0]);
  });

  it('gets no activity, policy or status, and no way to them', async () => {
    for (const path of ['/activity', '/activity/req_019ac0a4', '/policy', '/status']) {
      const answer = await ask(path, { as: 'eve' });
      expect(answer.status, path).toBe(403);
      expect(await answer.text()).not.toContain('nightly-cleanup');
    }
    expect((await pageOf('/waiting', 'eve')).viewer.places).toEqual(['waiting']);
    expect((await pageOf('/waiting', 'alan')).viewer.places).not.toContain('activity');
    expect((await ask('/activity/req_019ac0a4', { as: 'alan' })).status).toBe(403);
    expect((await pageOf('/waiting', 'grace')).viewer.places).toEqual(['waiting', 'activity', 'policy', 'status']);
  });
});

describe('activity', () => {
  const listed = async (query: string) => {
    const { view } = await pageOf(`/activity${query}`, 'grace');
    if (view.page !== 'activity') throw new Error(view.page);
    return view;
  };

  it('is filtered by time, function, principal and effect', async () => {
    const ids = async (query: string) => (await listed(query)).exchanges.map(({ id }) => id.slice(-2)).sort();
    expect(await ids('')).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    expect(await ids('?function=weekly-digest')).toEqual(['a1', 'a3']);
    expect(await ids('?principal=helpdesk@ci.example.test&effect=')).toEqual(['a2']);
    expect(await ids('?effect=deny')).toEqual(['a3']);
    expect(await ids('?to=2026-01-05%2003:00')).toEqual([]);
    expect(await ids('?from=2026-01-05%2003:00&effect=deny')).toEqual(['a3']);
  });

  it('says what is wrong with a filter', async () => {
    expect((await listed('?from=yesterday')).fault).toContain('"from" is a time');
  });

  it('shows one exchange from its recording, and records who looked', async () => {
    const { view } = await pageOf('/activity/req_019ac0a4', 'grace');
    expect(view).toMatchObject({
      page: 'exchange',
      recording: { state: 'whole' },
      returned: { calls: [{ effect: 'deny' }, { effect: 'allow' }] },
      places: { 'model-for-group': expect.stringMatching(/^models\/request\/request\.rego:\d+$/) },
    });
    const again = await pageOf('/activity/req_019ac0a4', 'ada');
    const viewed =
      again.view.page === 'exchange' ? again.view.events.filter(({ kind }) => kind === 'session.viewed') : [];
    expect(viewed.map(({ body }) => body.viewer)).toContainEqual({
      subject: 'grace@example.test',
      person: 'grace@example.test',
      tenant: 'acme',
    });
  });

  it('has a page for what is not there', async () => {
    const answer = await ask('/activity/req_none', { as: 'grace' });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('There is nothing here');
  });
});

describe('policy and status', () => {
  it('name every rule with its place and what it did in the last day', async () => {
    const { view } = await pageOf('/policy', 'grace');
    if (view.page !== 'policy') throw new Error(view.page);
    expect(view.active).toMatchObject({ bundle: 'baseline', source: 'builtin' });
    expect(view.rules.find(({ id }) => id === 'model-for-group')).toMatchObject({ effect: 'allow', fired: 5 });
    expect(view.rules.every(({ place }) => /\.rego:\d+$/.test(place))).toBe(true);
    expect(view.detectors.find(({ id }) => id === 'email-address')).toMatchObject({ class: 'email', masked: 2 });
    expect(view.counted).toEqual({ exchanges: 5, more: false });
  });

  it('tell what is faulty', async () => {
    const { view } = await pageOf('/status', 'grace');
    expect(view).toMatchObject({
      checks: expect.arrayContaining([
        { name: 'journal', fault: null },
        { name: 'credential', fault: 'no usable credential' },
      ]),
    });
  });
});

describe('the events of an open page', () => {
  it('tell what waits when it changes, and end with the session', async () => {
    const answer = await ask('/events', { as: 'grace' });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let heard = '';
    const until = async (word: string) => {
      while (!heard.includes(word)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`the stream ended before ${word}: ${heard}`);
        heard += value;
      }
    };
    await until('event: waiting');
    const approval = await stand.ask({ input: { command: 'rm -rf live' } });
    await until(approval.id);
    stand.loggedOut.add('grace');
    await until('event: ended');
    expect((await reader.read()).done).toBe(true);
  });
});
