import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dispatch, Held } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { type Bench, granted, need, openBench, question } from './support.ts';

/*
 * Whatever is done in whatever order, one content stands where a plain model says it does. Two approvers are needed; a
 * question lasts 600 s, a grant 300 s, a denial 900 s.
 */

interface Model {
  now: number;
  state: 'none' | 'pending' | 'denied' | 'granted' | 'in_use';
  voted: Set<string>;
  /** When the present state ends by itself. */
  until: number;
  dispatches: number;
  /** A grant that was revoked in flight is still with its exchange, and of no use to anybody else. */
  orphan: boolean;
}

interface Real {
  readonly bench: Bench;
  held: Held | null;
  /** The approval that was asked last. */
  last: { readonly id: string; readonly fingerprint: string } | null;
}

type Command = fc.AsyncCommand<Model, Real>;
const asked = () => question('rm x', { requirements: [need({ quorum: 2 })] });

/** Lets time do in the model what it does in the store. */
function age(model: Model): void {
  if (model.state !== 'none' && model.state !== 'in_use' && model.now >= model.until) model.state = 'none';
}

class Ask implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    age(model);
    const standing = await real.bench.desk.ask(asked());
    if (model.state === 'none') Object.assign(model, { state: 'pending', voted: new Set(), until: model.now + 600 });
    expect(standing.state).toBe(model.state);
    real.last = { id: standing.approval.id, fingerprint: standing.approval.fingerprint };
  }
  toString = () => 'ask';
}

class Vote implements Command {
  readonly person: string;
  readonly verdict: 'approve' | 'deny';
  constructor(person: string, verdict: 'approve' | 'deny') {
    this.person = person;
    this.verdict = verdict;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    age(model);
    if (!real.last) return;
    const taken = await real.bench
      .call('POST', `/admin/v1/approvals/${real.last.id}/decisions`, real.bench.actor(this.person), {
        verdict: this.verdict,
        fingerprint: real.last.fingerprint,
      })
      .then(
        () => true,
        (fault: { code: string }) => {
          expect(fault.code).toBe('APPROVAL_CONFLICT');
          return false;
        },
      );
    expect(taken).toBe(model.state === 'pending' && !model.voted.has(this.person));
    if (!taken) return;
    model.voted.add(this.person);
    if (this.verdict === 'deny') Object.assign(model, { state: 'denied', until: model.now + 900 });
    else if (model.voted.size === 2) {
      Object.assign(model, { state: 'granted', until: model.now + 300, dispatches: 0 });
    }
  }
  toString = () => `${this.person} says ${this.verdict}`;
}

class Take implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    age(model);
    if (model.state !== 'granted' || model.orphan) return;
    const standing = granted(await real.bench.desk.ask(asked()));
    const takers = [1, 2, 3].map((at) => real.bench.desk.take(standing, asked(), `req_${at}`));
    const won = (await Promise.all(takers)).filter((held) => held !== null);
    expect(won).toHaveLength(1);
    real.held = won[0]!;
    model.state = 'in_use';
    model.dispatches += 1;
  }
  toString = () => 'take';
}

class Settle implements Command {
  readonly dispatch: Dispatch;
  constructor(dispatch: Dispatch) {
    this.dispatch = dispatch;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    if (model.state !== 'in_use' && !model.orphan) return;
    expect(await real.held!.stands()).toBe(!model.orphan);
    await real.held!.settle(this.dispatch);
    if (model.orphan) model.orphan = false;
    else if (this.dispatch === 'delivered' || model.dispatches === 3) model.state = 'none';
    else model.state = model.now < model.until ? 'granted' : 'none';
  }
  toString = () => this.dispatch;
}

class Revoke implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    age(model);
    if (!real.last) return;
    const shown = (await real.bench.call(
      'GET',
      `/admin/v1/approvals/${real.last.id}`,
      real.bench.actor('ann'),
    )) as JsonObject;
    const grant = (shown.grants as JsonObject[])[0];
    if (!grant) return;
    const open = model.state === 'granted' || model.state === 'in_use';
    const revoking = real.bench.call('POST', `/admin/v1/grants/${grant.id}/revoke`, real.bench.actor('zoe'), {});
    if (!open) return expect(revoking).rejects.toMatchObject({ code: 'APPROVAL_CONFLICT' });
    await revoking;
    model.orphan ||= model.state === 'in_use';
    model.state = 'none';
  }
  toString = () => 'revoke';
}

class Cancel implements Command {
  check = () => true;
  async run(model: Model, real: Real) {
    age(model);
    if (!real.last || model.state !== 'pending') return;
    await real.bench.call('POST', `/admin/v1/approvals/${real.last.id}/cancel`, real.bench.actor('olga'), {});
    model.state = 'none';
  }
  toString = () => 'cancel';
}

class Pass implements Command {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
  check = () => true;
  async run(model: Model, real: Real) {
    model.now += this.seconds;
    real.bench.now += this.seconds * 1000;
    // Swept or not makes no difference.
    if (this.seconds % 2 === 0) await real.bench.desk.sweep();
  }
  toString = () => `${this.seconds} s pass`;
}

describe('one content', () => {
  it('stands where the plain model says, whatever happens', async () => {
    const person = fc.constantFrom('ann', 'bob', 'cid');
    const commands = [
      fc.constant(new Ask()),
      fc.constant(new Ask()),
      fc
        .tuple(person, fc.constantFrom('approve' as const, 'approve' as const, 'deny' as const))
        .map(([who, verdict]) => new Vote(who, verdict)),
      fc.tuple(person).map(([who]) => new Vote(who, 'approve')),
      fc.constant(new Take()),
      fc
        .constantFrom<Dispatch>('delivered', 'not_sent', 'upstream_refused', 'upstream_cut')
        .map((it) => new Settle(it)),
      fc.constant(new Revoke()),
      fc.constant(new Cancel()),
      fc.constantFrom(1, 100, 299, 300, 599, 600, 900).map((seconds) => new Pass(seconds)),
    ];
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (plan) => {
        const bench = await openBench();
        const model: Model = { now: 0, state: 'none', voted: new Set(), until: 0, dispatches: 0, orphan: false };
        try {
          await fc.asyncModelRun(() => ({ model, real: { bench, held: null, last: null } }), plan);
          const count = (kind: string) => bench.kinds().filter((it) => it === kind).length;
          // Each grant that was taken came back or was spent, or is out.
          const out = bench.events.filter(({ kind, body }) => kind.startsWith('grant.') && body.dispatch !== undefined);
          expect(count('grant.taken') - out.length).toBe(model.state === 'in_use' || model.orphan ? 1 : 0);
        } finally {
          await bench.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
