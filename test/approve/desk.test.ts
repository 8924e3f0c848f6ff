import { expect, it } from 'vitest';
import type { Tables } from '../../src/approve/tables.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { decisionOf } from '../model/decisions.ts';
import { onBothStores } from './stores.ts';
import { agent, type Bench, defaults, granted, human, need, question } from './support.ts';

const forever = Number.MAX_SAFE_INTEGER;
const never = new AbortController().signal;

onBothStores('the desk of approvals', (desk) => {
  it('takes a question back for who asked, and a grant for whom policy lets', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.call(
      'POST',
      `/admin/v1/approvals/${standing.approval.id}/cancel`,
      desk.bench.actor('olga', []),
      {},
    );
    expect((await desk.bench.desk.wait(standing.approval.id, never, forever)).state).toBe('cancelled');
    const anew = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(anew, 'ann');
    const { grant } = granted(await desk.bench.desk.ask(question('rm x')));
    await desk.bench.call('POST', `/admin/v1/grants/${grant.id}/revoke`, desk.bench.actor('bob'), {});
    await expect(
      desk.bench.call('POST', `/admin/v1/grants/${grant.id}/revoke`, desk.bench.actor('bob'), {}),
    ).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('pending');
  });

  it('does not let a grant that was revoked in flight be used again', async () => {
    await desk.bench.approve(await desk.bench.desk.ask(question('rm x')), 'ann');
    const held = await desk.bench.desk.take(
      granted(await desk.bench.desk.ask(question('rm x'))),
      question('rm x'),
      'req_2',
    );
    expect(await held!.stands()).toBe(true);
    await desk.bench.call('POST', `/admin/v1/grants/${held!.grant.id}/revoke`, desk.bench.actor('bob'), {});
    expect(await held!.stands()).toBe(false);
    await held!.settle('not_sent');
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('pending');
  });

  it('ends all uses of a wider grant that is revoked', async () => {
    await desk.bench.approve(await desk.bench.desk.ask(question('rm x')), 'ann', { scope: 'session' });
    const standing = granted(await desk.bench.desk.ask(question('rm a')));
    const held = await desk.bench.desk.take(standing, question('rm a'), 'req_2');
    await desk.bench.call('POST', `/admin/v1/grants/${standing.grant.id}/revoke`, desk.bench.actor('bob'), {});
    expect(await held!.stands()).toBe(false);
    await held!.settle('not_sent');
    expect((await desk.bench.desk.ask(question('rm a'))).state).toBe('pending');
  });

  it('breaks the glass for one short grant, and somebody else has to review it', async () => {
    const strict = { requirements: [need({ quorum: 3, groups: ['board'] })] };
    const standing = await desk.bench.desk.ask(question('rm x', strict));
    const path = `/admin/v1/approvals/${standing.approval.id}`;
    const body = { fingerprint: standing.approval.fingerprint };
    await expect(
      desk.bench.call('POST', `${path}/break-glass`, desk.bench.actor('ann'), { ...body, reason: ' ' }),
    ).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
    await expect(
      desk.bench.call('POST', `${path}/break-glass`, desk.bench.actor('olga'), { ...body, reason: 'fire' }),
    ).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' });
    await desk.bench.call('POST', `${path}/break-glass`, desk.bench.actor('ann'), { ...body, reason: 'fire' });
    const { grant } = granted(await desk.bench.desk.ask(question('rm x', strict)));
    expect(grant).toMatchObject({ breakGlass: true, scope: 'once', expiresAt: desk.bench.now + 60_000 });
    const open = await desk.bench.call('GET', '/admin/v1/approvals', desk.bench.actor('bob'), {}, { review: 'open' });
    expect(open).toMatchObject({ approvals: [{ id: standing.approval.id }] });
    const review = (person: string) =>
      desk.bench.call('POST', `${path}/review`, desk.bench.actor(person), { comment: 'it burned' });
    await expect(review('ann')).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' });
    await review('bob');
    await expect(review('bob')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    expect(desk.bench.kinds()).toEqual(['approval.opened', 'approval.break_glass', 'approval.reviewed']);
  });

  it('breaks the glass for who has approved already, where the second person does not come', async () => {
    const asked = question('rm x', { requirements: [need({ quorum: 2 })] });
    const standing = await desk.bench.desk.ask(asked);
    const { id, fingerprint } = standing.approval;
    await desk.bench.approve(standing, 'ann', { comment: 'looks right' });
    const glass = (person: string) =>
      desk.bench.call('POST', `/admin/v1/approvals/${id}/break-glass`, desk.bench.actor(person), {
        reason: 'the site is down',
        fingerprint,
      });
    expect(await glass('ann')).toMatchObject({
      state: 'approved',
      verdicts: [{ person: 'ann', breakGlass: true, comment: 'the site is down', proven: true }],
    });
    await expect(glass('ann')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    expect(await desk.bench.desk.take(granted(await desk.bench.desk.ask(asked)), asked, 'req_2')).not.toBeNull();
    const review = desk.bench.call('POST', `/admin/v1/approvals/${id}/review`, desk.bench.actor('ann'), {
      comment: 'x',
    });
    await expect(review).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' });
  });

  it('concerns only principals with something open, granted or lately denied', async () => {
    expect(desk.bench.desk.mayConcern(agent, 'c1')).toBe(false);
    const standing = await desk.bench.desk.ask(question('rm x'));
    expect(desk.bench.desk.mayConcern(agent, 'c1')).toBe(true);
    expect(desk.bench.desk.mayConcern({ ...agent, subject: 'agent-8' }, 'c1')).toBe(false);
    await desk.bench.deny(standing, 'ann');
    expect(desk.bench.desk.mayConcern(agent, 'c1')).toBe(true);
  });

  it('gives back what an approval releases', async () => {
    const released: unknown[] = [];
    await desk.open({ onReleased: (it) => void released.push(it) });
    const standing = await desk.bench.desk.ask(question('rm x', { releases: ['m1', 'm2'] }));
    await desk.bench.approve(standing, 'ann');
    expect(released).toEqual([{ principal: agent, marks: ['m1', 'm2'] }]);
  });

  it('shows exactly the bound content, and what differs from the last that was approved', async () => {
    await desk.bench.approve(await desk.bench.desk.ask(question('rm x')), 'ann');
    desk.bench.now += 1;
    const { approval } = await desk.bench.desk.ask(question('rm y'));
    expect(await desk.bench.call('GET', `/admin/v1/approvals/${approval.id}`, desk.bench.actor('ann'))).toMatchObject({
      content: question('rm y').bound.content,
      facts: { commands: [['rm y']] },
      intact: true,
      difference: { changes: [{ path: 'input.command', before: '"rm x"', after: '"rm y"' }], more: false },
    });
  });

  it('shows nothing to other tenants, nor to whom policy does not let see it', async () => {
    await desk.open({
      mayAct: (actor, action) => decisionOf(action === 'approval.view' && actor.person === 'eve' ? 'deny' : 'allow'),
    });
    const { approval } = await desk.bench.desk.ask(question('rm x'));
    const show = (actor: Parameters<Bench['call']>[2]) =>
      desk.bench.call('GET', `/admin/v1/approvals/${approval.id}`, actor);
    await expect(show(null)).rejects.toMatchObject({ code: 'PERSON_REQUIRED' });
    await expect(show(desk.bench.actor('ann', ['leads'], { tenant: 'other' }))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(show(desk.bench.actor('eve'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const listed = await desk.bench.call('GET', '/admin/v1/approvals', desk.bench.actor('eve'));
    expect(listed).toEqual({ approvals: [], more: false, next: null });
    expect(await show(desk.bench.actor('olga', []))).toMatchObject({ id: approval.id });
  });

  it('lists by state, kind, rule and subject, in pages', async () => {
    for (const command of ['a', 'b', 'c']) await desk.bench.desk.ask(question(command));
    const list = (query: { readonly [name: string]: string }) =>
      desk.bench.call('GET', '/admin/v1/approvals', desk.bench.actor('ann'), {}, query) as Promise<{
        approvals: { id: string }[];
        more: boolean;
      }>;
    const first = await list({ limit: '2', state: 'pending' });
    expect([first.approvals.length, first.more]).toEqual([2, true]);
    const second = await list({ limit: '2', before: first.approvals[1]!.id });
    expect([second.approvals.length, second.more]).toEqual([1, false]);
    expect((await list({ rule: 'risky-shell', subject: 'agent-7', kind: 'tool_call' })).approvals).toHaveLength(3);
    expect((await list({ rule: 'other' })).approvals).toHaveLength(0);
    await expect(list({ state: 'odd' })).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
  });

  it('calls nothing expired in a list that a verdict may still come to', async () => {
    await desk.bench.desk.ask(question('rm x'));
    desk.bench.now += 600_000;
    const listed = await desk.bench.call('GET', '/admin/v1/approvals', desk.bench.actor('ann'));
    expect(listed).toMatchObject({ approvals: [{ state: 'expired' }] });
    expect(desk.bench.kinds()).toEqual(['approval.opened', 'approval.expired']);
  });

  it('lists within bounds for whom policy shows little or nothing, and lets others work meanwhile', async () => {
    const { approval } = await desk.bench.desk.ask(question('rm x'));
    const db = desk.bench.store.query<Tables>();
    const row = await db.selectFrom('approval').selectAll().where('id', '=', approval.id).executeTakeFirstOrThrow();
    for (let at = 0; at < 1_050; at += 7) {
      const more = Array.from({ length: 7 }, (_, one) => `${approval.id}${String(at + one).padStart(4, '0')}`);
      const rows = more.map((id) => ({ ...row, id, state: 'expired' as const }));
      await db.insertInto('approval').values(rows).execute();
    }
    let turned = false;
    setImmediate(() => (turned = true));
    const list = (query: { readonly [name: string]: string }) =>
      desk.bench.call('GET', '/admin/v1/approvals', desk.bench.actor('ann'), {}, query) as Promise<{
        approvals: { id: string }[];
        next: string | null;
      }>;
    const first = await list({ subject: 'somebody-else' });
    expect(turned).toBe(true);
    expect(first).toMatchObject({ approvals: [], more: true, next: expect.stringMatching(/^apr_/) });
    expect(await list({ subject: 'somebody-else', before: first.next! })).toMatchObject({ approvals: [], next: null });
    const rest = await list({ before: first.next!, limit: '200' });
    expect([rest.approvals.length, rest.next]).toEqual([51, null]);
  });

  it('keeps the content no longer than configured, and that of a pending question always', async () => {
    await desk.open({ config: { ...defaults, keep_days: 1, expires_max_s: 10 * 86_400 } });
    await desk.bench.approve(await desk.bench.desk.ask(question('rm x')), 'ann');
    const { approval } = await desk.bench.desk.ask(
      question('rm y', { requirements: [need({ expires_s: 5 * 86_400 })] }),
    );
    desk.bench.now += 2 * 86_400_000;
    await desk.bench.desk.sweep();
    const list = (await desk.bench.call('GET', '/admin/v1/approvals', desk.bench.actor('ann'))) as {
      approvals: { id: string }[];
    };
    const kept: string[] = [];
    for (const { id } of list.approvals) {
      const shown = (await desk.bench.call('GET', `/admin/v1/approvals/${id}`, desk.bench.actor('ann'))) as JsonObject;
      if (shown.content !== null) kept.push(id);
    }
    expect(kept).toEqual([approval.id]);
  });

  it('refuses a fingerprint that was not shown, and a login too old', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    const other = question('rm y').bound.fingerprint;
    await expect(desk.bench.approve(standing, 'ann', { fingerprint: other })).rejects.toMatchObject({
      code: 'APPROVAL_CONFLICT',
    });
    const path = `/admin/v1/approvals/${standing.approval.id}/decisions`;
    const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint };
    for (const via of ['token', 'session'] as const) {
      const stale = { principal: human('ann'), authenticatedAt: desk.bench.now - 900_001, via };
      await expect(desk.bench.call('POST', path, stale, body)).rejects.toMatchObject({ code: 'LOGIN_NOT_RECENT' });
    }
    const fresh = { principal: human('ann'), authenticatedAt: desk.bench.now - 899_000, via: 'session' } as const;
    await desk.bench.call('POST', path, fresh, body);
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('granted');
  });
});
