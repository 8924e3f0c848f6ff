import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { type HoldDesk, holdDesk, until } from './hold_desk.ts';
import { holding } from './policies.ts';
import { type Stack, startStack } from './stack.ts';
import { startTap, type Tap } from './tap.ts';

/*
 * The gateway holds for longer than the client has patience: the real Agent SDK, told to give up after ten seconds
 * without bytes, the least it takes. Pings come every fifteen.
 */

withProgram('opa', 'agents that give up before the gateway does', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let desk: HoldDesk;
  let tap: Tap;
  let token: string;

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    stack = await startStack({ config: { policy: bundle.policy, approvals: { hold_stream_s: 900 } } });
    desk = holdDesk(stack);
    tap = await startTap(stack.url);
    token = await stack.token();
  }, 60_000);
  afterAll(async () => {
    await tap.close();
    await stack.close();
    bundle.remove();
  });

  const impatient = (prompt: string, model: string) =>
    runAgent({
      baseUrl: tap.url,
      token,
      prompt,
      options: { model },
      env: { CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: '10000' },
    });
  const asked = (text: string) => tap.requests().filter(({ body }) => body.includes(text)).length;
  const calls = (text: string) =>
    stack.sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(text)).length;

  it('join their own question with the same request: one approval, one call to Claude', async () => {
    const running = impatient('sandbox:echo\nback in the queue', 'claude-haiku-5-5');
    const [approval] = await desk.waiting();
    await until(() => asked('back in the queue') >= 2, 'the client asks again');
    expect(await desk.list('pending')).toEqual([approval]);
    expect(calls('back in the queue')).toBe(0);
    await desk.decide(approval, 'approve');
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.result).toBe('back in the queue');
    expect(calls('back in the queue')).toBe(1);
    expect(await desk.list('pending')).toEqual([]);
  }, 60_000);

  it('ask Claude anew where a text came before the held call, and the same call joins its approval and runs once', async () => {
    const running = impatient('sandbox:bash echo deploy at last\nGo.', 'claude-opus-5-5');
    const [approval] = await desk.waiting();
    await until(() => asked('deploy at last') >= 2, 'the client asks again');
    expect(await desk.list('pending')).toEqual([approval]);
    await desk.decide(approval, 'approve');
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.results).toEqual([expect.objectContaining({ text: 'deploy at last', failed: false })]);
    expect(await desk.list('pending')).toEqual([]);
  }, 60_000);
});
