import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, granted, human, need, openBench, question } from './support.ts';

/*
 * Somebody who can write in the tables, but has no key: whatever they write, nothing is granted that humans did not grant.
 */

let bench: Bench;
const db = () => bench.store.query<unknown>() as Kysely<unknown>;
const write = (statement: string) => sql.raw(statement).execute(db());

beforeEach(async () => {
  bench = await openBench();
});
afterEach(() => bench.close());

describe('a changed table', () => {
  it.each([
    ['the verdict of a denial', "update approval_decision set verdict = 'approve'"],
    ['the state of a denial', "update approval set state = 'approved'"],
    ['both', "update approval_decision set verdict = 'approve'; update approval set state = 'approved'"],
  ])('grants nothing: %s', async (_, statements) => {
    await bench.deny(await bench.desk.ask(question('rm x')), 'ann');
    for (const statement of statements.split(';')) await write(statement);
    expect((await bench.desk.ask(question('rm x'))).state).not.toBe('granted');
  });

  it('lets nobody lower the quorum of a pending question', async () => {
    const two = { requirements: [need({ quorum: 2 })] };
    const standing = await bench.desk.ask(question('rm x', two));
    await write(`update approval set requirements_json = '${JSON.stringify([need()])}'`);
    await expect(bench.approve(standing, 'ann')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    const anew = await bench.desk.ask(question('rm x', two));
    expect([anew.state, anew.approval.id === standing.approval.id]).toEqual(['pending', false]);
  });

  it('counts no verdict that was put there for another person', async () => {
    const two = { requirements: [need({ quorum: 2 })] };
    const standing = await bench.desk.ask(question('rm x', two));
    await bench.approve(standing, 'ann');
    await write(
      `insert into approval_decision select 'dec_0', approval, 'bob', '${JSON.stringify(human('bob'))}', verdict, scope,
       comment, break_glass, at, authenticated_at, via, expires_at, signature from approval_decision`,
    );
    await bench.approve(standing, 'cid');
    expect((await bench.desk.ask(question('rm x', two))).state).toBe('granted');
    const other = await bench.desk.ask(question('rm y', two));
    await bench.approve(other, 'ann');
    // A verdict on another content, moved here.
    await write(`update approval_decision set approval = '${other.approval.id}' where person = 'cid'`);
    expect((await bench.desk.ask(question('rm y', two))).state).toBe('pending');
    await expect(bench.approve(other, 'cid')).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    expect((await bench.desk.ask(question('rm y', two))).state).toBe('pending');
  });

  it.each([
    ['the person who approved', "update approval_decision set person = 'bob'"],
    [
      'the groups of the approver',
      `update approval_decision set approver_json = '${JSON.stringify(human('ann', ['board']))}'`,
    ],
    ['the time a verdict is good for', 'update approval_decision set expires_at = expires_at + 1000'],
    ['break-glass', 'update approval_decision set break_glass = 1'],
    ['a signature', "update approval_decision set signature = 'AAAA'"],
    ['the content that was approved', `update approval set fingerprint = '${'0'.repeat(64)}'`],
    ['the rules', 'update approval set rules_json = \'["x"]\''],
    ['the end of the grant', 'update approval_grant set expires_at = expires_at + 1000000'],
    ['the scope of the grant', "update approval_grant set scope = 'time_boxed', fingerprint = null"],
    ['the max_tokens of the grant', 'update approval_grant set max_tokens = 1'],
  ])('is no permission to go on: %s', async (_, statement) => {
    await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
    const before = granted(await bench.desk.ask(question('rm x')));
    await write(statement);
    expect(await bench.desk.take(before, question('rm x'), 'req_2')).toBeNull();
    expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
  });

  it('moves no grant to another content', async () => {
    await bench.approve(await bench.desk.ask(question('rm x')), 'ann');
    await write(`update approval_grant set fingerprint = '${question('rm /').bound.fingerprint}'`);
    expect((await bench.desk.ask(question('rm /'))).state).toBe('pending');
  });

  it('shows no other content than the fingerprint is of', async () => {
    const { approval } = await bench.desk.ask(question('rm x'));
    const other = await bench.desk.ask(question('rm y'));
    await write(
      `update approval_content set sealed = (select sealed from approval_content where approval = '${other.approval.id}'),
       wrapped = (select wrapped from approval_content where approval = '${other.approval.id}')`,
    );
    const shown = bench.call('GET', `/admin/v1/approvals/${approval.id}`, bench.actor('ann'));
    await expect(shown).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('holds no content in the clear', async () => {
    await bench.desk.ask(question('rm very-secret-name'));
    const { rows } = await sql<{ sealed: Uint8Array }>`select sealed from approval_content`.execute(db());
    expect(Buffer.from(rows[0]!.sealed).includes('very-secret-name')).toBe(false);
    for (const table of ['approval', 'approval_event', 'approval_notice']) {
      const found = await sql.raw(`select * from ${table}`).execute(db());
      expect(JSON.stringify(found.rows)).not.toContain('very-secret-name');
    }
  });
});
