import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { type HoldDesk, holdDesk, until } from './hold_desk.ts';
import { holding } from './policies.ts';
import { type Stack, startStack } from './stack.ts';

/* The real Agent SDK while nobody is there to approve: holds are short here, as if the approver were away for hours. */

withProgram('opa', 'agents whose approver is away', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let desk: HoldDesk;
  let token: string;
  let home: string;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'agent-home-'));
    bundle = await watchedBundle(holding);
    const approvals = { hold_stream_s: 1, hold_call_s: 1, retry_after_s: 1 };
    stack = await startStack({ config: { policy: bundle.policy, approvals } });
    desk = holdDesk(stack);
    token = await stack.token();
  }, 60_000);
  afterAll(async () => {
    await stack.close();
    bundle.remove();
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });

  const asked = (text: string) =>
    stack.sandbox.requests.filter(
      ({ target, bodyBytes }) => target.startsWith('/v1/messages') && Buffer.from(bodyBytes).includes(text),
    ).length;

  /** How many requests were told that an approval is missing. */
  const refusals = async () => {
    const text = await (await fetch(`${stack.adminUrl}/metrics`)).text();
    const counts = text.split('\n').filter((line) => line.includes('reason="approval"'));
    return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };

  it('ends the turn with a text that says what waits, and a later approval is used when the agent continues', async () => {
    const first = await runAgent({ baseUrl: stack.url, token, home, prompt: 'sandbox:bash echo deploy later\nGo.' });
    expect(first.error).toBeNull();
    expect(first.failed).toBe(false);
    expect(first.results).toEqual([]);
    expect(first.result).toContain('waits for an approval by approvers');
    const [approval, ...others] = await desk.waiting();
    expect(others).toEqual([]);
    expect(first.result).toContain(approval!.id);

    await desk.decide(approval, 'approve');
    const resumed = { baseUrl: stack.url, token, home, options: { resume: first.sessionId! } };
    const second = await runAgent({ ...resumed, prompt: 'continue' });
    expect(second.error).toBeNull();
    expect(second.results).toEqual([expect.objectContaining({ text: 'deploy later', failed: false })]);
    expect(await desk.list('pending')).toEqual([]);

    // The grant is spent: the same call waits for a human again.
    const third = await runAgent({ ...resumed, prompt: 'continue' });
    expect(third.results).toEqual([]);
    expect(third.result).toContain('waits for an approval');
    const [again] = await desk.waiting();
    expect(again!.id).not.toBe(approval!.id);
    await desk.decide(again, 'deny');
  }, 90_000);

  it('lets the client itself ask for a held request again until it is approved', async () => {
    const running = runAgent({
      baseUrl: stack.url,
      token,
      prompt: 'sandbox:echo\nplease hold the line',
      options: { model: 'claude-haiku-5-5' },
    });
    const [approval] = await desk.waiting();
    // The stream ends after a second with an error; the copy that is not streamed gets 409 after one more, and comes again.
    await until(async () => (await refusals()) >= 3, 'the client came three times');
    expect(await desk.list('pending')).toEqual([approval]);
    expect(asked('hold the line')).toBe(0);
    await desk.decide(approval, 'approve');
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
    expect(outcome.result).toBe('please hold the line');
    expect(asked('hold the line')).toBe(1);
    expect(await desk.list('pending')).toEqual([]);
  }, 90_000);
});
