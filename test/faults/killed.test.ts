import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openAdmin } from '../../src/cli/admin_client.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { holding } from '../e2e/policies.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { checkJournal, type FaultNode, startNode } from './node.ts';

/* The gateway is killed under load, with requests and tool calls that wait for a human who approves them all. */

const ROUNDS = 3;
const key = 'sk-ant-api03-killed-under-load';
const held = { model: 'claude-haiku-5-5' };
const tools = [{ name: 'Bash', input_schema: { type: 'object', properties: { command: { type: 'string' } } } }];

withProgram('opa', 'a gateway killed under load', () => {
  let bundle: WatchedBundle;
  let sandbox: Sandbox;
  let node: FaultNode;

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    sandbox = await startSandbox({ seed: 1, apiKeys: [key], keep: 100_000 });
    const config = { upstream: { url: sandbox.url }, policy: bundle.policy };
    node = await startNode({ config, env: { CLAUDE_KEY: key } });
  }, 120_000);
  afterAll(async () => {
    await node?.close();
    await sandbox?.close();
    bundle?.remove();
  });

  it(
    `loses nothing it said was durable and uses no grant twice, over ${ROUNDS} rounds`,
    async () => {
      let alive = true;
      let serial = 0;
      const prompts: string[] = [];
      const ignored = () => undefined;
      const lane = async (round: number, kind: 'plain' | 'request' | 'call') => {
        while (alive) {
          const name = `${kind} ${round} ${++serial};`;
          if (kind === 'plain') await node.ask(`sandbox:slow 30\n${name}`).catch(ignored);
          if (kind === 'call') await node.ask(`sandbox:bash echo deploy ${name}\nGo.`, { tools }).catch(ignored);
          if (kind !== 'request') continue;
          prompts.push(name);
          // As a client does whose connection broke.
          for (let tries = 0; tries < 4 && alive; tries++) {
            const answered = await node.ask(name, held).catch(ignored);
            if (answered?.text.includes('message_stop')) break;
          }
        }
      };
      const approving = async () => {
        while (alive) {
          const pending = await node.desk.list('pending').catch(() => []);
          for (const approval of pending) await node.desk.decide(approval, 'approve').catch(ignored);
          await new Promise((resolve) => setTimeout(resolve, 30));
        }
      };
      for (let round = 0; round < ROUNDS; round++) {
        alive = true;
        const kinds = ['plain', 'plain', 'request', 'request', 'request', 'call', 'call'] as const;
        const lanes = [...kinds.map((kind) => lane(round, kind)), approving()];
        await new Promise((resolve) => setTimeout(resolve, 1000 + Math.random() * 1500));
        alive = false;
        await node.end('SIGKILL');
        await Promise.all(lanes);
        await node.start();
      }
      await checkJournal(node);
      const sentOf = (name: string) =>
        sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(`"${name}"`)).length;
      const grants = readState(node);
      expect(grants.filter(({ dispatches }) => Number(dispatches) > 1)).toEqual([]);
      expect(grants.filter(({ state }) => state === 'in_flight')).toEqual([]);
      // Each request had as many grants as it was sent to Claude at most.
      const approved = grants.length;
      const sent = prompts.reduce((sum, name) => sum + sentOf(name), 0);
      expect(sent).toBeGreaterThan(0);
      expect(approved).toBeGreaterThanOrEqual(sent);
      const admin = openAdmin(node.dataDir);
      const { exchanges } = (await admin.get('/admin/v1/exchanges?limit=500')) as {
        exchanges: { id: string; end: string }[];
      };
      const states = new Set<string>();
      for (const { id, end } of exchanges) {
        const shown = (await admin.get(`/admin/v1/exchanges/${id}`)) as {
          recording: { state: string; fault: string | null };
        };
        states.add(`${end} ${shown.recording.state}`);
      }
      const expected = new Set(['complete whole', 'unknown open', 'unknown none']);
      expect([...states].filter((state) => !expected.has(state))).toEqual([]);
    },
    60_000 + ROUNDS * 20_000,
  );
});

function readState({ dataDir }: FaultNode) {
  const db = new DatabaseSync(join(dataDir, 'state.db'), { readOnly: true });
  try {
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    return db.prepare("SELECT state, dispatches, ended FROM approval_grant WHERE action = 'messages.create'").all();
  } finally {
    db.close();
  }
}
