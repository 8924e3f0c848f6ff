import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { holding } from './policies.ts';
import { type Stack, startStack } from './stack.ts';

/* A risky call waits for a human: with the real Agent SDK, a signed bundle from a watched folder, and a real verdict. */

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly summary: string;
  readonly fingerprint: string;
}

withProgram('opa', 'approvals', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let token: string;

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    stack = await startStack({ config: { policy: bundle.policy } });
    token = await stack.token();
  }, 60_000);
  afterAll(async () => {
    await stack.close();
    bundle.remove();
  });

  /** Calls the admin API as a person who may approve. */
  const ask = async (path: string, body: object | null = null, reviewer = 'rita@example.test') => {
    const response = await fetch(`${stack.adminUrl}/admin/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${await stack.reviewer(reviewer)}`,
        'content-type': 'application/json',
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, text: await response.text() };
  };

  const pending = async (): Promise<readonly Listed[]> => {
    const { status, text } = await ask('approvals?state=pending');
    expect(status, text).toBe(200);
    return JSON.parse(text).approvals;
  };

  /** Waits until something is pending. */
  const waiting = async (count = 1): Promise<readonly Listed[]> => {
    for (let i = 0; i < 400; i++) {
      const found = await pending();
      if (found.length >= count) return found;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(
      `nothing waits for approval: ${JSON.stringify(await stack.admin.get('/admin/v1/exchanges')).slice(0, 3000)}`,
    );
  };

  const decide = (approval: Listed, verdict: 'approve' | 'deny', reviewer?: string, comment?: string) =>
    ask(
      `approvals/${approval.id}/decisions`,
      { verdict, fingerprint: approval.fingerprint, ...(comment ? { comment } : {}) },
      reviewer,
    );

  const run = (prompt: string) => runAgent({ baseUrl: stack.url, token, prompt, timeoutMs: 45_000 });

  it('holds a risky Bash call until a reviewer approves it, and it runs once', async () => {
    const running = run('sandbox:bash echo deploy the thing\nGo.');
    const [approval] = await waiting();
    expect(approval!.summary).toBe('Bash');
    expect(await decide(approval!, 'approve')).toMatchObject({ status: 200 });
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.results.map((result) => result.text).join()).toContain('deploy the thing');
    expect(await pending()).toEqual([]);
  }, 60_000);

  it('lets the agent carry on when the reviewer denies, and tells it why', async () => {
    const running = run('sandbox:bash echo deploy at night\nGo.');
    const [approval] = await waiting();
    expect(await decide(approval!, 'deny', undefined, 'not on a Friday')).toMatchObject({ status: 200 });
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
    expect(outcome.results.some((result) => result.text.includes('deploy at night') && !result.failed)).toBe(false);
    expect(JSON.stringify(outcome.messages)).toContain('not on a Friday');
  }, 60_000);

  it('needs both of two reviewers, and not the same one twice', async () => {
    const running = run('sandbox:bash echo release 1.0\nGo.');
    const [approval] = await waiting();
    expect(await decide(approval!, 'approve', 'rita@example.test')).toMatchObject({ status: 200 });
    expect((await decide(approval!, 'approve', 'rita@example.test')).status).not.toBe(200);
    expect(await pending()).toHaveLength(1);
    expect(await decide(approval!, 'approve', 'sven@example.test')).toMatchObject({ status: 200 });
    const outcome = await running;
    expect(outcome.results.map((result) => result.text).join()).toContain('release 1.0');
  }, 60_000);

  it('never takes the approval of the person who asked', async () => {
    const running = run('sandbox:bash echo deploy myself\nGo.');
    const [approval] = await waiting();
    expect((await decide(approval!, 'approve', 'dev@localhost')).status).toBe(403);
    expect(await pending()).toHaveLength(1);
    await decide(approval!, 'deny');
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
      const [approval] = await waiting();
      expect(stack.sandbox.requests.length).toBe(before);
      expect(await decide(approval!, 'approve')).toMatchObject({ status: 200 });
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
    const [approval] = await waiting();
    await decide(approval!, 'deny', undefined, 'ask in the morning');
    const message = await answered;
    expect(message.stop_reason).toBe('end_turn');
    expect(JSON.stringify(message.content)).toContain('ask in the morning');
  }, 60_000);
});
