import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GatewayError } from '../../src/errors.ts';
import type { Principal } from '../../src/model/principal.ts';
import { decisionOf } from '../model/decisions.ts';
import { agent, human, openBench, question } from './support.ts';

/** What a verdict by `approver` on a question of `requester` comes to, with a policy that allows everything but `denied`. */
async function verdictOf(requester: Principal, approver: Principal, denied: readonly string[] = []): Promise<string> {
  const bench = await openBench({ mayAct: (_, action) => decisionOf(denied.includes(action) ? 'deny' : 'allow') });
  const standing = await bench.desk.ask(question('rm x', { principal: requester }));
  const actor = { principal: approver, authenticatedAt: bench.now, via: 'token' } as const;
  const body = { verdict: 'approve', fingerprint: standing.approval.fingerprint };
  try {
    await bench.call('POST', `/admin/v1/approvals/${standing.approval.id}/decisions`, actor, body);
    return 'approved';
  } catch (fault) {
    return (fault as GatewayError).code;
  } finally {
    await bench.close();
  }
}

describe('whoever policy lets', () => {
  const other = { issuer: 'https://other-idp.example', subject: 'x-17' };
  it.each([
    ['a human approves what another person asked', human('bob'), human('ann'), 'approved'],
    ['a human approves a workload of another person', agent, human('ann'), 'approved'],
    ['nobody approves their own request', human('ann'), human('ann'), 'APPROVAL_FORBIDDEN'],
    ['nor by a login of another issuer', human('ann'), human('ann', ['leads'], other), 'APPROVAL_FORBIDDEN'],
    ['nor what their workload asked', { ...agent, owner: 'ann' }, human('ann', ['leads'], other), 'APPROVAL_FORBIDDEN'],
    ['nor what a workload asked in their name', { ...agent, person: 'ann' }, human('ann'), 'APPROVAL_FORBIDDEN'],
    ['a person who is not known approves nothing', human('bob'), human(null), 'APPROVAL_FORBIDDEN'],
    ['nobody is somebody else than a human who is not known', human(null), human('ann'), 'APPROVAL_FORBIDDEN'],
    ['a workload approves nothing', human('bob'), { ...agent, person: 'ann', groups: ['leads'] }, 'APPROVAL_FORBIDDEN'],
    ['nobody approves for another tenant', agent, human('ann', ['leads'], { tenant: 'other' }), 'NOT_FOUND'],
  ] as const)('%s', async (_, requester, approver, expected) => {
    expect(await verdictOf(requester, approver)).toBe(expected);
  });

  it('a workload without a known owner is approved only where policy says so', async () => {
    const unowned = { ...agent, owner: null };
    expect(await verdictOf(unowned, human('ann'))).toBe('approved');
    expect(await verdictOf(unowned, human('ann'), ['approval.decide_unowned'])).toBe('APPROVAL_FORBIDDEN');
    expect(await verdictOf(agent, human('ann'), ['approval.decide_unowned'])).toBe('approved');
    expect(await verdictOf(agent, human('ann'), ['approval.decide'])).toBe('APPROVAL_FORBIDDEN');
  });

  it('never lets one person stand on both sides, whatever the logins say', async () => {
    const name = fc.constantFrom('ann', 'bob', null);
    const kind = fc.constantFrom('human' as const, 'workload' as const);
    const party = fc.record({ kind, person: name, owner: name, issuer: fc.constantFrom('https://a', 'https://b') });
    await fc.assert(
      fc.asyncProperty(party, party, async (asks, decides) => {
        const result = await verdictOf({ ...agent, ...asks }, { ...human('x'), ...decides });
        if (result !== 'approved') return;
        expect(decides.kind).toBe('human');
        expect(decides.person).not.toBeNull();
        expect([asks.person, asks.owner]).not.toContain(decides.person);
        if (asks.kind === 'human') expect(asks.person).not.toBeNull();
      }),
      { numRuns: 40 },
    );
  });
});
