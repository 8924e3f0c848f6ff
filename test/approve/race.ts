import { setImmediate } from 'node:timers/promises';
import type { ApprovalDesk } from '../../src/approve/index.ts';
import type { Question } from '../../src/model/approval.ts';
import { type Bench, question } from './support.ts';

/** What one round of racing did, as its participants saw it. */
export interface Round {
  readonly approval: string;
  /** Takes that won. */
  readonly taken: number;
}

/**
 * One content; approve, deny, expire, revoke and two uses at the same time. Nothing is awaited in between, so that the
 * store decides who is first.
 */
export async function race(
  bench: Bench,
  content: string,
  grantId: (approval: string) => Promise<string | null>,
): Promise<Round> {
  const asked = question(content);
  const standing = await bench.desk.ask(asked);
  const { id, fingerprint } = standing.approval;
  const decide = (person: string, verdict: string) =>
    bench
      .call('POST', `/admin/v1/approvals/${id}/decisions`, bench.actor(person), { verdict, fingerprint })
      .catch(expected);
  const revoke = async () => {
    for (let tries = 0; tries < 4; tries++) {
      const grant = await grantId(id);
      if (grant) return bench.call('POST', `/admin/v1/grants/${grant}/revoke`, bench.actor('zoe'), {}).catch(expected);
    }
  };
  const uses: boolean[] = [];
  const tasks: (() => Promise<unknown>)[] = [
    () => decide('ann', 'approve'),
    async () => Math.random() < 0.4 && decide('bob', 'deny'),
    async () => Math.random() < 0.3 && bench.desk.supersede(id, 'raced'),
    async () => Math.random() < 0.5 && revoke(),
    async () => uses.push(await use(bench.desk, asked, id, 'req_a')),
    async () => uses.push(await use(bench.desk, asked, id, 'req_b')),
  ];
  // Who begins is chance, and so is how much later: everybody is first now and then.
  await Promise.all(
    tasks.map(async (task) => {
      for (let turns = Math.floor(Math.random() * 12); turns > 0; turns--) await setImmediate();
      return task();
    }),
  );
  return { approval: id, taken: uses.filter(Boolean).length };
}

/** Tries to use the grant of one approval; true where it was had. */
async function use(desk: ApprovalDesk, asked: Question, approval: string, exchange: string): Promise<boolean> {
  for (let tries = 0; tries < 6; tries++) {
    const standing = await desk.look(asked);
    if (standing?.state !== 'granted' || standing.approval.id !== approval) continue;
    const held = await desk.take(standing, asked, exchange);
    if (!held) continue;
    await held.settle('delivered');
    return true;
  }
  return false;
}

function expected(fault: { readonly code?: string }): void {
  if (fault.code !== 'APPROVAL_CONFLICT') throw fault;
}
