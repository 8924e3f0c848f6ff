import { beforeAll, describe, expect, it } from 'vitest';
import { createAnswerStep } from '../../src/decide/index.ts';
import type { AnswerPart, HeldBlock, RenamedCall, StreamEvent } from '../../src/model/answer.ts';
import type { ActivePolicy, Decision } from '../../src/model/decision.ts';
import type { JsonObject } from '../../src/model/json.ts';
import {
  allowed,
  call,
  clock,
  decided,
  messageDelta,
  messageStart,
  messageStop,
  span,
  start,
  stop,
  text,
  through,
} from './fixtures/exchange.ts';
import { builtinPolicy } from './fixtures/load.ts';

let policy: ActivePolicy;
beforeAll(async () => {
  policy = await builtinPolicy();
});

const redaction = { text: () => expect.unreachable(), json: () => expect.unreachable() };
const options = (renamed: (conversation: string, id: string, call: RenamedCall) => Promise<void> = async () => {}) => ({
  ...{ clock, renamed, redaction, stillKnown: () => undefined },
});
const answer = (change: Partial<Decision>, parts: readonly AnswerPart[], given = policy) =>
  through(createAnswerStep(decided(given, change), options()), parts);

const ls = () => call(1, 'Bash', { command: 'ls' });
const rm = (index = 1) => call(index, 'Bash', { command: 'rm -rf /srv/x' });
const reasonOf = (parts: readonly AnswerPart[]) =>
  (
    (parts.find((part) => part.kind === 'event' && part.type === 'message_delta') as StreamEvent).data
      .delta as JsonObject
  ).stop_reason;

