import { describe, expect, it } from 'vitest';
import {
  createApproveStep,
  createGrantStep,
  createParking,
  type Parking,
  type RequestApprovalOptions,
} from '../../src/approve/index.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Approved, Credentialed, Masked } from '../../src/model/exchange.ts';
import { decisionOf } from '../model/decisions.ts';
import { fakeDesk, fingerprintOf, type KeptReply, maskedExchange } from './hold_support.ts';
import { agent, need } from './support.ts';

const reasons = [{ id: 'rule', message: 'because', policy: 'p', severity: 'high' }] as const;
const deciding = (effect: Decision['effect'], more: Partial<Decision> = {}): Decision => ({
  ...decisionOf(effect, effect === 'require_approval' ? [need()] : []),
  reasons,
  ...more,
});

function setUp(more: Partial<RequestApprovalOptions> = {}) {
  const desk = fakeDesk();
  const parking: Parking = createParking();
  let decision = deciding('require_approval');
  const step = createApproveStep({
    approvals: desk,
    parking,
    fingerprint: async (exchange) => {
      const { content } = exchange as Masked & { readonly content: string };
      const { subject } = exchange.identity.principal;
      return { kind: 'request', fingerprint: fingerprintOf(`${subject} ${content}`), content };
    },
    facts: () => ({}),
    releases: () => [],
    decideAgain: (exchange) => ({ policy: exchange.policy, decision }),
    stillKnown: () => undefined,
    clock: Date.now,
    contact: 'the desk, extension 5',
    holdsMost: 100,
    tenantHoldsMost: 50,
    streamHoldMs: 60_000,
    callHoldMs: 60_000,
    ...more,
  });
  return {
    desk,
    parking,
    step: (asked: Parameters<typeof maskedExchange>[0] = {}) => {
      const exchange = maskedExchange(asked);
      return { exchange, approved: (async () => step(exchange))() };
    },
    turnTo: (next: Decision) => {
      decision = next;
    },
  };
}

const turns = async (count = 20) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};
const refusal = (approved: Promise<Approved>) =>
  approved.then(
    () => {
      throw new Error('it was approved');
    },
    (error: GatewayError) => error,
  );

