import { expect, it } from 'vitest';
import { decisionOf } from '../model/decisions.ts';
import { onBothStores } from './stores.ts';
import { agent, defaults, granted, need, question } from './support.ts';

const forever = Number.MAX_SAFE_INTEGER;
const never = new AbortController().signal;

onBothStores('approvals', (desk) => {
  it('opens one pending approval for equal questions asked at the same time', async () => {
    const asked = await Promise.all(Array.from({ length: 12 }, () => desk.bench.desk.ask(question('rm x'))));
    expect(new Set(asked.map(({ approval }) => approval.id)).size).toBe(1);
    expect(asked.every(({ state }) => state === 'pending')).toBe(true);
    expect(desk.bench.kinds()).toEqual(['approval.opened']);
  });

  it('opens only so many questions of one caller, and others of everybody else', async () => {
    await desk.open({ config: { ...defaults, pending_most_per_caller: 3 } });
    for (const command of ['a', 'b', 'c']) await desk.bench.desk.ask(question(command));
    await expect(desk.bench.desk.ask(question('d'))).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect((await desk.bench.desk.ask(question('c'))).state).toBe('pending');
    const other = { ...agent, subject: 'agent-8' };
    expect((await desk.bench.desk.ask(question('d', { principal: other }))).state).toBe('pending');
    await desk.bench.deny(await desk.bench.desk.ask(question('a')), 'ann');
    expect((await desk.bench.desk.ask(question('d'))).state).toBe('pending');
    desk.bench.now += 700_000;
    expect((await desk.bench.desk.ask(question('e'))).state).toBe('pending');
  });

  it('grants exactly what was approved, once', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(standing, 'ann');
    const again = granted(await desk.bench.desk.ask(question('rm x')));
    expect(again.grant).toMatchObject({ scope: 'once', usesLeft: 1, breakGlass: false });
    const held = await desk.bench.desk.take(again, question('rm x'), 'req_2');
    expect(await desk.bench.desk.take(again, question('rm x'), 'req_3')).toBeNull();
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('in_use');
    await held!.settle('delivered');
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('pending');
    expect((await desk.bench.desk.ask(question('rm y'))).state).toBe('pending');
    expect(desk.bench.kinds().slice(0, 4)).toEqual([
      'approval.opened',
      'approval.decided',
      'grant.taken',
      'grant.spent',
    ]);
  });

  it('takes no grant for another content', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(standing, 'ann');
    const mine = granted(await desk.bench.desk.ask(question('rm x')));
    expect(await desk.bench.desk.take(mine, question('rm y'), 'req_2')).toBeNull();
    const others = question('rm x', { principal: { ...agent, subject: 'agent-8' } });
    expect(await desk.bench.desk.take(mine, { ...question('rm x'), principal: others.principal }, 'req_2')).toBeNull();
  });

  it('wakes who waits at the verdict, and gives up at the deadline or with the signal', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    const { id } = standing.approval;
    const waiting = desk.bench.desk.wait(id, never, forever);
    const gone = new AbortController();
    const leaving = desk.bench.desk.wait(id, gone.signal, forever);
    gone.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    expect((await desk.bench.desk.wait(id, never, desk.bench.now + 30)).state).toBe('pending');
    expect(desk.bench.desk.waiting).toBe(1);
    await desk.bench.approve(standing, 'ann');
    expect((await waiting).state).toBe('granted');
    expect(desk.bench.desk.waiting).toBe(0);
  });

  it('stands by a denial for a while, then asks anew', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.deny(standing, 'ann', { comment: 'use trash' });
    expect(await desk.bench.desk.ask(question('rm x'))).toMatchObject({
      state: 'denied',
      approval: { comment: 'use trash' },
    });
    await expect(desk.bench.approve(standing, 'bob')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    desk.bench.now += 901_000;
    const anew = await desk.bench.desk.ask(question('rm x'));
    expect(anew.state).toBe('pending');
    expect(anew.approval.id).not.toBe(standing.approval.id);
  });

  it('needs as many persons as required, whatever logins they use; one no is enough', async () => {
    const two = { requirements: [need({ quorum: 2 })] };
    const standing = await desk.bench.desk.ask(question('rm x', two));
    await desk.bench.approve(standing, 'ann');
    await expect(desk.bench.approve(standing, 'ann')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    expect((await desk.bench.desk.ask(question('rm x', two))).state).toBe('pending');
    await desk.bench.approve(standing, 'bob');
    expect((await desk.bench.desk.ask(question('rm x', two))).state).toBe('granted');
    const other = await desk.bench.desk.ask(question('rm y', two));
    await desk.bench.approve(other, 'ann');
    await desk.bench.deny(other, 'bob');
    expect((await desk.bench.desk.ask(question('rm y', two))).state).toBe('denied');
  });

  it('meets several requirements with the right groups only, and takes the shortest times and the narrowest scope', async () => {
    const requirements = [
      need({ groups: ['leads'], expires_s: 60, scopes: ['once', 'session'] }),
      need({ groups: ['security'], grant_s: 30, scopes: ['session', 'time_boxed'] }),
    ];
    const standing = await desk.bench.desk.ask(question('rm x', { requirements }));
    expect(standing.approval.expiresAt).toBe(desk.bench.now + 60_000);
    const path = `/admin/v1/approvals/${standing.approval.id}/decisions`;
    const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint, scope: 'session' } as const;
    await expect(desk.bench.call('POST', path, desk.bench.actor('eve', ['sales']), body)).rejects.toMatchObject({
      code: 'APPROVAL_FORBIDDEN',
    });
    await expect(
      desk.bench.call('POST', path, desk.bench.actor('ann'), { ...body, scope: 'time_boxed' }),
    ).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
    await desk.bench.call('POST', path, desk.bench.actor('ann', ['leads']), body);
    await desk.bench.call('POST', path, desk.bench.actor('bob', ['leads']), body);
    expect((await desk.bench.desk.ask(question('rm x', { requirements }))).state).toBe('pending');
    await desk.bench.call('POST', path, desk.bench.actor('sue', ['security']), { ...body, scope: 'once' });
    const { grant } = granted(await desk.bench.desk.ask(question('rm x', { requirements })));
    expect(grant).toMatchObject({ scope: 'once', expiresAt: desk.bench.now + 30_000 });
  });

  it('lets one person of several groups count for several requirements', async () => {
    const requirements = [need({ groups: ['leads'] }), need({ groups: ['security'] })];
    const standing = await desk.bench.desk.ask(question('rm x', { requirements }));
    const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint };
    await desk.bench.call(
      'POST',
      `/admin/v1/approvals/${standing.approval.id}/decisions`,
      desk.bench.actor('ann', ['leads', 'security']),
      body,
    );
    expect((await desk.bench.desk.ask(question('rm x', { requirements }))).state).toBe('granted');
  });

  it('expires a question and a grant each in its own time, on looking as well as on sweeping', async () => {
    const first = await desk.bench.desk.ask(question('rm x'));
    desk.bench.now += 600_000;
    expect((await desk.bench.desk.wait(first.approval.id, never, forever)).state).toBe('expired');
    await expect(desk.bench.approve(first, 'ann')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    const second = await desk.bench.desk.ask(question('rm x'));
    expect(second.approval.id).not.toBe(first.approval.id);
    desk.bench.now += 599_000;
    await desk.bench.approve(second, 'ann');
    desk.bench.now += 299_000;
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('granted');
    desk.bench.now += 1_000;
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('pending');
    const third = await desk.bench.desk.ask(question('rm z'));
    desk.bench.now += 600_000;
    await desk.bench.desk.sweep();
    const shown = await desk.bench.call('GET', `/admin/v1/approvals/${third.approval.id}`, desk.bench.actor('ann'));
    expect(shown).toMatchObject({ state: 'expired' });
    expect(desk.bench.kinds().filter((it) => it === 'approval.expired')).toHaveLength(3);
    expect(desk.bench.kinds().filter((it) => it === 'grant.expired')).toHaveLength(1);
  });

  it('gives a session grant for what the same rules ask in the conversation, so often', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(standing, 'ann', { scope: 'session' });
    const elsewhere = await desk.bench.desk.ask(question('rm x', { conversation: 'c2' }));
    expect(elsewhere.state).toBe('pending');
    const otherRule = { reasons: [{ id: 'network', message: '', policy: 'p', severity: 'low' as const }] };
    expect((await desk.bench.desk.ask(question('curl', otherRule))).state).toBe('pending');
    for (const command of ['rm a', 'rm b', 'rm c']) {
      const held = await desk.bench.desk.take(
        granted(await desk.bench.desk.ask(question(command))),
        question(command),
        'req_2',
      );
      expect(held!.grant.scope).toBe('session');
      await held!.settle('delivered');
    }
    expect((await desk.bench.desk.ask(question('rm d'))).state).toBe('pending');
  });

  it('gives a time-boxed grant to the principal in any conversation, until its time is over', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(standing, 'ann', { scope: 'time_boxed' });
    expect((await desk.bench.desk.ask(question('rm a', { conversation: 'c2' }))).state).toBe('granted');
    const somebody = { principal: { ...agent, subject: 'agent-8' } };
    expect((await desk.bench.desk.ask(question('rm a', somebody))).state).toBe('pending');
    desk.bench.now += 300_000;
    expect((await desk.bench.desk.ask(question('rm b', { conversation: 'c2' }))).state).toBe('pending');
  });

  it('lets a dispatch that came to nothing be tried again, three times in all', async () => {
    await desk.bench.approve(await desk.bench.desk.ask(question('rm x')), 'ann');
    for (const dispatch of ['not_sent', 'upstream_refused', 'upstream_cut'] as const) {
      const held = await desk.bench.desk.take(
        granted(await desk.bench.desk.ask(question('rm x'))),
        question('rm x'),
        'req_2',
      );
      await held!.settle(dispatch);
      await held!.settle('delivered');
    }
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('pending');
    expect(desk.bench.kinds().filter((it) => it.startsWith('grant.'))).toEqual([
      'grant.taken',
      'grant.returned',
      'grant.taken',
      'grant.returned',
      'grant.taken',
      'grant.spent',
    ]);
  });

  it('asks again for more max_tokens than were approved, not for fewer', async () => {
    const of = (maxTokens: number) => question('rm x', { maxTokens });
    const standing = await desk.bench.desk.ask(of(1000));
    expect((await desk.bench.desk.ask(of(500))).approval.id).toBe(standing.approval.id);
    const more = await desk.bench.desk.ask(of(2000));
    expect(more.approval.id).not.toBe(standing.approval.id);
    await desk.bench.approve(more, 'ann');
    expect((await desk.bench.desk.ask(of(2000))).state).toBe('granted');
    expect((await desk.bench.desk.ask(of(1))).state).toBe('granted');
    expect((await desk.bench.desk.ask(of(2001))).state).toBe('pending');
  });

  it('supersedes an approval whose verdicts do not meet what policy requires now', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(standing, 'ann');
    const { id } = standing.approval;
    const { bound } = question('rm x');
    expect(await desk.bench.desk.recheck(id, decisionOf('allow'), bound)).toBe(true);
    expect(await desk.bench.desk.recheck(id, decisionOf('require_approval', [need()]), bound)).toBe(true);
    expect(
      await desk.bench.desk.recheck(id, decisionOf('require_approval', [need({ groups: ['security'] })]), bound),
    ).toBe(false);
    const stricter = question('rm x', { requirements: [need({ groups: ['security'] })] });
    const anew = await desk.bench.desk.ask(stricter);
    expect(anew.state).toBe('pending');
    expect(anew.approval.id).not.toBe(id);
    expect(desk.bench.kinds()).toContain('approval.superseded');
    await expect(
      desk.bench.desk.take({ ...standing, state: 'granted', grant: {} } as never, question('rm x'), 'r'),
    ).resolves.toBeNull();
  });

  it('supersedes an approval of another content than the one now', async () => {
    const standing = await desk.bench.desk.ask(question('rm x'));
    await desk.bench.approve(standing, 'ann');
    expect(
      await desk.bench.desk.recheck(
        standing.approval.id,
        decisionOf('require_approval', [need()]),
        question('rm y').bound,
      ),
    ).toBe(false);
    expect((await desk.bench.desk.ask(question('rm x'))).state).toBe('pending');
  });
});