describe('a tool call', () => {
  it('passes with its verdict and its original events when policy allows it', async () => {
    const part = ls();
    const [passed] = await answer({}, [part]);
    expect(passed).toEqual({
      ...part,
      verdict: {
        effect: 'allow',
        tool: 'Bash',
        callId: 'toolu_1',
        callIndex: 0,
        reasons: [{ id: 'tool-for-group', message: '' }],
        decision: null,
        approval: null,
      },
    });
    expect((passed as HeldBlock).original).toBe(part.original);
  });

  it('becomes a text that says rule and reason when it is denied, and says nothing of the call', async () => {
    const out = await answer({}, [messageStart, rm(), messageDelta('tool_use'), messageStop]);
    const block = out[1] as HeldBlock;
    expect(block).toMatchObject({
      call: false,
      original: null,
      inputText: null,
      verdict: { effect: 'deny', tool: 'Bash' },
    });
    expect(block.block).toEqual({
      type: 'text',
      text: expect.stringContaining('recursive-removal: removing recursively'),
    });
  });

  it('is judged by itself: an allowed call beside a denied one keeps the turn going', async () => {
    const out = await answer({}, [ls(), rm(2), messageDelta('tool_use')]);
    expect(out.map((part) => part.kind === 'block' && part.call)).toEqual([true, false, false]);
    expect(reasonOf(out)).toBe('tool_use');
    expect((out[2] as StreamEvent).bytes).not.toBeNull();
  });

  it('leaves a stop reason alone that is not about calls', async () => {
    expect(reasonOf(await answer({}, [rm(), messageDelta('max_tokens')]))).toBe('max_tokens');
  });

  it('becomes a call of a tool that does not exist where policy says continue', async () => {
    const renamings: unknown[] = [];
    const step = createAnswerStep(
      decided(policy, { on_tool_deny: 'continue' }),
      options(async (...renaming) => void renamings.push(renaming)),
    );
    const [part, delta] = (await through(step, [rm(), messageDelta('tool_use')])) as [HeldBlock, StreamEvent];
    const shownAs = part.block.name as string;
    expect(shownAs).toMatch(/^denied_by_policy_recursive-removal_[a-z2-9]{6}$/);
    expect(part).toMatchObject({ call: true, original: null, verdict: { effect: 'deny', tool: 'Bash' } });
    expect(part.block).toMatchObject({ type: 'tool_use', id: 'toolu_1' });
    expect(JSON.parse(part.inputText!)).toEqual(part.block.input);
    expect(JSON.stringify(part.block.input)).toContain('recursive-removal');
    expect(reasonOf([delta])).toBe('tool_use');
    expect(renamings).toEqual([
      ['conv', 'toolu_1', { name: 'Bash', inputText: '{"command":"rm -rf /srv/x"}', shownAs }],
    ]);
  });

  it('goes on renamed only once that is remembered', async () => {
    let remember = () => {};
    const remembered = new Promise<void>((resolve) => {
      remember = resolve;
    });
    const step = createAnswerStep(
      decided(policy, { on_tool_deny: 'continue' }),
      options(() => remembered),
    );
    const out: AnswerPart[] = [];
    const wait = step(rm(), (part) => void out.push(part));
    await new Promise((resolve) => setImmediate(resolve));
    expect(out).toEqual([]);
    remember();
    await wait;
    expect(out).toHaveLength(1);
  });

  it('is not released when the renaming cannot be remembered', async () => {
    const step = createAnswerStep(
      decided(policy, { on_tool_deny: 'continue' }),
      options(() => Promise.reject(new Error('disk full'))),
    );
    const out: AnswerPart[] = [];
    await expect(step(rm(), (part) => void out.push(part))).rejects.toThrow('disk full');
    expect(out).toEqual([]);
  });

  it('is denied by the stream directive without a further look', async () => {
    const stream = { ...allowed.stream, deny_tools: ['Bash'] };
    const [part] = (await answer({ stream }, [ls()])) as [HeldBlock];
    expect(part.verdict!.reasons[0]!.id).toBe('tool-denied');
  });

  it('is denied when its input could not be read whole, by text even where policy says continue', async () => {
    const part = call(1, 'Bash', {}, { inputText: null, original: null });
    const [denied] = (await answer({ on_tool_deny: 'continue' }, [part])) as [HeldBlock];
    expect(denied).toMatchObject({ call: false, block: { type: 'text' }, verdict: { effect: 'deny' } });
  });

  it('goes on unwritten, with what humans are to be asked, where policy wants an approval', async () => {
    const approval = [
      { groups: ['leads'], quorum: 1, scopes: ['once' as const], expires_s: 1, grant_s: 1, reason_required: false },
    ];
    const decision = { ...allowed, effect: 'require_approval' as const, approval };
    const [part] = (await answer({}, [ls()], { ...policy, decide: () => decision })) as [HeldBlock];
    expect(part.verdict).toMatchObject({ effect: 'require_approval', decision: { approval } });
  });

  it('is masked as policy says of it', async () => {
    const mask = [{ detectors: ['email'], mode: 'redact' as const, restore: 'none' as const }];
    const exchange = decided({ ...policy, decide: () => ({ ...allowed, mask }) });
    await through(createAnswerStep(exchange, options()), [ls()]);
    expect(exchange.maskPlan.get('email')).toBe('redact');
  });

  it('is not released when policy cannot decide', () => {
    const broken = {
      ...policy,
      decide: () => {
        throw new Error('no decision');
      },
    };
    const step = createAnswerStep(decided(broken), options());
    expect(() => step(ls(), () => expect.unreachable())).toThrow('no decision');
  });

  it('counts its position among the calls of the answer', async () => {
    const seen: unknown[] = [];
    const watching = {
      ...policy,
      decide: (_: unknown, input: JsonObject) => {
        seen.push(input.answer);
        return allowed;
      },
    };
    await answer({}, [ls(), call(2, 'Read', {}), call(3, 'Read', {})], watching);
    expect(seen).toEqual([{ call_index: 0 }, { call_index: 1 }, { call_index: 2 }]);
  });
});

