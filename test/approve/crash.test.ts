import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ApprovalsOptions } from '../../src/approve/index.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Question } from '../../src/model/approval.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { type Bench, granted, openBench, question } from './support.ts';

describe('a node that died with a grant in flight', () => {
  const asked = question('rm x', { action: 'messages.create' });
  let directory: string;
  let bench: Bench;
  const open = async (traces: ApprovalsOptions['traces'] = async () => 'nothing') => {
    bench = await openBench({ directory, traces });
  };
  const takeAs = async (what: Question) => {
    await bench.approve(await bench.desk.ask(what), 'ann');
    await bench.desk.take(granted(await bench.desk.ask(what)), what, 'req_9');
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'crash-'));
    await open();
  });
  afterEach(async () => {
    await bench.close();
    rmSync(directory, { recursive: true });
  });

  it.each([
    ['nothing', 'granted', 'grant.returned', null],
    ['upstream_error', 'granted', 'grant.returned', null],
    ['intent', 'pending', 'grant.spent', 'outcome_unknown'],
    ['delivered', 'pending', 'grant.spent', 'delivered'],
  ] as const)('settles it at its start by what is in the journal: %s', async (trace, state, event, ended) => {
    await takeAs(asked);
    const takenAt = bench.now;
    await bench.close();
    const looked: unknown[] = [];
    await open(async (...about) => {
      looked.push(about);
      return trace;
    });
    expect(looked).toEqual([['req_9', takenAt]]);
    expect(bench.events).toMatchObject([{ kind: event, exchange: 'req_9', body: { ended } }]);
    expect((await bench.desk.ask(asked)).state).toBe(state);
  });

  it.each([
    ['nothing', 'outcome_unknown'],
    ['upstream_error', 'outcome_unknown'],
    ['intent', 'outcome_unknown'],
    ['delivered', 'delivered'],
  ] as const)('never gives back that of a tool call, which may be with its caller: %s', async (trace, ended) => {
    await takeAs(question('rm x'));
    await bench.close();
    await open(async () => trace);
    expect(bench.events).toMatchObject([{ kind: 'grant.spent', exchange: 'req_9', body: { ended } }]);
    expect((await bench.desk.ask(question('rm x'))).state).toBe('pending');
  });

  it('keeps a pending question, its waiter after the restart included', async () => {
    const { approval } = await bench.desk.ask(question('rm y'));
    await bench.close();
    await open();
    const again = await bench.desk.ask(question('rm y'));
    expect(again.approval.id).toBe(approval.id);
    const waiting = bench.desk.wait(approval.id, new AbortController().signal, Number.MAX_SAFE_INTEGER);
    await bench.approve(again, 'ann');
    expect((await waiting).state).toBe('granted');
  });
});

describe('a journal that takes no writes', () => {
  it('loses no event: they follow when it does again', async () => {
    const written: string[] = [];
    let broken = true;
    const bench = await openBench({
      journal: {
        append: async (event) => {
          if (broken) throw new GatewayError('AUDIT_UNAVAILABLE');
          written.push(event.kind);
        },
      },
    });
    const standing = await bench.desk.ask(question('rm x'));
    await bench.approve(standing, 'ann');
    expect(written).toEqual([]);
    broken = false;
    await bench.desk.sweep();
    expect(written).toEqual(['approval.opened', 'approval.decided']);
    await bench.close();
  });
});

const { folder, reason } = postgresOrSkip();
describe.skipIf(folder === null)(`a fleet${folder === null ? ` (${reason})` : ''}`, () => {
  let server: PostgresServer;
  const directories: string[] = [];
  const benches: Bench[] = [];
  const node = async (url: string, keysIn: string) => {
    const directory = mkdtempSync(join(tmpdir(), 'fleet-'));
    directories.push(directory);
    const bench = await openBench({ url, directory, keysIn });
    benches.push(bench);
    return bench;
  };

  beforeAll(async () => {
    server = await startPostgres(folder!);
  });
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.close();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });
  afterAll(() => server.close());

  const two = async () => {
    const url = await server.database();
    const keysIn = mkdtempSync(join(tmpdir(), 'keys-'));
    directories.push(keysIn);
    return [await node(url, keysIn), await node(url, keysIn), url] as const;
  };

  it('wakes a waiter on one node by a verdict on another', async () => {
    const [here, there] = await two();
    const standing = await here.desk.ask(question('rm x'));
    const waiting = here.desk.wait(standing.approval.id, new AbortController().signal, Number.MAX_SAFE_INTEGER);
    await there.approve(standing, 'ann');
    expect((await waiting).state).toBe('granted');
  });

  it('spends a grant that a node took and did not settle for 15 minutes', async () => {
    const [here, there] = await two();
    await here.approve(await here.desk.ask(question('rm x')), 'ann');
    await here.desk.take(granted(await here.desk.ask(question('rm x'))), question('rm x'), 'req_9');
    there.now += 15 * 60_000 - 1;
    await there.desk.sweep();
    expect((await there.desk.ask(question('rm x'))).state).toBe('in_use');
    there.now += 1;
    await there.desk.sweep();
    expect(there.events).toMatchObject([{ kind: 'grant.spent', body: { ended: 'outcome_unknown' } }]);
  });

  it('refuses a node with keys of its own', async () => {
    const [, , url] = await two();
    const directory = mkdtempSync(join(tmpdir(), 'stranger-'));
    directories.push(directory);
    await expect(openBench({ url, directory })).rejects.toThrow(/the sealing key of this node is [0-9a-f]{16}, but/);
  });

  it('refuses everything while the store is away, and goes on after', async () => {
    const [here] = await two();
    const standing = await here.desk.ask(question('rm x'));
    await here.approve(standing, 'ann');
    const mine = granted(await here.desk.ask(question('rm x')));
    const held = (await here.desk.take(mine, question('rm x'), 'req_2'))!;
    await server.stop();
    try {
      await expect(here.desk.ask(question('rm y'))).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      await expect(held.stands()).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
      await expect(held.settle('delivered')).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
    } finally {
      await server.start();
    }
    await here.desk.sweep();
    expect(here.kinds()).toContain('grant.spent');
  });
});