describe('the approve step of the way in', () => {
  it('lets a request through that nobody waits for, and parks nothing', async () => {
    const { step, desk, parking } = setUp();
    const { exchange, approved } = step({ decision: deciding('allow') });
    expect(await approved).toMatchObject({ permission: null, attached: null });
    expect(exchange.reply.begun).toBe(false);
    expect(desk.entries).toEqual([]);
    expect(parking.size).toBe(0);
  });

  it('opens a held stream at once, and leaves a call unanswered', async () => {
    const { step, desk } = setUp();
    const stream = step({ content: 'a' });
    const call = step({ content: 'b', stream: false });
    await turns();
    expect((stream.exchange.reply as KeptReply).headers['content-type']).toContain('text/event-stream');
    expect(stream.exchange.reply.text).toBe('');
    expect(call.exchange.reply.begun).toBe(false);
    for (const entry of desk.entries) desk.decide(entry, 'approve');
    for (const { approved } of [stream, call]) expect((await approved).permission).not.toBeNull();
  });

  it('gives the answer of one to all that were held for the same request, whoever wakes first', async () => {
    const { step, desk, parking } = setUp();
    const all = Array.from({ length: 20 }, (_, i) => step({ id: `req_${i}` }));
    const other = step({ principal: { ...agent, subject: 'another' } });
    await turns();
    expect(desk.entries).toHaveLength(2);
    desk.decide(desk.entries[0], 'approve');
    const approved = await Promise.all(all.map((one) => one.approved));
    const [first, ...more] = approved.filter(({ permission }) => permission !== null);
    expect(more).toEqual([]);
    expect(approved.filter(({ attached }) => attached === first!.answer)).toHaveLength(19);
    expect(parking.size).toBe(1);
    desk.decide(desk.entries[1], 'approve');
    expect((await other.approved).permission).not.toBeNull();
    parking.close();
  });

  it('gives it also to those who look again only when the grant is spent, but to nobody who was revoked', async () => {
    const desk = fakeDesk();
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    let waits = 0;
    const { step, parking } = setUp({
      approvals: {
        ...desk,
        wait: async (id, signal, deadline) => {
          waits += 1;
          const [late, standing] = [waits > 1, await desk.wait(id, signal, deadline)];
          if (!late) return standing;
          await gate;
          return { state: 'used', approval: standing.approval };
        },
      },
      stillKnown: ({ id }) => {
        if (id === 'req_3') throw new GatewayError('TOKEN_REVOKED');
      },
    });
    const [first, second, third] = ['req_1', 'req_2', 'req_3'].map((id) => step({ id }));
    const refused = refusal(third!.approved);
    await turns();
    desk.decide(desk.entries[0], 'approve');
    const { answer } = await first!.approved;
    const leave = answer.attend();
    answer.finish('complete');
    leave('delivered');
    expect(parking.size).toBe(0);
    open();
    expect((await second!.approved).attached).toBe(answer);
    expect((await refused).code).toBe('TOKEN_REVOKED');
  });

  it('takes the grant once; who comes while it is held joins, who comes after it asks anew', async () => {
    const { step, desk } = setUp();
    const first = step();
    await turns();
    desk.decide(desk.entries[0], 'approve');
    const granted = await first.approved;
    const grant = createGrantStep(desk);
    const taken = await grant(granted as Credentialed);
    expect(taken.held).not.toBeNull();
    await expect(grant(granted as Credentialed)).rejects.toMatchObject({ code: 'APPROVAL_PENDING' });
    const second = await step({ id: 'req_2' }).approved;
    expect(second.attached).toBe(granted.answer);
    expect((await grant(second as Credentialed)).held).toBeNull();
    const leave = granted.answer.attend();
    granted.answer.finish('complete');
    leave('delivered');
    await taken.held!.settle('delivered');
    const third = step({ id: 'req_3' });
    await turns();
    expect(desk.entries).toHaveLength(2);
    desk.decide(desk.entries[1], 'deny');
    expect(await refusal(third.approved)).toMatchObject({ code: 'APPROVAL_DENIED', withhold: 'detected' });
  });

  it('gives a parked answer even where policy allows the request and its grant is spent', async () => {
    const { step, desk, parking } = setUp();
    const answer = parking.open(
      { exchange: 'req_0', principal: agent },
      `${agent.tenant} ${fingerprintOf(`${agent.subject} hello`)}`,
    );
    await answer.park();
    expect(desk.entries).toEqual([]);
    const resend = step({ decision: deciding('allow') });
    expect((await resend.approved).attached).toBe(answer);
    expect(resend.exchange.notes.attached_to).toBe('req_0');
    const another = step({ decision: deciding('allow'), content: 'something else' });
    expect((await another.approved).attached).toBeNull();
    parking.close();
  });

  it('ends a hold that nobody decided with what to do, and the approval stays open', async () => {
    const { step, desk } = setUp({ streamHoldMs: 20, callHoldMs: 20 });
    for (const stream of [true, false]) {
      const error = await refusal(step({ stream }).approved);
      expect(error.code).toBe('APPROVAL_PENDING');
      expect(error.message).toContain('apr_0');
      expect(error.message).toContain('extension 5');
    }
    expect(desk.entries.map(({ approval }) => approval.state)).toEqual(['pending']);
    desk.decide(desk.entries[0], 'approve');
    expect((await step().approved).permission).not.toBeNull();
  });

  it('asks again after the wait: refuses what is denied now, and supersedes it', async () => {
    const { step, desk, turnTo } = setUp();
    const { approved } = step();
    await turns();
    turnTo(deciding('deny', { reasons: [{ ...reasons[0], id: 'no-more', message: 'not today' }] }));
    desk.decide(desk.entries[0], 'approve');
    expect(await refusal(approved)).toMatchObject({ code: 'POLICY_DENIED', message: 'no-more: not today' });
    expect(desk.entries[0]!.approval.state).toBe('superseded');
  });

  it('asks again after the wait: goes on without the grant where policy allows now', async () => {
    const { step, desk, turnTo } = setUp();
    const { approved } = step();
    await turns();
    turnTo(deciding('allow'));
    desk.decide(desk.entries[0], 'approve');
    expect(await approved).toMatchObject({ permission: null, attached: null, decision: { effect: 'allow' } });
    expect(desk.entries[0]!.grant).toBe('approved');
  });

  it('asks again after the wait: opens a question with the new requirement in the same hold', async () => {
    const { step, desk, turnTo } = setUp();
    const { approved } = step();
    await turns();
    const raised = deciding('require_approval', { approval: [need({ quorum: 2 })] });
    turnTo(raised);
    desk.enough = false;
    desk.decide(desk.entries[0], 'approve');
    await turns();
    expect(desk.entries.map(({ approval }) => approval.state)).toEqual(['superseded', 'pending']);
    expect(desk.entries[1]!.question.requirements).toEqual([need({ quorum: 2 })]);
    desk.enough = true;
    desk.decide(desk.entries[1], 'approve');
    const { permission, decision } = await approved;
    expect(permission?.standing.approval.id).toBe('apr_1');
    expect(decision).toBe(raised);
  });

  it('asks again after the wait: what would be sent otherwise now was not approved', async () => {
    const { step, desk, turnTo } = setUp();
    const { approved } = step();
    await turns();
    turnTo(deciding('require_approval', { credential: 'another-role' }));
    desk.decide(desk.entries[0], 'approve');
    expect((await refusal(approved)).code).toBe('APPROVAL_PENDING');
    expect(desk.entries[0]!.approval.state).toBe('superseded');
  });

  it('refuses who was revoked in the wait, also where an equal request is answered', async () => {
    let revoked = '';
    const { step, desk } = setUp({
      stillKnown: ({ id }) => {
        if (id === revoked) throw new GatewayError('TOKEN_REVOKED');
      },
    });
    const [first, second] = [step({ id: 'req_1' }), step({ id: 'req_2' })];
    const refused = refusal(second.approved);
    await turns();
    revoked = 'req_2';
    desk.decide(desk.entries[0], 'approve');
    expect((await first.approved).permission).not.toBeNull();
    expect((await refused).code).toBe('TOKEN_REVOKED');
  });

  it('opens nothing for requests beside the conversation, but lets them use what was granted', async () => {
    const { step, desk } = setUp();
    const side = { client: { app: 'cli', version: null, class: 'auxiliary' } } as const;
    const count = { route: { action: 'messages.count_tokens' } } as unknown as Partial<Masked>;
    for (const more of [side, count]) {
      expect((await refusal(step({ more }).approved)).code).toBe('APPROVAL_DENIED');
    }
    expect(desk.entries).toEqual([]);
    const main = step();
    await turns();
    expect((await refusal(step({ more: side }).approved)).code).toBe('APPROVAL_DENIED');
    desk.decide(desk.entries[0], 'approve');
    const granted = await main.approved;
    expect((await step({ more: side }).approved).attached).toBe(granted.answer);
    granted.answer.finish(new Error('it came to nothing'));
    expect((await step({ more: side }).approved).permission).not.toBeNull();
  });

  it('holds so many of a tenant, so many of all, and forgets who left', async () => {
    const { step, desk } = setUp({ holdsMost: 3, tenantHoldsMost: 2 });
    const gone = new AbortController();
    const held = [step({ content: '1', signal: gone.signal }), step({ content: '2' })];
    const left = refusal(held[0]!.approved);
    await turns();
    expect((await refusal(step({ content: '3' }).approved)).code).toBe('OVERLOADED');
    const foreign = { ...agent, tenant: 'other' };
    const third = step({ content: '4', principal: foreign });
    await turns();
    expect((await refusal(step({ content: '5', principal: foreign }).approved)).code).toBe('OVERLOADED');
    gone.abort();
    expect((await left).code).toBe('APPROVAL_PENDING');
    const again = step({ content: '6' });
    await turns();
    expect(desk.entries).toHaveLength(4);
    for (const entry of desk.entries) desk.decide(entry, 'approve');
    for (const { approved } of [held[1]!, third, again]) expect((await approved).permission).not.toBeNull();
  });

  it('asks with the max_tokens that policy leaves', async () => {
    const { step, desk } = setUp();
    void step({ content: 'a' }).approved.catch(() => undefined);
    void step({
      content: 'b',
      decision: deciding('require_approval', { limits: { max_output_tokens: 40 } as Decision['limits'] }),
    }).approved.catch(() => undefined);
    await turns();
    expect(desk.entries.map(({ question }) => question.maxTokens)).toEqual([100, 40]);
  });

  it('stops waiting when the gateway stops', async () => {
    const stopping = new AbortController();
    const { step, desk } = setUp();
    const refused = refusal(step({ signal: stopping.signal }).approved);
    await turns();
    stopping.abort(new GatewayError('DRAINING'));
    expect((await refused).code).toBe('DRAINING');
    expect(desk.entries[0]!.approval.state).toBe('pending');
  });
});
