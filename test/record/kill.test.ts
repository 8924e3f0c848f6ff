import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/json.ts';
import { type Node, openNode, removeNode } from './support.ts';

const ROUNDS = 24;

let node: Node;

beforeAll(async () => {
  node = await openNode();
  await node.close();
});

afterAll(() => removeNode(node));

/** Runs the child, kills it `delay` ms after its first exchange, and returns what it had said. */
async function killedAfter(delay: number, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill_child.ts'), node.dataDir, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let complaint = '';
  child.stderr.on('data', (bytes) => (complaint += bytes));
  const begun = new Promise<void>((resolve) => {
    child.stdout.on('data', (bytes) => {
      said += bytes;
      if (said.includes('\nI')) resolve();
    });
  });
  const gone = new Promise((resolve) => child.once('close', resolve));
  await Promise.race([begun, gone]);
  await new Promise((resolve) => setTimeout(resolve, delay));
  child.kill('SIGKILL');
  await gone;
  expect(complaint).toBe('');
  // A line that the kill cut short said nothing.
  return said.split('\n').slice(0, -1);
}

describe('a node that is killed', () => {
  it(`loses nothing it acknowledged, over ${ROUNDS} rounds, and closes what was cut off exactly once`, async () => {
    let seed = 20_260_105;
    const said: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      said.push(...(await killedAfter(seed % 60, round)));
    }
    const after = await openNode({ dataDir: node.dataDir });
    const db = new DatabaseSync(join(node.dataDir, 'journal.db'));
    try {
      expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
      const rows = db.prepare('SELECT kind, exchange, body FROM event ORDER BY seq').all();
      const stored = new Set(rows.map((row) => `${row.kind} ${row.exchange}`));
      const kinds: Record<string, string> = { I: 'exchange.intent', T: 'tool_use.decided', O: 'exchange.outcome' };
      const acknowledged = said.filter((line) => !line.startsWith('R '));
      expect(acknowledged.length).toBeGreaterThan(ROUNDS * 10);
      const lost = acknowledged.filter((line) => !stored.has(`${kinds[line[0]!]} ${line.slice(2)}`));
      expect(lost).toEqual([]);

      const outcomes = rows.filter((row) => row.kind === 'exchange.outcome');
      const intents = rows.filter((row) => row.kind === 'exchange.intent');
      expect(new Set(outcomes.map((row) => row.exchange)).size).toBe(outcomes.length);
      expect(outcomes.length).toBe(intents.length);
      const unknown = outcomes.filter((row) => Buffer.from(row.body as Uint8Array).includes('"end":"unknown"'));
      const closed = said.filter((line) => line.startsWith('R ')).map((line) => Number(line.slice(2)));
      expect(closed.reduce((sum, n) => sum + n, after.recorder.cutOff)).toBe(unknown.length);
      expect(unknown.length).toBeGreaterThan(0);

      const states = new Map<string, number>();
      for (const row of intents) {
        const { recording, end } = await after.get(`/admin/v1/exchanges/${row.exchange}`);
        const state = `${end}: ${(recording as JsonObject).state}`;
        states.set(state, (states.get(state) ?? 0) + 1);
      }
      const expected = new Set(['complete: whole', 'unknown: open', 'unknown: none']);
      expect([...states.keys()].filter((state) => !expected.has(state))).toEqual([]);
    } finally {
      db.close();
      await after.close();
    }
  }, 180_000);
});
