import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { streamedEvents } from './exchange.ts';
import { figure, median, note } from './figure.ts';
import type { Load, Measured } from './load.ts';
import { startNginx } from './nginx.ts';
import { type Running, start } from './process.ts';

interface Target {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  /** Its process, where CPU time can be asked for. */
  readonly process: Running | null;
  readonly alone: Measured[];
  readonly many: Measured[];
  /** CPU microseconds for one SSE event. */
  readonly event: number[];
}

/**
 * The cost of passing a request through: the gateway beside direct calls, nginx and a bare relay, all against one
 * upstream, in rounds that take turns so that a change of the machine's mood meets all of them.
 */
export async function proxyFigures(rounds: number): Promise<void> {
  const stub = await start('stub.ts');
  const [relay, gateway, load] = await Promise.all([
    start('relay.ts', stub.url),
    start('gateway.ts', stub.url),
    start('load.ts'),
  ]);
  const nginx = await startNginx(stub.url);
  if (nginx === null) console.log('skipped nginx: not on PATH; Debian has it as the package nginx');

  const target = (name: string, url: string, process: Running | null): Target => {
    return { name, url, token: gateway.token, process, alone: [], many: [], event: [] };
  };
  const direct = target('direct', stub.url, null);
  const bare = target('relay', relay.url, relay);
  const ours = target('gateway', gateway.url, gateway);
  const targets = [direct, ...(nginx ? [target('nginx', nginx.url, null)] : []), bare, ours];
  try {
    for (const each of targets) await load.ask<Measured>(loadOf(each, 8, false, 1500));
    for (let round = 0; round < rounds; round++) {
      for (const each of targets) {
        each.alone.push(await load.ask(loadOf(each, 1, false, 1500)));
        each.many.push(await load.ask(loadOf(each, 32, false, 2000)));
        if (each.process !== null) each.event.push(await eventCost(load, each, each.process));
      }
    }
  } finally {
    for (const child of [stub, relay, gateway, load, nginx]) child?.stop();
  }
  report(direct, bare, ours, targets);
}

function loadOf({ url, token }: Target, connections: number, stream: boolean, ms: number): Load {
  return { url, token, connections, stream, warmUpMs: 300, ms };
}

/** CPU time of the whole process while events stream through, by the number of events. */
async function eventCost(load: Running, target: Target, process: Running): Promise<number> {
  const before = await process.ask<NodeJS.CpuUsage>({});
  const measured = await load.ask<Measured>({ ...loadOf(target, 2, true, 1500), warmUpMs: 0 });
  const after = await process.ask<NodeJS.CpuUsage>({});
  const used = after.user - before.user + after.system - before.system;
  return used / (measured.requests * streamedEvents);
}

function report(direct: Target, bare: Target, ours: Target, targets: readonly Target[]): void {
  const p50 = (each: Target) => median(each.alone.map((measured) => measured.p50));
  const p99 = (each: Target) => median(each.alone.map((measured) => measured.p99));
  const rate = (each: Target) => median(each.many.map((measured) => measured.perSecond));
  for (const each of targets) {
    note(`${each.name}_p50_one_connection`, p50(each) * 1000, 'us');
    note(`${each.name}_p99_one_connection`, p99(each) * 1000, 'us');
    note(`${each.name}_32_connections`, rate(each), 'requests/s');
    if (each.event.length > 0) note(`${each.name}_cpu_per_event`, median(each.event), 'us');
  }
  const sync = syncCost();
  note('fsync', sync, 'us');
  const added = (each: Target) => (p50(each) - p50(direct)) * 1000;
  note('relay_added_p50', added(bare), 'us');
  figure('added_p50', added(ours), 'us', '<=', Math.max(4 * added(bare), sync));
  figure('p99_to_relay', p99(ours) / p99(bare), 'x', '<=', 3);
  figure('rate_to_relay_32_connections', (100 * rate(ours)) / rate(bare), '%', '>=', 35);
  figure('event_to_relay', median(ours.event) / median(bare.event), 'x', '<=', 2);
}

/** Median microseconds of writing 1 KB and syncing it, where the gateway keeps its state in this benchmark. */
function syncCost(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-fsync-'));
  const file = openSync(join(folder, 'file'), 'w');
  const times: number[] = [];
  const kilobyte = Buffer.alloc(1024, 1);
  for (let i = 0; i < 200; i++) {
    const begin = performance.now();
    writeSync(file, kilobyte);
    fsyncSync(file);
    times.push((performance.now() - begin) * 1000);
  }
  closeSync(file);
  rmSync(folder, { recursive: true });
  return median(times);
}
