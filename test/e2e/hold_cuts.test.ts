import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { randomFrom } from '../servers/random.ts';
import { type Cutter, startCutter } from './cutter.ts';
import { type HoldDesk, holdDesk, until } from './hold_desk.ts';
import { holding } from './policies.ts';
import { type Stack, startStack } from './stack.ts';

/*
 * Connections break while a human thinks: the question stays one, Claude is asked once, and whoever sends the request
 * again gets the answer from its first event.
 */

type Ask = Anthropic.MessageCreateParamsNonStreaming;

withProgram('opa', 'holds that are cut', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let desk: HoldDesk;
  let cutter: Cutter;
  let client: Anthropic;

  beforeAll(async () => {
    bundle = await watchedBundle(holding);
    stack = await startStack({ config: { policy: bundle.policy } });
    desk = holdDesk(stack);
    cutter = await startCutter(stack.url);
    client = new Anthropic({
      baseURL: cutter.url,
      authToken: await stack.token(),
      apiKey: null,
      maxRetries: 0,
      // A connection for each request, so that a cut hits the one it is meant for.
      defaultHeaders: { connection: 'close' },
    });
  }, 60_000);
  afterAll(async () => {
    await cutter.close();
    await stack.close();
    bundle.remove();
  });

  const tool: Anthropic.Tool = {
    name: 'Bash',
    description: 'Runs a command',
    input_schema: { type: 'object', properties: { command: { type: 'string' }, description: { type: 'string' } } },
  };
  const callRequest = (name: string): Ask => ({
    model: 'claude-opus-5-5',
    max_tokens: 1000,
    tools: [tool],
    messages: [{ role: 'user', content: `sandbox:bash echo deploy ${name}\nGo.` }],
  });
  const heldRequest = (name: string): Ask => ({
    model: 'claude-haiku-5-5',
    max_tokens: 1000,
    messages: [{ role: 'user', content: `sandbox:echo\nheld request ${name}` }],
  });
  const send = (request: Ask, stream: boolean): Promise<Anthropic.Message> =>
    stream ? client.messages.stream(request).finalMessage() : client.messages.create(request);
  const calls = (name: string) =>
    stack.sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(`${name}\\n`)).length +
    stack.sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(`${name}"`)).length;

  it.each(Array.from({ length: 16 }, (_, seed) => seed))('survives random cuts, seed %i', async (seed) => {
    const random = randomFrom(seed);
    const name = `cut-${seed}`;
    const isCall = random() < 0.6;
    const request = isCall ? callRequest(name) : heldRequest(name);
    const legs = 1 + Math.floor(random() * 3);
    for (let leg = 0; leg < legs; leg++) {
      const stream = random() < 0.6;
      const broken = send(request, stream).then(
        () => 'whole',
        () => 'broken',
      );
      // The first leg is cut while it is held; those after it anywhere.
      if (leg === 0) await desk.waiting();
      else if (random() < 0.5) cutter.cutNextAfter(Math.floor(random() * 1500));
      await new Promise((resolve) => setTimeout(resolve, random() * 100));
      cutter.cutAll();
      expect(await broken).toBe('broken');
    }
    const [approval, ...others] = await desk.waiting();
    expect(others).toEqual([]);
    const early = random() < 0.3;
    if (early) await desk.decide(approval, 'approve');
    const stream = random() < 0.5;
    const answered = send(request, stream);
    if (!early) {
      await until(() => cutter.open > 0, 'the last leg is connected');
      await desk.decide(approval, 'approve');
    }
    const message = await answered;
    if (isCall) {
      expect(message.stop_reason).toBe('tool_use');
      expect(message.content).toMatchObject([
        { type: 'text', text: 'Running it.' },
        { type: 'tool_use', name: 'Bash', input: { command: `echo deploy ${name}`, description: 'Run the command' } },
      ]);
    } else {
      expect(message.stop_reason).toBe('end_turn');
      expect(message.content).toMatchObject([{ type: 'text', text: `held request ${name}` }]);
    }
    expect(message.usage.output_tokens).toBeGreaterThan(0);
    expect(calls(name)).toBe(1);
    expect(await desk.list('pending')).toEqual([]);
    const [first, ...more] = (await desk.list()).filter(({ fingerprint }) => fingerprint === approval!.fingerprint);
    expect(first?.state).toBe('approved');
    expect(more).toEqual([]);
  });

  it('asks anew once the answer was delivered to its end', async () => {
    const request = callRequest('twice');
    const first = send(request, true);
    const [approval] = await desk.waiting();
    await desk.decide(approval, 'approve');
    await first;
    const second = send(request, false);
    const [again] = await desk.waiting();
    expect(again!.id).not.toBe(approval!.id);
    await desk.decide(again, 'deny');
    expect((await second).stop_reason).toBe('end_turn');
    expect(calls('twice')).toBe(2);
  });
});
