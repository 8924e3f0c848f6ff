import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { type HoldDesk, holdDesk, type Listed } from './hold_desk.ts';
import { holding } from './policies.ts';
import { type Stack, startStack } from './stack.ts';

/* A risky call waits for a human: with the real Agent SDK, a signed bundle from a watched folder, and a real verdict. */

withProgram('opa', 'approvals', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let desk: HoldDesk;
  let token: string;

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    stack = await startStack({ config: { policy: bundle.policy } });
    desk = holdDesk(stack);
    token = await stack.token();
  }, 60_000);
  afterAll(async () => {
    await stack.close();
    bundle.remove();
  });

  /** The status that an approval by this person gets. */
  const approving = async ({ id, fingerprint }: Listed, reviewer: string) =>
    (await desk.ask(`approvals/${id}/decisions`, { verdict: 'approve', fingerprint }, reviewer)).status;

  const run = (prompt: string) => runAgent({ baseUrl: stack.url, token, prompt, timeoutMs: 45_000 });

  it('holds a risky Bash call until a reviewer approves it, and it runs once', async () => {
    const running = run('sandbox:bash echo deploy the thing\nGo.');
    const [approval] = await desk.waiting();
    expect(approval!.summary).toBe('Bash');
    await desk.decide(approval, 'approve');
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.results.map((result) => result.text).join()).toContain('deploy the thing');
    expect(await desk.list('pending')).toEqual([]);
  }, 60_000);

  it('lets the agent carry on when the reviewer denies, and tells it why', async () => {
    const running = run('sandbox:bash echo deploy at night\nGo.');
    const [approval] = await desk.waiting();
    await desk.decide(approval, 'deny', { comment: 'not on a Friday' });
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
    expect(outcome.results.some((result) => result.text.includes('deploy at night') && !result.failed)).toBe(false);
    expect(JSON.stringify(outcome.messages)).toContain('not on a Friday');
  }, 60_000);

  it('needs both of two reviewers, and not the same one twice', async () => {
    const running = run('sandbox:bash echo release 1.0\nGo.');
    const [approval] = await desk.waiting();
    await desk.decide(approval, 'approve', { reviewer: 'rita@example.test' });
    expect(await approving(approval!, 'rita@example.test')).not.toBe(200);
    expect(await desk.list('pending')).toHaveLength(1);
    await desk.decide(approval, 'approve', { reviewer: 'sven@example.test' });
    const outcome = await running;
    expect(outcome.results.map((result) => result.text).join()).toContain('release 1.0');
  }, 60_000);

  it('never takes the approval of the person who asked', async () => {
    const running = run('sandbox:bash echo deploy myself\nGo.');
    const [approval] = await desk.waiting();
    expect(await approving(approval!, 'dev@localhost')).toBe(403);
    expect(await desk.list('pending')).toHaveLength(1);
    await desk.decide(approval, 'deny');
    await running;
  }, 60_000);

  it('holds a whole request of the plain SDK, and answers it once it is approved', async () => {
    const client = new Anthropic({ baseURL: stack.url, authToken: token, apiKey: null, maxRetries: 0 });
    const request = {
      model: 'claude-haiku-5-5',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: 'sandbox:echo\nis this allowed' }],
    };
    for (const ask of [() => client.messages.create(request), () => client.messages.stream(request).finalMessage()]) {
      const before = stack.sandbox.requests.length;
      const answered = ask();
      const [approval] = await desk.waiting();
      expect(stack.sandbox.requests.length).toBe(before);
      await desk.decide(approval, 'approve');
      expect(JSON.stringify((await answered).content)).toContain('is this allowed');
      expect(stack.sandbox.requests.length).toBe(before + 1);
      request.messages = [{ role: 'user', content: 'sandbox:echo\nis this allowed, too' }];
    }
  }, 60_000);

  it('ends a denied request that was held as a stream as a whole message that says so', async () => {
    const client = new Anthropic({ baseURL: stack.url, authToken: token, apiKey: null, maxRetries: 0 });
    const answered = client.messages
      .stream({ model: 'claude-haiku-5-5', max_tokens: 100, messages: [{ role: 'user', content: 'deny me' }] })
      .finalMessage();
    const [approval] = await desk.waiting();
    await desk.decide(approval, 'deny', { comment: 'ask in the morning' });
    const message = await answered;
    expect(message.stop_reason).toBe('end_turn');
    expect(JSON.stringify(message.content)).toContain('ask in the morning');
  }, 60_000);
});
