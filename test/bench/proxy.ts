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
  /** CPU microseconds for one request of 32 connections, and for one SSE event. */
  readonly request: number[];
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
    return { name, url, token: gateway.token, process, alone: [], many: [], request: [], event: [] };
  };
  const direct = target('direct', stub.url, null);
  const bare = target('relay', relay.url, relay);
  const ours = target('gateway', gateway.url, gateway);
  const targets = [direct, ...(nginx ? [target('nginx', nginx.url, null)] : []), bare, ours];
  try {
    for (const each of targets) await settle(load, each);
    for (let round = 0; round < rounds; round++) {
      for (const each of targets) {
        each.alone.push(await load.ask(loadOf(each, 1, false, 1500)));
        const [many, cpu] = await measured(load, each, loadOf(each, 32, false, 2000));
        each.many.push(many);
        if (cpu !== null) each.request.push(cpu / many.requests);
        const [streamed, streamedCpu] = await measured(load, each, loadOf(each, 2, true, 1500));
        if (streamedCpu !== null) each.event.push(streamedCpu / (streamed.requests * streamedEvents));
      }
    }
  } finally {
    for (const child of [stub, relay, gateway, load, nginx]) child?.stop();
  }
  report(direct, bare, ours, targets);
}

/** Loads a target until it gets no faster: V8 optimises a long path of code only after tens of thousands of requests. */
async function settle(load: Running, target: Target): Promise<void> {
  let best = 0;
  let idle = 0;
  for (let step = 0; step < 12 && idle < 3; step++) {
    await load.ask<Measured>(loadOf(target, 2, true, 500));
    const { perSecond } = await load.ask<Measured>(loadOf(target, 32, false, 3000));
    idle = perSecond < best * 1.03 ? idle + 1 : 0;
    best = Math.max(best, perSecond);
  }
}

function loadOf({ url, token }: Target, connections: number, stream: boolean, ms: number): Load {
  return { url, token, connections, stream, warmUpMs: 300, ms };
}

/** Runs a load; the second result is CPU microseconds of the whole target process, where it can be asked for. */
async function measured({ ask }: Running, { process }: Target, load: Load): Promise<[Measured, number | null]> {
  const before = await process?.ask<NodeJS.CpuUsage>({});
  const result = await ask<Measured>({ ...load, warmUpMs: 0 });
  const after = await process?.ask<NodeJS.CpuUsage>({});
  const cpu = before && after ? after.user - before.user + after.system - before.system : null;
  return [result, cpu];
}

function report(direct: Target, bare: Target, ours: Target, targets: readonly Target[]): void {
  const p50 = (each: Target) => median(each.alone.map((measured) => measured.p50));
  const p99 = (each: Target) => median(each.alone.map((measured) => measured.p99));
  const rate = (each: Target) => median(each.many.map((measured) => measured.perSecond));
  for (const each of targets) {
    note(`${each.name}_p50_one_connection`, p50(each) * 1000, 'us');
    note(`${each.name}_p99_one_connection`, p99(each) * 1000, 'us');
    note(`${each.name}_32_connections`, rate(each), 'requests/s');
    if (each.request.length > 0) note(`${each.name}_cpu_per_request`, median(each.request), 'us');
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
