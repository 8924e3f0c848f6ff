import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { type HoldDesk, holdDesk, until } from './hold_desk.ts';
import { holding } from './policies.ts';
import { type Stack, startStack } from './stack.ts';

/* What is promised of held requests and calls besides the wait itself: who shares, what ends it, what it costs. */

type Ask = Anthropic.MessageCreateParamsNonStreaming;

const tool: Anthropic.Tool = {
  name: 'Bash',
  description: 'Runs a command',
  input_schema: { type: 'object', properties: { command: { type: 'string' }, description: { type: 'string' } } },
};

withProgram('opa', 'holds', () => {
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

  /** A request that waits as a whole. */
  const held = (prompt: string, more: Partial<Ask> = {}): Ask => ({
    model: 'claude-haiku-5-5',
    max_tokens: 1000,
    messages: [{ role: 'user', content: prompt }],
    ...more,
  });
  /** A request whose answer has a call that waits. */
  const calling = (command: string): Ask => ({
    model: 'claude-opus-5-5',
    max_tokens: 1000,
    tools: [tool],
    messages: [{ role: 'user', content: `sandbox:bash ${command}\nGo.` }],
  });
  const clientOf = (at: Stack, authToken: string) =>
    new Anthropic({ baseURL: at.url, authToken, apiKey: null, maxRetries: 0 });
  const send = (request: Ask, stream: boolean, authToken = token, at = stack): Promise<Anthropic.Message> => {
    const { messages } = clientOf(at, authToken);
    return stream ? messages.stream(request).finalMessage() : messages.create(request);
  };
  const failing = (sent: Promise<Anthropic.Message>) =>
    sent.then(
      (message) => {
        throw new Error(`answered: ${JSON.stringify(message)}`);
      },
      (error: InstanceType<typeof Anthropic.APIError>) => error,
    );
  const calls = (text: string, at = stack) =>
    at.sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(text)).length;
  const textOf = ({ content }: Anthropic.Message) =>
    content.map((block) => (block.type === 'text' ? block.text : '')).join('');

  describe('equal requests', () => {
    it('share one approval and one call to Claude, and are all answered', async () => {
      const request = held('sandbox:echo\none for all');
      const sent = Array.from({ length: 12 }, (_, i) => send(request, i % 2 === 0));
      const [approval] = await desk.waiting();
      await until(async () => (await held12()) >= 12, 'all are held');
      expect(await desk.list('pending')).toHaveLength(1);
      await desk.decide(approval, 'approve');
      for (const message of await Promise.all(sent)) expect(textOf(message)).toBe('one for all');
      expect(calls('one for all')).toBe(1);
      expect(await desk.list('pending')).toEqual([]);
    });

    const held12 = async () => {
      const text = await (await fetch(`${stack.adminUrl}/metrics`)).text();
      return Number(/^sallyport_requests_active (\d+)/m.exec(text)?.[1]);
    };

    it('of different principals never share', async () => {
      const request = held('sandbox:echo\neach their own');
      const other = await stack.token({ subject: 'somebody@else' });
      const [mine, theirs] = [send(request, true), send(request, true, other)];
      const pending = await desk.waiting(2);
      expect(pending).toHaveLength(2);
      expect(pending[0]!.fingerprint).not.toBe(pending[1]!.fingerprint);
      for (const approval of pending) await desk.decide(approval, 'approve');
      expect(textOf(await mine)).toBe('each their own');
      expect(textOf(await theirs)).toBe('each their own');
      expect(calls('each their own')).toBe(2);
    });
  });

  describe('what happens in a hold', () => {
    it.each([true, false])(
      'refuses a caller that was revoked meanwhile, approved or not (stream: %s)',
      async (stream) => {
        const subject = `revoked-${stream}@localhost`;
        const theirs = await stack.token({ subject });
        const sent = failing(send(held(`sandbox:echo\nfor the revoked ${stream}`), stream, theirs));
        const [approval] = await desk.waiting();
        await stack.admin.post('/admin/v1/revocations', { kind: 'sub', value: subject, issuer: '' });
        await desk.decide(approval, 'approve');
        expect((await sent).message).toContain('revoked');
        expect(calls(`for the revoked ${stream}`)).toBe(0);
      },
    );

    it('does not release a call to a caller that was revoked meanwhile', async () => {
      const subject = 'revoked-in-a-call@localhost';
      const theirs = await stack.token({ subject });
      const sent = failing(send(calling('echo deploy for the revoked'), true, theirs));
      const [approval] = await desk.waiting();
      await stack.admin.post('/admin/v1/revocations', { kind: 'sub', value: subject, issuer: '' });
      await desk.decide(approval, 'approve');
      expect((await sent).message).toContain('revoked');
    });
  });

  describe('grants', () => {
    it('come back when Claude refuses or breaks off, three dispatches at most', async () => {
      const request = held('sandbox:error-529 2\nthird time lucky');
      const first = failing(send(request, true));
      await desk.decide((await desk.waiting())[0], 'approve');
      expect((await first).message).toContain('Overloaded');
      // The resend of the client gets what Claude says to it, unchanged.
      const second = await failing(send(request, false));
      expect(second.status).toBe(529);
      expect(second.error).toMatchObject({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
      expect(textOf(await send(request, false))).toContain('third time lucky');
      expect(calls('third time lucky')).toBe(3);
      const fourth = failing(send(request, false));
      const [again] = await desk.waiting();
      await desk.decide(again, 'deny');
      expect((await fourth).status).toBe(403);
    });

    it('are spent after three dispatches that came to nothing', async () => {
      const request = held('sandbox:cut-mid-stream\nnever whole');
      const first = failing(send(request, true));
      await desk.decide((await desk.waiting())[0], 'approve');
      await first;
      await failing(send(request, true));
      await failing(send(request, true));
      const fourth = failing(send(request, false));
      const [again] = await desk.waiting();
      expect(calls('never whole')).toBe(3);
      await desk.decide(again, 'deny');
      await fourth;
    });

    it('end as Claude ends: its error is the error event, and goes unchanged with its status to the resend', async () => {
      const request = held('sandbox:error-400\nnot like this');
      const first = failing(send(request, true));
      await desk.decide((await desk.waiting())[0], 'approve');
      expect((await first).message).toContain('The sandbox was told to refuse this request.');
      const second = await failing(send(request, false));
      expect(second.status).toBe(400);
      expect(second.error).toMatchObject({ error: { type: 'invalid_request_error' } });
    });

    it('give every caller that joined the error of Claude, none a clean end', async () => {
      const request = held('sandbox:error-529 1\nall refused');
      const streams = [1, 2].map(() => clientOf(stack, token).messages.stream(request));
      const opened = Promise.all(streams.map((stream) => stream.emitted('connect')));
      const whole = [1, 2].map(() => send(request, false));
      const sent = [...streams.map((stream) => stream.finalMessage()), ...whole].map(failing);
      const [approval] = await desk.waiting();
      // What a stream is told depends on whether its answer has begun.
      await opened;
      await until(
        async () =>
          (await fetch(`${stack.adminUrl}/metrics`).then((r) => r.text())).includes('sallyport_requests_active 4'),
        'all are held',
      );
      await desk.decide(approval, 'approve');
      const errors = await Promise.all(sent);
      for (const error of errors) expect(error.message).toContain('Overloaded');
      expect(errors.filter(({ status }) => status === 529)).toHaveLength(2);
      expect(calls('all refused')).toBe(1);
    });
  });

  describe('requests beside the conversation', () => {
    const post = async (path: string, body: object, headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${stack.url}${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          ...headers,
        },
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };

    it('open nothing: count_tokens is not there, a title is denied', async () => {
      const { max_tokens: _, ...count } = held('how long is this');
      expect((await post('/v1/messages/count_tokens', count)).status).toBe(404);
      const title = held('<session>how long is this</session>');
      expect((await post('/v1/messages', title, { 'x-app': 'cli' })).status).toBe(451);
      const summary = { 'x-claude-code-request-class': 'compaction' };
      expect((await post('/v1/messages', { ...title, tools: [tool] }, summary)).status).toBe(403);
      expect(await desk.list('pending')).toEqual([]);
    });
  });

  describe('limits', () => {
    const withStack = async (
      approvals: object,
      use: (small: Stack, its: HoldDesk, own: string) => Promise<void>,
      more: object = {},
    ) => {
      const small = await startStack({ config: { policy: bundle.policy, approvals, ...more } });
      try {
        await use(small, holdDesk(small), await small.token());
      } finally {
        await small.close();
      }
    };
    it('answers 529 where too many are held, of all or of a tenant, and recovers', async () => {
      for (const limit of ['held_most', 'held_most_per_tenant']) {
        await withStack({ [limit]: 1 }, async (small, its, own) => {
          const first = send(held('sandbox:echo\nthe first'), false, own, small);
          const [approval] = await its.waiting();
          expect((await failing(send(held('sandbox:echo\nthe second'), false, own, small))).status).toBe(529);
          await its.decide(approval, 'approve');
          expect(textOf(await first)).toBe('the first');
          const third = send(held('sandbox:echo\nthe third'), false, own, small);
          await its.decide((await its.waiting())[0], 'approve');
          expect(textOf(await third)).toBe('the third');
        });
      }
    });

    it('denies a call whose answer is too large to be kept, and says so', async () => {
      await withStack({ parked_bytes_per_answer: 2000 }, async (small, its, own) => {
        for (const stream of [true, false]) {
          const message = await send(calling(`echo deploy ${'long '.repeat(500)}${stream}`), stream, own, small);
          expect(JSON.stringify(message.content)).toContain('too large to wait for an approval');
          expect(message.content.some((block) => block.type === 'tool_use' && block.name === 'Bash')).toBe(false);
        }
        expect(await its.list('pending')).toEqual([]);
      });
    });

    it('takes a grant for used where its caller leaves an answer that is too large to be kept', async () => {
      await withStack({ parked_bytes_per_answer: 3000 }, async (small, its, own) => {
        const request = held('sandbox:slow 100\nlarge and left');
        const stream = clientOf(small, own).messages.stream(request);
        let events = 0;
        stream.on('streamEvent', () => void (++events === 10 && stream.abort()));
        const left = failing(stream.finalMessage());
        await its.decide((await its.waiting())[0], 'approve');
        expect((await left).message).toContain('aborted');
        const again = failing(send(request, false, own, small));
        await its.decide((await its.waiting())[0], 'deny');
        expect((await again).status).toBe(403);
        expect(calls('large and left', small)).toBe(1);
      });
    });

    it('ends holds with an error event when it drains, and the approvals survive', async () => {
      await withStack(
        {},
        async (small, its, own) => {
          const request = failing(send(held('sandbox:echo\nheld in a drain'), true, own, small));
          const call = failing(send(calling('echo deploy in a drain'), true, own, small));
          expect(await its.waiting(2)).toHaveLength(2);
          await small.gateway.drain();
          expect((await request).message).toContain('shutting down');
          expect((await call).message).toContain('shutting down');
          const state = new DatabaseSync(join(small.dataDir, 'state.db'), { readOnly: true });
          const rows = state.prepare('SELECT state FROM approval').all();
          state.close();
          expect(rows.map((row) => row.state)).toEqual(['pending', 'pending']);
        },
        { limits: { drain_s: 1 } },
      );
    });
  });

  it('goes by a policy that changes in a hold: asked again where it requires more, denied where it denies', async () => {
    const changed = Object.fromEntries(
      Object.entries(holding).map(([name, text]) => [
        name,
        text
          .replace(/require_approval( contains \{"id": "deploy", "message": "[^"]*"), "approval": \{[^}]*\}/, 'deny$1')
          .replaceAll('"quorum": 1', '"quorum": 2'),
      ]),
    );
    const request = send(held('sandbox:echo\nnow two'), true);
    const call = send(calling('echo deploy but denied'), true);
    const version = async () =>
      ((await stack.admin.get('/admin/v1/bundles')) as { active: { bundle_version: number } }).active.bundle_version;
    const [pending, before] = [await desk.waiting(2), await version()];
    const [first, second] = ['request', 'tool_call'].map((kind) => pending.find((one) => one.kind === kind));
    await bundle.publish(changed);
    await until(async () => (await version()) > before, 'the bundle is active');

    await desk.decide(second, 'approve');
    const message = await call;
    expect(message.content.some((block) => block.type === 'tool_use' && block.name === 'Bash')).toBe(false);
    expect(JSON.stringify(message.content)).toContain('deployments are approved by a reviewer');

    await desk.decide(first, 'approve');
    await until(async () => (await desk.list('pending')).some(({ id }) => id !== first!.id), 'it is asked again');
    const [third] = await desk.list('pending');
    expect(third!.fingerprint).toBe(first!.fingerprint);
    await desk.decide(third, 'approve');
    expect((await desk.list('pending')).map(({ id }) => id)).toEqual([third!.id]);
    await desk.decide(third, 'approve', { reviewer: 'sven@example.test' });
    expect(textOf(await request)).toBe('now two');
    expect(calls('now two')).toBe(1);
    const states = new Map((await desk.list()).map(({ id, state }) => [id, state]));
    expect([first, second].map((one) => states.get(one!.id))).toEqual(['superseded', 'superseded']);
  }, 120_000);
});
