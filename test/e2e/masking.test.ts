import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { type AgentOutcome, runAgent } from './agent.ts';
import { type Stack, startStack } from './stack.ts';
import { startTap, type Tap } from './tap.ts';

/*
 * The real Agent SDK finishes tool loops in which text and tool inputs are masked in the middle of a value; thinking
 * blocks stay valid, and Claude's cache is used on the next turn.
 */
/** A card of no bank. */
const planted = ['5500', '0055', '5555', '5559'].join('');
const address = 'margaret.hamilton@apollo.example.org';
const token = /MASKED_EMAIL_[A-Z2-7]{13}/g;

const policy = `package policies.addresses.request

mask contains {"detectors": ["payment_card"], "mode": "redact"} if input.action == "messages.create"

mask contains {"detectors": ["email"], "mode": "token", "restore": "text"} if input.action == "messages.create"

directive contains {"thinking": "pass"} if input.action == "messages.create"
`;

withProgram('opa', 'masks in loops', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let near: Tap;
  let home: string;
  let bearer: string;

  beforeAll(async () => {
    bundle = await watchedBundle({ 'addresses/request/addresses.rego': policy });
    stack = await startStack({
      sandbox: { seed: 11, secret: planted },
      tapUpstream: true,
      config: { policy: bundle.policy },
    });
    near = await startTap(stack.url);
    home = mkdtempSync(join(tmpdir(), 'sallyport-masking-'));
    bearer = await stack.token();
  }, 60_000);

  afterAll(async () => {
    await near.close();
    await stack.close();
    bundle.remove();
    rmSync(home, { recursive: true, maxRetries: 5, retryDelay: 100 });
  });

  const run = (prompt: string, options: Parameters<typeof runAgent>[0]['options'] = {}): Promise<AgentOutcome> =>
    runAgent({ baseUrl: near.url, token: bearer, home, prompt, options });
  const bodies = () => stack.sandbox.requests.map((request) => Buffer.from(request.bodyBytes).toString());
  const statuses = () => stack.sandbox.requests.map((request) => request.status);
  /** Everything the client got, as bytes. */
  const received = () => Buffer.concat(near.connections.flatMap(({ received: bytes }) => bytes)).toString();
  /** The messages of a request as Claude's cache compares them. */
  const messagesOf = (body: string) =>
    (JSON.parse(body) as { readonly messages: readonly unknown[] }).messages.map((message) =>
      JSON.stringify(message).replaceAll(/,"cache_control":\{[^}]*\}/g, ''),
    );
  /** Tokens read from the cache, in the answer to the newest request. */
  const cacheRead = () => {
    const answer = Buffer.from(stack.sandbox.requests.at(-1)!.answerBytes()).toString();
    return Number(/"cache_read_input_tokens":(\d+)/.exec(answer)?.[1]);
  };

  function expectStablePrefix(before: string, after: string): void {
    const [first, second] = [messagesOf(before), messagesOf(after)];
    expect(second.length).toBeGreaterThan(first.length);
    expect(second.slice(0, first.length)).toEqual(first);
  }

  describe('a value that the model lets slip', () => {
    it('is masked in the text and the tool input of a loop that goes on, turn after turn', async () => {
      const first = await run('sandbox:leak');
      expect([first.error, first.failed]).toEqual([null, false]);
      expect(first.texts.join()).toContain('[masked:payment_card]');
      expect(JSON.stringify(first.calls)).toContain('[masked:payment_card]');
      expect(first.results[0]?.text).toContain('[masked:payment_card]');
      const second = await run('sandbox:interleaved\nGo on.', { resume: first.sessionId! });
      expect([second.error, second.failed]).toEqual([null, false]);
      const before = bodies().at(-1)!;
      const third = await run('sandbox:echo\nThe last turn.', { resume: second.sessionId! });
      expect([third.error, third.failed]).toEqual([null, false]);
      expect(statuses().filter((status) => status !== 200)).toEqual([]);
      expect(before).toContain('"type":"thinking"');
      expectStablePrefix(before, bodies().at(-1)!);
      expect(cacheRead()).toBeGreaterThan(1000);
    }, 120_000);

    it('reaches neither the client nor Claude again', () => {
      for (const piece of [planted, planted.slice(0, 10), planted.slice(6)]) {
        expect(received()).not.toContain(piece);
        expect(bodies().join()).not.toContain(piece);
      }
    });
  });

  describe('an address that becomes a token', () => {
    it('is the token for Claude, and the address again for who supplied it, in a loop with thinking', async () => {
      const from = bodies().length;
      const first = await run(`sandbox:interleaved-leak\nWrite to secret=${address} please.`);
      expect([first.error, first.failed]).toEqual([null, false]);
      expect(first.texts.join()).toContain(`The value is ${address}`);
      const before = bodies().at(-1)!;
      const second = await run('sandbox:echo\nAnd once more.', { resume: first.sessionId! });
      expect([second.error, second.failed]).toEqual([null, false]);
      const sent = bodies().slice(from);
      expect(
        statuses()
          .slice(from)
          .filter((status) => status !== 200),
      ).toEqual([]);
      expect(new Set(sent.join().match(/secret=MASKED_EMAIL_[A-Z2-7]{13} /g))).toHaveProperty('size', 1);
      expect(sent.join()).not.toContain('hamilton');
      expect(received()).not.toMatch(token);
      // Byte for byte what Claude said: no thinking had to be dropped, and the cache was used.
      expect(sent.join()).not.toContain('drop_block');
      expect(before).toContain('"type":"thinking"');
      expectStablePrefix(before, sent.at(-1)!);
      expect(cacheRead()).toBeGreaterThan(1000);
    }, 120_000);

    it('stays a token in tool inputs, which policy does not name', async () => {
      const outcome = await run(`sandbox:leak\nWrite to secret=${address} please.`);
      expect([outcome.error, outcome.failed]).toEqual([null, false]);
      expect(outcome.texts.join()).toContain(address);
      expect(JSON.stringify(outcome.calls)).not.toContain('hamilton');
      expect(outcome.results[0]?.text).toMatch(token);
    }, 60_000);
  });
});