describe('pieces of an answer', () => {
  const watched = (chunk: Decision['stream']['chunk']) => ({ ...allowed.stream, chunk, thresholds: { email: 1 } });
  const mail = [span('email')];

  it('pass unjudged, the very same objects, where the directive is off', async () => {
    const parts = [
      messageStart,
      start(0),
      text(0, 'a', mail),
      text(0, 'b', mail),
      stop(0),
      messageDelta('end_turn'),
      messageStop,
    ];
    const out = await answer({}, parts);
    expect(out.every((part, i) => part === parts[i])).toBe(true);
  });

  it('end the answer as a whole message at the piece that goes over its threshold', async () => {
    const exchange = decided(policy, { stream: watched('on_detection') });
    const parts = [
      messageStart,
      start(0),
      text(0, 'a', mail),
      text(0, 'SECRET', mail),
      text(0, 'c'),
      stop(0),
      messageDelta('tool_use'),
      messageStop,
    ];
    const out = await through(createAnswerStep(exchange, options()), parts);
    expect(out.map((part) => (part.kind === 'block' ? 'block' : part.type))).toEqual([
      ...['message_start', 'content_block_start', 'content_block_delta', 'content_block_stop'],
      ...['block', 'message_delta', 'message_stop'],
    ]);
    expect(JSON.stringify(out)).not.toContain('SECRET');
    expect(out[4]).toMatchObject({
      index: 1,
      block: { type: 'text', text: expect.stringContaining('answer-over-threshold') },
    });
    expect(out[5]).toMatchObject({ data: { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } } });
    expect(exchange.notes.answer_stopped_by).toEqual(['answer-over-threshold']);
  });

  it('add the masks that are decided on them to what is masked from there on', async () => {
    const mask = [{ detectors: ['email'], mode: 'partial' as const, restore: 'none' as const }];
    const deciding = { ...policy, decideChunk: () => ({ ...allowed, mask }) };
    const exchange = decided(deciding, { stream: watched('on_detection') });
    const seen: (string | undefined)[] = [];
    const step = createAnswerStep(exchange, options());
    for (const part of [start(0), text(0, 'a'), text(0, 'b', mail), text(0, 'c'), stop(0)]) {
      await step(part, () => {
        seen.push(exchange.maskPlan.get('email'));
        return undefined;
      });
    }
    expect(seen).toEqual([undefined, undefined, 'partial', 'partial', 'partial']);
  });

  it('count a value that goes on from the piece before once', async () => {
    const parts = [start(0), text(0, 'a', mail), text(0, 'b', [span('email', true)]), stop(0)];
    expect(await answer({ stream: watched('on_detection') }, parts)).toEqual(parts);
  });

  it('are judged one by one only where the directive says every', async () => {
    const asked: string[] = [];
    const counting = {
      ...policy,
      decideChunk: (input: { kind: string }) => {
        asked.push(input.kind);
        return allowed;
      },
    };
    const parts = [start(0), text(0, 'a'), text(0, 'b'), stop(0), { ...ls(), call: false, index: 1 }];
    await answer({ stream: watched('on_detection') }, parts, counting);
    expect(asked).toEqual([]);
    await answer({ stream: watched('every') }, parts, counting);
    expect(asked).toEqual(['text_delta', 'text_delta', 'tool_use']);
  });

  it('of a whole answer end it like those of a stream', async () => {
    const block = (index: number, spans = mail): HeldBlock => ({
      ...call(index, '', {}),
      block: { type: 'text', text: 't' },
      call: false,
      spans,
    });
    const out = await answer({ stream: watched('on_detection') }, [
      messageStart,
      block(0),
      block(1),
      block(2),
      messageDelta('end_turn'),
      messageStop,
    ]);
    expect(out.map((part) => part.kind)).toEqual(['event', 'block', 'block', 'event', 'event']);
    expect((out[2] as HeldBlock).block.text).toContain('answer-over-threshold');
  });
});
