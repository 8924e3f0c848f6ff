import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { AnswerPart } from '../../src/model/answer.ts';
import type { Recorded } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { complete, event, exchangeOf, type Node, openNode, removeNode, textAnswer, toolCall } from './support.ts';

let node: Node;

beforeEach(async () => {
  node = await openNode();
});

afterEach(() => removeNode(node));

const database = () => new DatabaseSync(join(node.dataDir, 'journal.db'));

function kinds(exchange: string): string[] {
  const db = database();
  const rows = db.prepare('SELECT kind FROM event WHERE exchange = ? ORDER BY seq').all(exchange);
  db.close();
  return rows.map((row) => String(row.kind));
}

async function deliver(recorded: Recorded, parts: readonly AnswerPart[]): Promise<AnswerPart[]> {
  const delivered: AnswerPart[] = [];
  const step = node.recorder.step(recorded);
  for (const part of parts) await step(part, (passed) => void delivered.push(passed));
  return delivered;
}

describe('the journal', () => {
  it('has the event on disk when append resolves', async () => {
    await node.recorder.append({ kind: 'gateway.started', exchange: null, body: { b: 1, a: 'ü' } });
    const db = database();
    const row = db.prepare('SELECT kind, exchange, body FROM event').get();
    db.close();
    expect(row).toMatchObject({ kind: 'gateway.started', exchange: null });
    expect(Buffer.from(row!.body as Uint8Array).toString()).toBe('{"a":"ü","b":1}');
  });

  it('keeps the order of appends, over many groups', async () => {
    const waits: Promise<void>[] = [];
    for (let n = 0; n < 2000; n++) {
      waits.push(node.recorder.append({ kind: 'input.rejected', exchange: null, body: { n } }));
      if (n % 37 === 0) await new Promise(setImmediate);
    }
    await Promise.all(waits);
    const db = database();
    const rows = db.prepare('SELECT seq, body FROM event ORDER BY seq').all();
    db.close();
    expect(rows.map((row) => JSON.parse(Buffer.from(row.body as Uint8Array).toString()).n)).toEqual(
      Array.from({ length: 2000 }, (_, n) => n),
    );
    expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 2000 }, (_, n) => n + 1));
  });

  it('refuses to change or delete an event', async () => {
    await node.recorder.append({ kind: 'gateway.started', exchange: null, body: {} });
    const db = database();
    expect(() => db.exec("UPDATE event SET kind = 'x'")).toThrow('append-only');
    expect(() => db.exec('DELETE FROM event')).toThrow('append-only');
    db.close();
  });

  it('writes nothing any more after close, and says so', async () => {
    await node.close();
    const append = node.recorder.append({ kind: 'gateway.stopped', exchange: null, body: {} });
    await expect(append).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
  });
});

