import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type Cutter, startCutter } from '../e2e/cutter.ts';
import { type Listed, until } from '../e2e/hold_desk.ts';
import { holding } from '../e2e/policies.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { randomFrom } from '../servers/random.ts';
import { checkJournal, type FaultNode, startNode } from './node.ts';

/*
 * Two gateways of one fleet, callers that come back as clients do, approvers who agree, refuse and repeat themselves, and
 * a data centre that breaks at random: nodes are killed and drained, connections cut, the database stopped. What was done
 * is then counted from outside. The seed decides who does what; which of them is first is chance.
 */

const SEED = Number(process.env.CHAOS_SEED ?? 1);
const SECONDS = Number(process.env.CHAOS_SECONDS ?? 10);
const key = 'sk-ant-api03-chaos';
const tools = [{ name: 'Bash', input_schema: { type: 'object', properties: { command: { type: 'string' } } } }];
const { folder, reason } = postgresOrSkip();

interface Job {
  readonly name: string;
  readonly kind: 'request' | 'deploy' | 'release';
  /** All that its caller ever got. */
  text: string;
}

interface Shown extends Listed {
  readonly content: string;
  readonly verdicts: readonly object[];
  readonly grants: readonly { readonly state: string; readonly dispatches: number }[];
}

describe.skipIf(folder === null)(`a fleet in a failing data centre${folder === null ? `: ${reason}` : ''}`, () => {
  withProgram('opa', 'a fleet in a failing data centre', () => {
    let postgres: PostgresServer;
    let bundle: WatchedBundle;
    let sandbox: Sandbox;
    let scratch: string;
    const nodes: FaultNode[] = [];
    const cutters: Cutter[] = [];

    beforeAll(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'chaos-'));
      postgres = await startPostgres(folder!);
      const url = join(scratch, 'url');
      writeFileSync(url, await postgres.database(), { mode: 0o600 });
      bundle = await watchedBundle(holding);
      sandbox = await startSandbox({ seed: SEED, apiKeys: [key], keep: 100_000 });
      const config = {
        upstream: { url: sandbox.url },
        policy: bundle.policy,
        store: { url: { file: url } },
        approvals: { hold_stream_s: 6, hold_call_s: 4, denial_s: 5 },
        limits: { drain_s: 3 },
      };
      for (let at = 0; at < 2; at++) {
        const fleet = nodes[0] ? { fleetOf: nodes[0] } : {};
        const node = await startNode({ config, env: { CLAUDE_KEY: key }, ...fleet });
        nodes.push(node);
        cutters.push(await startCutter(node.url));
      }
    }, 120_000);
    afterAll(async () => {
      for (const cutter of cutters) await cutter.close();
      for (const node of nodes) await node.close();
      await sandbox?.close();
      bundle?.remove();
      await postgres?.close();
      rmSync(scratch, { recursive: true, force: true });
    });

    const random = randomFrom(SEED);
    const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const jobs: Job[] = [];
    let running = true;

    /** Sends a request as often as a client does whose connection breaks. */
    const lane = async (number: number) => {
      for (let serial = 0; running; serial++) {
        const kind = pick(['request', 'deploy', 'release'] as const);
        const job: Job = { name: `job-${number}-${serial};`, kind, text: '' };
        jobs.push(job);
        let over = false;
        for (let tries = 0; tries < 8 && running && !over; tries++) {
          over = await attempt(job).catch(() => false);
          await sleep(random() * 200);
        }
      }
    };
    const attempt = async (job: Job): Promise<boolean> => {
      const at = pick([0, 1]);
      if (random() < 0.15) cutters[at]!.cutNextAfter(Math.floor(random() * 2_500));
      const request = job.kind === 'request';
      const content = `sandbox:${request ? 'slow 20' : `bash echo ${job.kind} ${job.name}`}\n${job.name}`;
      const response = await fetch(`${cutters[at]!.url}/v1/messages`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await nodes[0]!.issuer.mint()}`,
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          connection: 'close',
        },
        body: JSON.stringify({
          model: request ? 'claude-haiku-5-5' : 'claude-opus-5-5',
          max_tokens: 500,
          stream: random() < 0.6,
          messages: [{ role: 'user', content }],
          ...(request ? {} : { tools }),
        }),
        // Some lose patience.
        signal: AbortSignal.timeout(random() < 0.3 ? Math.ceil(random() * 2_000) : 30_000),
      });
      const decoder = new TextDecoder();
      for await (const chunk of response.body!) job.text += decoder.decode(chunk as Uint8Array, { stream: true });
      return /message_stop|"stop_reason":"(end_turn|tool_use)"|_DENIED/.test(job.text);
    };
    const approver = async () => {
      for (; running; await sleep(100)) {
        const { desk } = pick(nodes);
        const pending = await desk.list('pending').catch(() => []);
        for (const { id, fingerprint } of pending) {
          const reviewer = `${pick(['rita', 'sven', 'tara'])}@example.test`;
          const decide = (verdict: string) =>
            desk.ask(`approvals/${id}/decisions`, { verdict, fingerprint }, reviewer).catch(() => undefined);
          if (random() < 0.7) await decide(random() < 0.8 ? 'approve' : 'deny');
          if (random() < 0.2) await decide('approve');
        }
      }
    };
    const bounce = async (at: number, signal: 'SIGKILL' | 'SIGTERM') => {
      await nodes[at]!.end(signal);
      // Where the database is away it does not start.
      await until(
        () =>
          nodes[at]!.start().then(
            () => true,
            () => false,
          ),
        'it starts',
      );
      cutters[at]!.retarget(nodes[at]!.url);
    };
    const disaster = async () => {
      for (const end = Date.now() + SECONDS * 1_000; Date.now() < end; await sleep(300 + random() * 1_000)) {
        const what = pick(['kill', 'drain', 'cut', 'break', 'break', 'stop'] as const);
        if (what === 'kill') await bounce(pick([0, 1]), 'SIGKILL');
        if (what === 'drain') await bounce(pick([0, 1]), 'SIGTERM');
        if (what === 'cut') pick(cutters).cutAll();
        if (what === 'break') await postgres.breakConnections();
        if (what !== 'stop') continue;
        await postgres.stop();
        await sleep(random() * 1_500);
        await postgres.start();
      }
      running = false;
    };

    it('calls Claude and releases calls no more often than humans approved, and records all of it', async () => {
      await Promise.all([...Array.from({ length: 6 }, (_, number) => lane(number)), approver(), disaster()]);
      for (const at of [0, 1]) await bounce(at, 'SIGTERM');
      const { desk } = nodes[0]!;
      const all: Shown[] = [];
      for (const { id } of await desk.list()) all.push(JSON.parse((await desk.ask(`approvals/${id}`)).text));
      expect(all.length).toBeGreaterThan(0);
      // Nobody holds a grant any more, and none was used twice.
      const grants = all.flatMap((approval) => approval.grants);
      expect(grants.filter(({ state, dispatches }) => state === 'in_flight' || dispatches > 3)).toEqual([]);

      const events = nodes.flatMap(eventsOf);
      const faults: unknown[] = [];
      for (const { name, kind, text } of jobs) {
        const own = all.filter(({ content }) => content.includes(name));
        const approved = own.filter(({ state }) => state === 'approved').length;
        const sent = sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(name)).length;
        const calls = new Set([...text.matchAll(/"id":"(toolu_\w+)"/g)].map(([, id]) => id));
        const undecided = [...calls].filter(
          (id) => !events.some(({ body }) => body.call === id && body.effect === 'allow'),
        );
        const used = kind === 'request' ? sent : calls.size;
        if (used > approved || undecided.length > 0) faults.push({ name, kind, used, undecided, own });
      }
      expect(faults).toEqual([]);

      // Each change has its event, in the journal of one node or the other; an event may be written twice.
      const once = new Map(events.map(({ kind, body }) => [body.event, { kind, approval: body.approval }])).values();
      const kinds = Map.groupBy(once, ({ approval }) => approval);
      const unrecorded = all.filter(({ id, verdicts }) => {
        const of = (kind: string) => kinds.get(id)?.filter((event) => event.kind === kind).length ?? 0;
        return of('approval.opened') !== 1 || of('approval.decided') !== verdicts.length;
      });
      expect(unrecorded).toEqual([]);
      for (const node of nodes) checkJournal(node);
    }, 120_000);
  });
});

interface Written {
  readonly kind: string;
  readonly body: { readonly [name: string]: unknown };
}

function eventsOf({ dataDir }: FaultNode): Written[] {
  const db = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
  try {
    const rows = db.prepare("SELECT kind, body FROM event WHERE kind LIKE 'approval.%' OR kind = 'tool_use.decided'");
    return rows.all().map(({ kind, body }) => {
      return { kind: String(kind), body: JSON.parse(Buffer.from(body as Uint8Array).toString()) };
    });
  } finally {
    db.close();
  }
}
