import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminClient } from '../../src/cli/admin_client.ts';
import { auditListCommand } from '../../src/cli/audit.ts';
import { sessionsListCommand, sessionsShowCommand } from '../../src/cli/sessions.ts';
import { readRange } from '../../src/cli/times.ts';
import { StartError } from '../../src/errors.ts';
import { complete, exchangeOf, type Node, openNode, removeNode, textAnswer, toolCall } from '../record/support.ts';
import { printed } from './printed.ts';

let node: Node;
let admin: AdminClient;

beforeAll(async () => {
  node = await openNode();
  const refuse = async () => {
    throw new TypeError('only reads here');
  };
  admin = {
    get: (path, query = {}) =>
      node.get(decodeURIComponent(path), JSON.parse(JSON.stringify(query)) as Record<string, string>),
    post: refuse,
    delete: refuse,
  };
});

afterAll(() => removeNode(node));

describe('on an empty journal', () => {
  it('both lists say so', async () => {
    expect(await printed((output) => auditListCommand({}, admin, output))).toBe('no exchange matches\n');
    expect(await printed((output) => sessionsListCommand({}, admin, output))).toBe('no session matches\n');
    expect(await printed((output) => auditListCommand({ json: true }, admin, output))).toBe('[]\n');
  });
});

describe('with exchanges', () => {
  beforeAll(async () => {
    const recorded = await node.recorder.intent(exchangeOf({ id: 'req_a', session: 'talk', subject: 'eve\u001b[2J' }));
    recorded.masks.push({ detector: 'exact', class: 'secret', mode: 'redact', count: 2 });
    const step = node.recorder.step(recorded);
    const [start, ...rest] = textAnswer('two\nlines \u001b[31mred');
    for (const part of [start!, ...rest.slice(0, -2), toolCall(1, 'deny', { command: 'rm' }), ...rest.slice(-2)]) {
      await step(part, () => undefined);
    }
    await recorded.recording.end(complete);
  });

  it('audit list names time, function, rule, revision, end and tokens, aligned', async () => {
    const lines = (await printed((output) => auditListCommand({}, admin, output))).split('\n');
    expect(lines[0]).toMatch(/^TIME \(UTC\) +FUNCTION +SUBJECT +MODEL/);
    expect(lines[1]).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}nightly-report {2}eve·\[2J +claude-sonnet-4-5 {2}allow +model-for-group {2}a{12} +complete +1 denied +2 +12\/42 +talk +req_a$/,
    );
    expect(lines[1]!.indexOf('claude')).toBe(lines[0]!.indexOf('MODEL'));
  });

  it('audit list --json gives all fields', async () => {
    const [row] = JSON.parse(await printed((output) => auditListCommand({ json: true }, admin, output)));
    expect(row).toMatchObject({ id: 'req_a', policy: { revision: 'a'.repeat(64) }, rules: ['model-for-group'] });
  });

  it('audit list says when there is more than it shows, beside the table and beside JSON', async () => {
    await node.recorder.intent(exchangeOf({ id: 'req_b' }));
    const text = await printed((output) => auditListCommand({ limit: '1' }, admin, output, output));
    expect(text.split('\n')).toHaveLength(4);
    expect(text).toContain('there are more');
    expect(text).toContain('running');
    const notes = new PassThrough();
    const json = await printed((output) => auditListCommand({ limit: '1', json: true }, admin, output, notes));
    expect(JSON.parse(json)).toHaveLength(1);
    expect(String(notes.read())).toContain('there are more');
  });

  it('sessions list names callers and tokens', async () => {
    const text = await printed((output) => sessionsListCommand({ function: 'nightly-report' }, admin, output));
    expect(text).toMatch(/nightly-report +eve·\[2J +1 +0 +12\/42 +talk\n/);
  });

  it('sessions show prints what came back, with verdicts and masks, and nothing that moves the cursor', async () => {
    const text = await printed((output) => sessionsShowCommand('talk', {}, admin, output));
    expect(text).toContain('  text     two\n           lines ·[31mred\n');
    expect(text).toContain('  DENIED   Bash by bash-deny\n  call     Bash {"command":"rm"}\n');
    expect(text).toContain('  masked   2 x secret (exact)\n');
    expect(text).not.toContain('\u001b');
    const [exchange] = JSON.parse(
      await printed((output) => sessionsShowCommand('talk', { json: true }, admin, output)),
    );
    expect(exchange).toMatchObject({ id: 'req_a', returned: { stop_reason: 'end_turn' } });
  });
});

describe('--from and --to', () => {
  const now = Date.parse('2026-01-05T02:15:30Z');

  it.each([
    [
      { from: '02:10', to: '02:20' },
      { from: '2026-01-05T02:10:00.000Z', to: '2026-01-05T02:20:00.000Z' },
    ],
    [
      { from: '23:50', to: '00:10' },
      { from: '2026-01-04T23:50:00.000Z', to: '2026-01-05T00:10:00.000Z' },
    ],
    [
      { from: '22:00', to: '23:00' },
      { from: '2026-01-04T22:00:00.000Z', to: '2026-01-04T23:00:00.000Z' },
    ],
    [{ from: '2026-01-01' }, { from: '2026-01-01T00:00:00.000Z' }],
    [{ from: '2026-01-01 10:00' }, { from: '2026-01-01T10:00:00.000Z' }],
    [{ to: '2026-01-01T10:00:00+02:00' }, { to: '2026-01-01T08:00:00.000Z' }],
    [
      { from: '2h', to: '90m' },
      { from: '2026-01-05T00:15:30.000Z', to: '2026-01-05T00:45:30.000Z' },
    ],
    [{}, {}],
  ])('%o is read as UTC', (given, expected) => {
    expect(readRange(given, now)).toEqual(expected);
  });

  it.each([
    { from: '25:00' },
    { from: 'yesterday' },
    { from: '2 weeks' },
    { to: '2026-13-01' },
    { from: '2026-01-02', to: '2026-01-01' },
  ])('%o is refused', (given) => {
    expect(() => readRange(given, now)).toThrow(StartError);
  });
});