describe('an exchange', () => {
  it('has its intent on disk before intent() resolves, with who, what, and by which rule', async () => {
    const exchange = exchangeOf();
    exchange.masks.push({ detector: 'd', class: 'c', mode: 'redact', count: 2 });
    await node.recorder.intent(exchange);
    const { events, ...shown } = await node.get(`/admin/v1/exchanges/${exchange.id}`);
    expect(shown).toMatchObject({
      function: 'nightly-report',
      subject: 'alice',
      effect: 'allow',
      rules: ['model-for-group'],
      policy: { bundle: 'builtin', revision: 'a'.repeat(64) },
      model: 'claude-sonnet-4-5',
      end: null,
      recording: { state: 'none' },
    });
    expect((events as JsonObject[])[0]).toMatchObject({
      kind: 'exchange.intent',
      body: {
        lease: { id: 'default#1', role: 'default' },
        conversation: { id: 'session-1', turn: 1 },
        masks: [{ detector: 'd', class: 'c', mode: 'redact', count: 2 }],
        body: { bytes: exchange.body!.bytes.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      },
    });
  });

  it('gives back what was delivered: text, tool calls with their verdicts, masks, usage', async () => {
    const recorded = await node.recorder.intent(exchangeOf());
    const [start, ...rest] = textAnswer('Grüße an alle 👋 dort');
    const parts = [start!, ...rest.slice(0, -2), toolCall(1, 'allow', { command: 'ls' }), ...rest.slice(-2)];
    recorded.masks.push({ detector: 'aws-key', class: 'aws', mode: 'redact', count: 1 });
    expect(await deliver(recorded, parts)).toEqual(parts);
    await recorded.recording.end(complete);
    const shown = await node.get(`/admin/v1/exchanges/${recorded.id}`);
    expect(shown).toMatchObject({
      status: 200,
      end: 'complete',
      usage: { input_tokens: 12, output_tokens: 42, cache_read_input_tokens: 0 },
      calls: { allow: 1, deny: 0 },
      masks: [{ detector: 'aws-key', count: 1 }],
      recording: { state: 'whole', fault: null },
      returned: {
        model: 'claude-sonnet-4-5-x',
        stop_reason: 'end_turn',
        content: [
          { index: 0, type: 'text', text: 'Grüße an alle 👋 dort' },
          { index: 1, type: 'tool_use', name: 'Bash', input: { command: 'ls' } },
        ],
        calls: [{ index: 1, tool: 'Bash', call: 'toolu_1', effect: 'allow', rules: ['bash-allow'] }],
        gaps: 0,
      },
    });
  });

  it('gives back blocks that were changed, and those of a JSON answer', async () => {
    const recorded = await node.recorder.intent(exchangeOf());
    const changed = {
      ...toolCall(0, 'deny', { command: 'rm' }),
      original: null,
      block: { type: 'text', text: 'denied' },
    };
    const json = { type: 'text', text: 'whole' };
    const whole = {
      kind: 'block',
      index: 1,
      block: json,
      inputText: null,
      call: false,
      original: Buffer.from(JSON.stringify(json)),
      spans: [],
      verdict: null,
    } as const;
    const masked = { ...event({ type: 'content_block_delta', index: 1, delta: { text: '!' } }), bytes: null };
    await deliver(recorded, [changed, whole, masked]);
    await recorded.recording.end(complete);
    const { returned, calls } = await node.get(`/admin/v1/exchanges/${recorded.id}`);
    expect(calls).toEqual({ allow: 0, deny: 1 });
    expect((returned as JsonObject).content).toEqual([
      { index: 0, type: 'text', text: 'denied' },
      { index: 1, type: 'text', text: 'whole!' },
    ]);
  });

  it('releases a tool call only when its decision is on disk, and delays nothing else', async () => {
    const recorded = await node.recorder.intent(exchangeOf());
    const step = node.recorder.step(recorded);
    let seen: string[] = [];
    const next = () => {
      seen = kinds(recorded.id);
      return undefined;
    };
    expect(step(event({ type: 'ping' }), next)).toBeUndefined();
    expect(seen).toEqual(['exchange.intent']);
    await step(toolCall(0, 'allow', {}), next);
    expect(seen).toEqual(['exchange.intent', 'tool_use.decided']);
  });

  it('ends once, whatever is called after it', async () => {
    const recorded = await node.recorder.intent(exchangeOf());
    await Promise.all([
      recorded.recording.end(complete),
      recorded.recording.end({ ...complete, end: 'fault', code: 'INTERNAL' }),
    ]);
    expect(kinds(recorded.id)).toEqual(['exchange.intent', 'exchange.outcome']);
    expect(node.recorder.live).toBe(0);
  });

  it.each([
    ['metadata', 'Bash'],
    ['none', null],
  ] as const)('records no content where policy says %s', async (record, tool) => {
    const recorded = await node.recorder.intent(exchangeOf({ record }));
    await deliver(recorded, [...textAnswer('hello'), toolCall(1, 'allow', { command: 'ls' })]);
    recorded.recording.frame('error', -1, 'hello');
    await recorded.recording.end(complete);
    const { returned, usage, calls } = await node.get(`/admin/v1/exchanges/${recorded.id}`);
    expect(usage).toMatchObject({ output_tokens: 42 });
    expect(calls).toEqual({ allow: 1, deny: 0 });
    if (tool === null) expect(returned).toBeNull();
    else expect(returned).toMatchObject({ content: [], errors: [], calls: [{ tool }] });
  });

  it('is in the journal when it was refused, as far as it came', async () => {
    const { id, startedAt, route, headers, client, source, reply, signal, notes } = exchangeOf();
    const framed = { id, startedAt, route, headers, client, source, reply, signal, notes };
    await node.recorder.refused(framed, new GatewayError('TOKEN_MISSING'));
    const denied = exchangeOf({ effect: 'deny' });
    await node.recorder.refused(denied, new GatewayError('POLICY_DENIED', 'no', { rules: ['no-go'] }));
    const { exchanges } = await node.get('/admin/v1/exchanges');
    expect(exchanges).toMatchObject([
      { id: denied.id, effect: 'deny', end: 'refused', code: 'POLICY_DENIED', status: 403, function: 'nightly-report' },
      { id, effect: 'refused', end: 'refused', code: 'TOKEN_MISSING', status: 401, function: null },
    ]);
  });
});

describe('what an exchange left in the journal', () => {
  it('is nothing only where the journal goes back so far', async () => {
    const takenAt = Date.now();
    // As after a journal was put aside.
    expect(await node.recorder.trace('req_9', takenAt)).toBe('intent');
    await new Promise((resolve) => setTimeout(resolve, 2));
    await node.recorder.append({ kind: 'gateway.started', exchange: null, body: {} });
    expect(await node.recorder.trace('req_9', takenAt)).toBe('intent');
    expect(await node.recorder.trace('req_9', Date.now() + 1)).toBe('nothing');
  });

  it('is how it ended', async () => {
    for (const [end, trace] of [
      ['complete', 'delivered'],
      ['denied', 'delivered'],
      ['upstream_error', 'upstream_error'],
      ['fault', 'intent'],
    ] as const) {
      const recorded = await node.recorder.intent(exchangeOf());
      expect(await node.recorder.trace(recorded.id, 0)).toBe('intent');
      await recorded.recording.end({ status: 200, end, code: null, usage: null, stopReason: null });
      expect(await node.recorder.trace(recorded.id, 0)).toBe(trace);
    }
  });
});

describe('what lies on disk', () => {
  it('holds nothing of an answer in clear, and no credential at all', async () => {
    const canary = 'canary-5d1f0b77';
    const recorded = await node.recorder.intent(exchangeOf({ body: { model: 'm', system: canary } }));
    await deliver(recorded, [...textAnswer(`before ${canary} after`), toolCall(1, 'allow', { command: canary })]);
    await recorded.recording.end(complete);
    const returned = await node.get(`/admin/v1/exchanges/${recorded.id}`);
    expect(JSON.stringify(returned)).toContain(canary);
    const check = () => {
      let bytes = 0;
      for (const name of readdirSync(node.dataDir, { recursive: true }) as string[]) {
        const path = join(node.dataDir, name);
        if (!statSync(path).isFile()) continue;
        expect(statSync(path).mode & 0o077).toBe(0);
        const content = readFileSync(path);
        bytes += content.length;
        for (const secret of [canary, 'LEASE-SECRET']) expect([name, content.includes(secret)]).toEqual([name, false]);
      }
      return bytes;
    };
    expect(check()).toBeGreaterThan(8192);
    await node.close();
    check();
  });

  it('cannot be read without the sealing key, and the answer says which one is missing', async () => {
    const recorded = await node.recorder.intent(exchangeOf());
    await deliver(recorded, textAnswer('hello'));
    await recorded.recording.end(complete);
    await node.close();
    const { rmSync } = await import('node:fs');
    rmSync(join(node.dataDir, 'keys', 'sealing.key'));
    const other = await openNode({ dataDir: node.dataDir });
    const { recording, returned } = await other.get(`/admin/v1/exchanges/${recorded.id}`);
    await other.close();
    expect(recording).toMatchObject({ state: 'broken', fault: expect.stringContaining(node.keys.sealing.id) });
    expect(returned).toBeNull();
  });
});
