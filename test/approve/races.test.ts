import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyFiles, openKeys } from '../../src/seal/index.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { type Round, race } from './race.ts';
import { type Ended, endsOf, grantOfApproval } from './race_state.ts';
import { type Bench, openBench } from './support.ts';

/** Fewer for a quick look. */
const ROUNDS = Number(process.env.RACES ?? 1_000);

/** One terminal state each, one grant at most, one use at most, and one event for each end. */
function judge(ends: readonly Ended[], rounds: readonly Round[]): void {
  const uses = new Map<string, number>();
  for (const round of rounds) uses.set(round.approval, (uses.get(round.approval) ?? 0) + round.taken);
  const faults: unknown[] = [];
  for (const end of ends) {
    const count = (pattern: RegExp) => end.events.filter((kind) => pattern.test(kind)).length;
    const [grant] = end.grants;
    const used = uses.get(end.approval) ?? 0;
    const right =
      /^(approved|denied|superseded|pending)$/.test(end.state) &&
      end.grants.length <= 1 &&
      used <= 1 &&
      (grant?.dispatches ?? 0) === used &&
      count(/^grant\.taken$/) === used &&
      count(/^approval\.opened$/) === 1 &&
      count(/^approval\.superseded$/) === (end.state === 'superseded' ? 1 : 0) &&
      count(/ deny$/) === (end.state === 'denied' ? 1 : 0) &&
      (end.state !== 'denied' || grant === undefined) &&
      (end.state !== 'approved' || grant !== undefined) &&
      (grant === undefined || /^(approved|spent|revoked)$/.test(grant.state)) &&
      (grant?.state === 'spent') === (used === 1 && grant?.state !== 'revoked') &&
      count(/^grant\.spent$/) === (grant?.state === 'spent' ? 1 : 0);
    if (!right) faults.push({ ...end, used });
  }
  expect(faults.slice(0, 3)).toEqual([]);
  // The races were races: every end occurs.
  const seen = new Set(ends.flatMap((end) => [end.state, ...end.grants.map((grant) => `grant ${grant.state}`)]));
  for (const state of ['approved', 'denied', 'superseded', 'grant spent', 'grant revoked'])
    expect(seen).toContain(state);
}

function startNode(url: string, keysIn: string): ChildProcess {
  return fork(join(import.meta.dirname, 'race_child.ts'), [url, keysIn], { execArgv: [] });
}

function answer(node: ChildProcess): Promise<Round[]> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`the node died with ${code}`));
    node.once('exit', died);
    node.once('message', (rounds) => {
      node.off('exit', died);
      resolve(rounds as Round[]);
    });
  });
}

describe(`${ROUNDS} races of use, approve, deny, supersede and revoke`, () => {
  it('end in one state each and use no grant twice, with concurrent tasks on SQLite', async () => {
    const bench = await openBench();
    const rounds: Round[] = [];
    for (let at = 0; at < ROUNDS; at += 20) {
      const some = Array.from({ length: 20 }, (_, more) => race(bench, `race ${at + more}`, grantOfApproval(bench)));
      rounds.push(...(await Promise.all(some)));
    }
    judge(await endsOf(bench), rounds);
    await bench.close();
  }, 240_000);

  const { folder, reason } = postgresOrSkip();
  describe.skipIf(folder === null)(folder === null ? reason : 'in a fleet', () => {
    let server: PostgresServer;
    let keysIn: string;
    let bench: Bench;
    beforeAll(async () => {
      server = await startPostgres(folder!);
      keysIn = mkdtempSync(join(tmpdir(), 'race-'));
      await openKeys(keyFiles(keysIn));
    });
    afterAll(async () => {
      await bench?.close();
      await server.close();
      rmSync(keysIn, { recursive: true });
    });

    it('end in one state each and use no grant twice, with two processes on PostgreSQL', async () => {
      const url = await server.database();
      bench = await openBench({ url, keysIn });
      const nodes = [startNode(url, keysIn), startNode(url, keysIn)];
      await Promise.all(nodes.map((node) => answer(node)));
      const rounds: Round[] = [];
      // Both race for the same contents at the same time.
      for (let from = 0; from < ROUNDS; from += 20) {
        const answers = nodes.map((node) => answer(node));
        for (const node of nodes) node.send({ from, to: from + 20 });
        rounds.push(...(await Promise.all(answers)).flat());
      }
      for (const node of nodes) node.disconnect();
      judge(await endsOf(bench), rounds);
    }, 240_000);
  });
});
