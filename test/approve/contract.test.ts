import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/json.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import {
  agent,
  type Bench,
  type BenchOptions,
  decisionOf,
  defaults,
  granted,
  human,
  need,
  openBench,
  question,
} from './support.ts';

const { folder, reason } = postgresOrSkip();
const forever = Number.MAX_SAFE_INTEGER;
const never = new AbortController().signal;

describe.each(['sqlite', 'postgres'] as const)('approvals on %s', (kind) => {
  const missing = kind === 'postgres' && folder === null;
  describe.skipIf(missing)(missing ? reason : 'of the real thing', () => {
    let server: PostgresServer | null = null;
    let bench: Bench;
    const open = async (options: BenchOptions = {}) => {
      await bench?.close();
      const url = server === null ? 'sqlite' : await server.database();
      bench = await openBench({ url, ...options });
      return bench;
    };

    beforeAll(async () => {
      if (kind === 'postgres') server = await startPostgres(folder!);
    });
    afterAll(() => server?.close());
    beforeEach(async () => {
      await open();
    });
    afterEach(async () => {
      await bench.close();
      (bench as unknown) = undefined;
    });

    it('opens one pending approval for equal questions asked at the same time', async () => {
      const asked = await Promise.all(Array.from({ length: 12 }, () => bench.desk.ask(question('rm x'))));
      expect(new Set(asked.map(({ approval }) => approval.id)).size).toBe(1);
      expect(asked.every(({ state }) => state === 'pending')).toBe(true);
      expect(bench.kinds()).toEqual(['approval.opened']);
    });

    it('grants exactly what was approved, once', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.approve(standing, 'ann');
      const again = granted(await bench.desk.ask(question('rm x')));
      expect(again.grant).toMatchObject({ scope: 'once', usesLeft: 1, breakGlass: false });
      const held = await bench.desk.take(again, question('rm x'), 'req_2');
      expect(await bench.desk.take(again, question('rm x'), 'req_3')).toBeNull();
      expect((await bench.desk.ask(question('rm x'))).state).toBe('in_use');
      await held!.settle('delivered');
      expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
      expect((await bench.desk.ask(question('rm y'))).state).toBe('pending');
      expect(bench.kinds().slice(0, 4)).toEqual(['approval.opened', 'approval.decided', 'grant.taken', 'grant.spent']);
    });

    it('takes no grant for another content', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.approve(standing, 'ann');
      const mine = granted(await bench.desk.ask(question('rm x')));
      expect(await bench.desk.take(mine, question('rm y'), 'req_2')).toBeNull();
      const others = question('rm x', { principal: { ...agent, subject: 'agent-8' } });
      expect(await bench.desk.take(mine, { ...question('rm x'), principal: others.principal }, 'req_2')).toBeNull();
    });

    it('wakes who waits at the verdict, and gives up at the deadline or with the signal', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      const { id } = standing.approval;
      const waiting = bench.desk.wait(id, never, forever);
      const gone = new AbortController();
      const leaving = bench.desk.wait(id, gone.signal, forever);
      gone.abort(new Error('left'));
      await expect(leaving).rejects.toThrow('left');
      expect((await bench.desk.wait(id, never, bench.now + 30)).state).toBe('pending');
      expect(bench.desk.waiting).toBe(1);
      await bench.approve(standing, 'ann');
      expect((await waiting).state).toBe('granted');
      expect(bench.desk.waiting).toBe(0);
    });

    it('stands by a denial for a while, then asks anew', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.deny(standing, 'ann', { comment: 'use trash' });
      expect(await bench.desk.ask(question('rm x'))).toMatchObject({
        state: 'denied',
        approval: { comment: 'use trash' },
      });
      await expect(bench.approve(standing, 'bob')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
      bench.now += 901_000;
      const anew = await bench.desk.ask(question('rm x'));
      expect(anew.state).toBe('pending');
      expect(anew.approval.id).not.toBe(standing.approval.id);
    });

    it('needs as many persons as required, whatever logins they use; one no is enough', async () => {
      const two = { requirements: [need({ quorum: 2 })] };
      const standing = await bench.desk.ask(question('rm x', two));
      await bench.approve(standing, 'ann');
      await expect(bench.approve(standing, 'ann')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
      expect((await bench.desk.ask(question('rm x', two))).state).toBe('pending');
      await bench.approve(standing, 'bob');
      expect((await bench.desk.ask(question('rm x', two))).state).toBe('granted');
      const other = await bench.desk.ask(question('rm y', two));
      await bench.approve(other, 'ann');
      await bench.deny(other, 'bob');
      expect((await bench.desk.ask(question('rm y', two))).state).toBe('denied');
    });

    it('meets several requirements with the right groups only, and takes the shortest times and the narrowest scope', async () => {
      const requirements = [
        need({ groups: ['leads'], expires_s: 60, scopes: ['once', 'session'] }),
        need({ groups: ['security'], grant_s: 30, scopes: ['session', 'time_boxed'] }),
      ];
      const standing = await bench.desk.ask(question('rm x', { requirements }));
      expect(standing.approval.expiresAt).toBe(bench.now + 60_000);
      const path = `/admin/v1/approvals/${standing.approval.id}/decisions`;
      const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint, scope: 'session' } as const;
      await expect(bench.call('POST', path, bench.actor('eve', ['sales']), body)).rejects.toMatchObject({
        code: 'APPROVAL_FORBIDDEN',
      });
      await expect(
        bench.call('POST', path, bench.actor('ann'), { ...body, scope: 'time_boxed' }),
      ).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
      await bench.call('POST', path, bench.actor('ann', ['leads']), body);
      await bench.call('POST', path, bench.actor('bob', ['leads']), body);
      expect((await bench.desk.ask(question('rm x', { requirements }))).state).toBe('pending');
      await bench.call('POST', path, bench.actor('sue', ['security']), { ...body, scope: 'once' });
      const { grant } = granted(await bench.desk.ask(question('rm x', { requirements })));
      expect(grant).toMatchObject({ scope: 'once', expiresAt: bench.now + 30_000 });
    });

    it('lets one person of several groups count for several requirements', async () => {
      const requirements = [need({ groups: ['leads'] }), need({ groups: ['security'] })];
      const standing = await bench.desk.ask(question('rm x', { requirements }));
      const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint };
      await bench.call(
        'POST',
        `/admin/v1/approvals/${standing.approval.id}/decisions`,
        bench.actor('ann', ['leads', 'security']),
        body,
      );
      expect((await bench.desk.ask(question('rm x', { requirements }))).state).toBe('granted');
    });

    it('expires a question and a grant each in its own time, on looking as well as on sweeping', async () => {
      const first = await bench.desk.ask(question('rm x'));
      bench.now += 600_000;
      expect((await bench.desk.wait(first.approval.id, never, forever)).state).toBe('expired');
      await expect(bench.approve(first, 'ann')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
      const second = await bench.desk.ask(question('rm x'));
      expect(second.approval.id).not.toBe(first.approval.id);
      bench.now += 599_000;
      await bench.approve(second, 'ann');
      bench.now += 299_000;
      expect((await bench.desk.ask(question('rm x'))).state).toBe('granted');
      bench.now += 1_000;
      expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
      const third = await bench.desk.ask(question('rm z'));
      bench.now += 600_000;
      await bench.desk.sweep();
      const shown = await bench.call('GET', `/admin/v1/approvals/${third.approval.id}`, bench.actor('ann'));
      expect(shown).toMatchObject({ state: 'expired' });
      expect(bench.kinds().filter((it) => it === 'approval.expired')).toHaveLength(3);
      expect(bench.kinds().filter((it) => it === 'grant.expired')).toHaveLength(1);
    });

    it('gives a session grant for what the same rules ask in the conversation, so often', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.approve(standing, 'ann', { scope: 'session' });
      const elsewhere = await bench.desk.ask(question('rm x', { conversation: 'c2' }));
      expect(elsewhere.state).toBe('pending');
      const otherRule = { reasons: [{ id: 'network', message: '', policy: 'p', severity: 'low' as const }] };
      expect((await bench.desk.ask(question('curl', otherRule))).state).toBe('pending');
      for (const command of ['rm a', 'rm b', 'rm c']) {
        const held = await bench.desk.take(
          granted(await bench.desk.ask(question(command))),
          question(command),
          'req_2',
        );
        expect(held!.grant.scope).toBe('session');
        await held!.settle('delivered');
      }
      expect((await bench.desk.ask(question('rm d'))).state).toBe('pending');
    });

    it('gives a time-boxed grant to the principal in any conversation, until its time is over', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.approve(standing, 'ann', { scope: 'time_boxed' });
      expect((await bench.desk.ask(question('rm a', { conversation: 'c2' }))).state).toBe('granted');
      const somebody = { principal: { ...agent, subject: 'agent-8' } };
      expect((await bench.desk.ask(question('rm a', somebody))).state).toBe('pending');
      bench.now += 300_000;
      expect((await bench.desk.ask(question('rm b', { conversation: 'c2' }))).state).toBe('pending');
    });

    it('lets a dispatch that came to nothing be tried again, three times in all', async () => {
      await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
      for (const dispatch of ['not_sent', 'upstream_refused', 'upstream_cut'] as const) {
        const held = await bench.desk.take(granted(await bench.desk.ask(question('rm x'))), question('rm x'), 'req_2');
        await held!.settle(dispatch);
        await held!.settle('delivered');
      }
      expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
      expect(bench.kinds().filter((it) => it.startsWith('grant.'))).toEqual([
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
      const standing = await bench.desk.ask(of(1000));
      expect((await bench.desk.ask(of(500))).approval.id).toBe(standing.approval.id);
      const more = await bench.desk.ask(of(2000));
      expect(more.approval.id).not.toBe(standing.approval.id);
      await bench.approve(more, 'ann');
      expect((await bench.desk.ask(of(2000))).state).toBe('granted');
      expect((await bench.desk.ask(of(1))).state).toBe('granted');
      expect((await bench.desk.ask(of(2001))).state).toBe('pending');
    });

    it('supersedes an approval whose verdicts do not meet what policy requires now', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.approve(standing, 'ann');
      const { id } = standing.approval;
      const { bound } = question('rm x');
      expect(await bench.desk.recheck(id, decisionOf('allow'), bound)).toBe(true);
      expect(await bench.desk.recheck(id, decisionOf('require_approval', [need()]), bound)).toBe(true);
      expect(
        await bench.desk.recheck(id, decisionOf('require_approval', [need({ groups: ['security'] })]), bound),
      ).toBe(false);
      const stricter = question('rm x', { requirements: [need({ groups: ['security'] })] });
      const anew = await bench.desk.ask(stricter);
      expect(anew.state).toBe('pending');
      expect(anew.approval.id).not.toBe(id);
      expect(bench.kinds()).toContain('approval.superseded');
      await expect(
        bench.desk.take({ ...standing, state: 'granted', grant: {} } as never, question('rm x'), 'r'),
      ).resolves.toBeNull();
    });

    it('supersedes an approval of another content than the one now', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.approve(standing, 'ann');
      expect(
        await bench.desk.recheck(
          standing.approval.id,
          decisionOf('require_approval', [need()]),
          question('rm y').bound,
        ),
      ).toBe(false);
      expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
    });

    it('takes a question back for who asked, and a grant for whom policy lets', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      await bench.call('POST', `/admin/v1/approvals/${standing.approval.id}/cancel`, bench.actor('olga', []), {});
      expect((await bench.desk.wait(standing.approval.id, never, forever)).state).toBe('cancelled');
      const anew = await bench.desk.ask(question('rm x'));
      await bench.approve(anew, 'ann');
      const { grant } = granted(await bench.desk.ask(question('rm x')));
      await bench.call('POST', `/admin/v1/grants/${grant.id}/revoke`, bench.actor('bob'), {});
      await expect(
        bench.call('POST', `/admin/v1/grants/${grant.id}/revoke`, bench.actor('bob'), {}),
      ).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
      expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
    });

    it('does not let a grant that was revoked in flight be used again', async () => {
      await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
      const held = await bench.desk.take(granted(await bench.desk.ask(question('rm x'))), question('rm x'), 'req_2');
      expect(await held!.stands()).toBe(true);
      await bench.call('POST', `/admin/v1/grants/${held!.grant.id}/revoke`, bench.actor('bob'), {});
      expect(await held!.stands()).toBe(false);
      await held!.settle('not_sent');
      expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
    });

    it('ends all uses of a wider grant that is revoked', async () => {
      await bench.approve(await bench.desk.ask(question('rm x')), 'ann', { scope: 'session' });
      const standing = granted(await bench.desk.ask(question('rm a')));
      const held = await bench.desk.take(standing, question('rm a'), 'req_2');
      await bench.call('POST', `/admin/v1/grants/${standing.grant.id}/revoke`, bench.actor('bob'), {});
      expect(await held!.stands()).toBe(false);
      await held!.settle('not_sent');
      expect((await bench.desk.ask(question('rm a'))).state).toBe('pending');
    });

    it('breaks the glass for one short grant, and somebody else has to review it', async () => {
      const strict = { requirements: [need({ quorum: 3, groups: ['board'] })] };
      const standing = await bench.desk.ask(question('rm x', strict));
      const path = `/admin/v1/approvals/${standing.approval.id}`;
      const body = { fingerprint: standing.approval.fingerprint };
      await expect(
        bench.call('POST', `${path}/break-glass`, bench.actor('ann'), { ...body, reason: ' ' }),
      ).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
      await expect(
        bench.call('POST', `${path}/break-glass`, bench.actor('olga'), { ...body, reason: 'fire' }),
      ).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' });
      await bench.call('POST', `${path}/break-glass`, bench.actor('ann'), { ...body, reason: 'fire' });
      const { grant } = granted(await bench.desk.ask(question('rm x', strict)));
      expect(grant).toMatchObject({ breakGlass: true, scope: 'once', expiresAt: bench.now + 60_000 });
      const open = await bench.call('GET', '/admin/v1/approvals', bench.actor('bob'), {}, { review: 'open' });
      expect(open).toMatchObject({ approvals: [{ id: standing.approval.id }] });
      const review = (person: string) =>
        bench.call('POST', `${path}/review`, bench.actor(person), { comment: 'it burned' });
      await expect(review('ann')).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' });
      await review('bob');
      await expect(review('bob')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
      expect(bench.kinds()).toEqual(['approval.opened', 'approval.break_glass', 'approval.reviewed']);
    });

    it('concerns only principals with something open, granted or lately denied', async () => {
      expect(bench.desk.mayConcern(agent, 'c1')).toBe(false);
      const standing = await bench.desk.ask(question('rm x'));
      expect(bench.desk.mayConcern(agent, 'c1')).toBe(true);
      expect(bench.desk.mayConcern({ ...agent, subject: 'agent-8' }, 'c1')).toBe(false);
      await bench.deny(standing, 'ann');
      expect(bench.desk.mayConcern(agent, 'c1')).toBe(true);
    });

    it('gives back what an approval releases', async () => {
      const released: unknown[] = [];
      await open({ onReleased: (it) => void released.push(it) });
      const standing = await bench.desk.ask(question('rm x', { releases: ['m1', 'm2'] }));
      await bench.approve(standing, 'ann');
      expect(released).toEqual([{ principal: agent, marks: ['m1', 'm2'] }]);
    });

    it('shows exactly the bound content, and what differs from the last that was approved', async () => {
      await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
      bench.now += 1;
      const { approval } = await bench.desk.ask(question('rm y'));
      expect(await bench.call('GET', `/admin/v1/approvals/${approval.id}`, bench.actor('ann'))).toMatchObject({
        content: question('rm y').bound.content,
        facts: { commands: [['rm y']] },
        intact: true,
        difference: { changes: [{ path: 'input.command', before: '"rm x"', after: '"rm y"' }], more: false },
      });
    });

    it('shows nothing to other tenants, nor to whom policy does not let see it', async () => {
      await open({
        mayAct: (actor, action) => decisionOf(action === 'approval.view' && actor.person === 'eve' ? 'deny' : 'allow'),
      });
      const { approval } = await bench.desk.ask(question('rm x'));
      const show = (actor: Parameters<Bench['call']>[2]) =>
        bench.call('GET', `/admin/v1/approvals/${approval.id}`, actor);
      await expect(show(null)).rejects.toMatchObject({ code: 'PERSON_REQUIRED' });
      await expect(show(bench.actor('ann', ['leads'], { tenant: 'other' }))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(show(bench.actor('eve'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const listed = await bench.call('GET', '/admin/v1/approvals', bench.actor('eve'));
      expect(listed).toEqual({ approvals: [], more: false });
      expect(await show(bench.actor('olga', []))).toMatchObject({ id: approval.id });
    });

    it('lists by state, kind, rule and subject, in pages', async () => {
      for (const command of ['a', 'b', 'c']) await bench.desk.ask(question(command));
      const list = (query: { readonly [name: string]: string }) =>
        bench.call('GET', '/admin/v1/approvals', bench.actor('ann'), {}, query) as Promise<{
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

    it('keeps the content no longer than configured, and that of a pending question always', async () => {
      await open({ config: { ...defaults, keep_days: 1, expires_max_s: 10 * 86_400 } });
      await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
      const { approval } = await bench.desk.ask(question('rm y', { requirements: [need({ expires_s: 5 * 86_400 })] }));
      bench.now += 2 * 86_400_000;
      await bench.desk.sweep();
      const list = (await bench.call('GET', '/admin/v1/approvals', bench.actor('ann'))) as {
        approvals: { id: string }[];
      };
      const kept: string[] = [];
      for (const { id } of list.approvals) {
        const shown = (await bench.call('GET', `/admin/v1/approvals/${id}`, bench.actor('ann'))) as JsonObject;
        if (shown.content !== null) kept.push(id);
      }
      expect(kept).toEqual([approval.id]);
    });

    it('refuses a fingerprint that was not shown, and a login too old', async () => {
      const standing = await bench.desk.ask(question('rm x'));
      const other = question('rm y').bound.fingerprint;
      await expect(bench.approve(standing, 'ann', { fingerprint: other })).rejects.toMatchObject({
        code: 'APPROVAL_CONFLICT',
      });
      const path = `/admin/v1/approvals/${standing.approval.id}/decisions`;
      const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint };
      const stale = { principal: human('ann'), authenticatedAt: bench.now - 900_001, via: 'token' } as const;
      await expect(bench.call('POST', path, stale, body)).rejects.toMatchObject({ code: 'LOGIN_TOO_OLD' });
      await bench.call('POST', path, { ...stale, via: 'session' }, body);
      expect((await bench.desk.ask(question('rm x'))).state).toBe('granted');
    });
  });
});
