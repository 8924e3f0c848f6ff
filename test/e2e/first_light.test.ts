import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/json.ts';
import { type AgentOutcome, runAgent } from './agent.ts';
import { type Stack, startStack } from './stack.ts';
import { startTap, type Tap } from './tap.ts';

/*
 * The product in one test. A program on the real Agent SDK asks Claude to clean up. On the way back Claude lets a
 * secret slip, asks for a command that policy denies and for one that it allows, and the agent goes on to the end.
 */
const planted = 'Tr0ub4dor-and-3-horses';

let stack: Stack;
let tap: Tap;
let outcome: AgentOutcome;

beforeAll(async () => {
  stack = await startStack({ sandbox: { secret: planted, seed: 7 }, masked: { 'build-password': planted } });
  tap = await startTap(stack.url);
  const token = await stack.token({ function: 'nightly-cleanup', subject: 'ada@example.test' });
  outcome = await runAgent({ baseUrl: tap.url, token, prompt: 'sandbox:denied-then-run\nPlease clean up.' });
}, 120_000);

afterAll(async () => {
  await tap.close();
  await stack.close();
});

const received = () => tap.answers().map((answer) => answer.body.toString());
/** Everything that reached the client as input of a tool, put together. */
const inputs = () =>
  received()
    .flatMap((body) => body.match(/"partial_json":"(?:[^"\\]|\\.)*"/g) ?? [])
    .map((piece) => JSON.parse(`{${piece}}`).partial_json)
    .join('');
const forwarded = () => stack.sandbox.requests.filter((request) => request.target.startsWith('/v1/messages'));

describe('first light', () => {
  it('brings the agent to its end', () => {
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
    expect(outcome.result).toContain('Done.');
  });

  it('shows the planted value to nobody but Claude', () => {
    const bytes = received().join('');
    expect(stack.sandbox.requests.some((request) => Buffer.from(request.answerBytes()).includes('Tr0ub'))).toBe(true);
    expect(bytes).not.toContain(planted);
    expect(outcome.texts.join(' ')).toContain('[masked:');
    for (const { body } of tap.answers()) {
      const texts = body.toString().match(/"text":"[^"]*"/g) ?? [];
      expect(texts.map((text) => text.slice(8, -1)).join('')).not.toContain(planted.slice(0, 8));
    }
  });

  it('lets the allowed command run and nothing of the denied one through', () => {
    expect(outcome.results.some((result) => result.text.includes('ok') && !result.failed)).toBe(true);
    const bytes = received().join('');
    expect(inputs()).toContain('echo ok');
    for (const piece of ['rm -rf', 'build folder', 'Remove the']) expect(inputs()).not.toContain(piece);
    expect(bytes).not.toContain('rm -rf build');
    const starts = bytes.match(/"type":"content_block_start"[^\n]*/g) ?? [];
    const bash = starts.filter((start) => start.includes('"name":"Bash"'));
    expect(bash).toHaveLength(1);
    expect(outcome.calls.filter((call) => JSON.stringify(call.input).includes('rm -rf'))).toEqual([]);
  });

  it('keeps what Claude thought valid on the next turn', () => {
    const last = forwarded().at(-1)!;
    expect(last.status).toBe(200);
    expect(Buffer.from(last.bodyBytes).toString()).toContain('"type":"thinking"');
    expect(forwarded().map((request) => request.status)).not.toContain(400);
  });

  it('never shows the agent the credential, nor Claude the identity token', () => {
    for (const request of stack.sandbox.requests) {
      const headers = request.headers.join('\n');
      expect(headers).toContain(stack.apiKey);
      expect(headers).not.toContain('eyJ');
    }
    const raw = tap.connections
      .flatMap(({ received: chunks }) => chunks.map((chunk) => chunk.toString('latin1')))
      .join('');
    expect(raw).not.toContain(stack.apiKey);
  });

  it('can say afterwards which function called, by which rule and revision, and what came back', async () => {
    const { exchanges } = (await stack.admin.get('/admin/v1/exchanges', { function: 'nightly-cleanup' })) as JsonObject;
    const rows = exchanges as readonly JsonObject[];
    expect(rows.length).toBeGreaterThanOrEqual(2);
    for (const row of rows) {
      expect(row).toMatchObject({ function: 'nightly-cleanup', subject: 'ada@example.test', effect: 'allow' });
      expect(String((row.policy as JsonObject).revision)).toMatch(/^[0-9a-f]{64}$/);
    }
    const { sessions } = (await stack.admin.get('/admin/v1/sessions')) as JsonObject;
    const [session] = sessions as readonly JsonObject[];
    const shown = JSON.stringify(await stack.admin.get(`/admin/v1/sessions/${session!.id}`));
    expect(shown).toContain('recursive-removal');
    expect(shown).toContain('echo ok');
    expect(shown).toContain('[masked:');
    expect(shown).not.toContain(planted);
  });
});
