import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHoldStep, heldBytesMax } from '../../src/forward/hold.ts';
import type { AnswerPart, StreamEvent } from '../../src/model/answer.ts';
import type { JsonObject } from '../../src/model/json.ts';

function event(type: string, data: JsonObject): StreamEvent {
  const whole = { type, ...data };
  const bytes = Buffer.from(`event: ${type}\ndata: ${JSON.stringify(whole)}\n\n`);
  return {
    kind: 'event',
    type,
    index: typeof data.index === 'number' ? data.index : -1,
    data: whole,
    bytes,
    spans: [],
  };
}

const start = (index: number, content_block: JsonObject) => event('content_block_start', { index, content_block });
const delta = (index: number, piece: JsonObject) => event('content_block_delta', { index, delta: piece });
const stop = (index: number) => event('content_block_stop', { index });
const rm = { type: 'tool_use', id: 'a', name: 'Bash', input: { command: 'rm -rf /' } };
const json = (partial_json: string) => ({ type: 'input_json_delta', partial_json });

function run(events: readonly StreamEvent[]): AnswerPart[] {
  const step = createHoldStep();
  const out: AnswerPart[] = [];
  for (const one of events) {
    step(one, (part) => {
      out.push(part);
      return undefined;
    });
  }
  return out;
}

describe('the hold step', () => {
  it('lets nothing of a tool call out before its last event, then all of it as one part', () => {
    const call = [
      start(0, { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} }),
      delta(0, json('')),
      delta(0, json('{"comm')),
      delta(0, json('and":"ls"}')),
    ];
    expect(run(call)).toEqual([]);
    const [part] = run([...call, stop(0)]);
    expect(part).toMatchObject({ kind: 'block', call: true, inputText: '{"command":"ls"}', verdict: null });
    expect(part).toMatchObject({ block: { name: 'Bash', input: { command: 'ls' } } });
    expect(part).toHaveProperty('original.length', 5);
  });

  it('holds server tools whole too, but not as calls of the client', () => {
    for (const type of ['server_tool_use', 'mcp_tool_use']) {
      const [part] = run([
        start(1, { type, id: 'x', name: 'web_search', input: {} }),
        delta(1, json('{"q":1}')),
        stop(1),
      ]);
      expect(part).toMatchObject({ kind: 'block', call: false, inputText: '{"q":1}' });
    }
  });

  it('takes a kind of tool use it does not know for a call of the client', () => {
    expect(run([start(0, { type: 'robot_tool_use', input: {} }), stop(0)])[0]).toMatchObject({ call: true });
  });

  it('passes text and thinking at once, also while a call is held', () => {
    const parts = run([
      start(0, { type: 'tool_use', id: 'a', name: 'Read', input: {} }),
      start(1, { type: 'text', text: '' }),
      delta(1, { type: 'text_delta', text: 'hello' }),
      stop(1),
      event('ping', {}),
    ]);
    expect(parts.map((part) => part.kind === 'event' && part.type)).toEqual([
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'ping',
    ]);
  });

  it('refuses a call that stands inside a block of a whole answer', () => {
    const block = { type: 'text', text: '', next: rm };
    const part = { kind: 'block', index: 0, block, inputText: null, call: false, original: null, spans: [] } as const;
    expect(() => createHoldStep()({ ...part, verdict: null }, () => undefined)).toThrow(
      expect.objectContaining({ code: 'UPSTREAM_PROTOCOL' }),
    );
  });

  it('takes an input that stands at the start of the call', () => {
    expect(run([start(0, rm), stop(0)])).toMatchObject([{ inputText: '{"command":"rm -rf /"}' }]);
  });

  it('gives a call over the size limit no text and no events, so that it cannot be released', () => {
    const piece = 'x'.repeat(200_000);
    const pieces = Array.from({ length: Math.ceil(heldBytesMax / 200_000) + 1 }, () => delta(0, json(piece)));
    const [part] = run([start(0, { type: 'tool_use', id: 'a', name: 'Write', input: {} }), ...pieces, stop(0)]);
    expect(part).toMatchObject({ call: true, inputText: null, original: null });
  });

  it('gives a call whose input is cut or broken no text', () => {
    const [part] = run([
      start(0, { type: 'tool_use', id: 'a', name: 'Bash', input: {} }),
      delta(0, json('{"a":')),
      stop(0),
    ]);
    expect(part).toMatchObject({ call: true, inputText: null, original: null });
  });

  it('gives a call whose input names something twice no text: readers differ on which one counts', () => {
    const twice = json('{"command":"ls","command":"rm -rf /"}');
    const [part] = run([start(0, { type: 'tool_use', id: 'a', name: 'Bash', input: {} }), delta(0, twice), stop(0)]);
    expect(part).toMatchObject({ call: true, inputText: null });
  });

  it.each([
    ['a delta without an open block', [delta(0, { type: 'text_delta', text: 'x' })]],
    [
      'a delta after the stop',
      [start(0, { type: 'text', text: '' }), stop(0), delta(0, { type: 'text_delta', text: 'x' })],
    ],
    ['an input in a block that is no tool use', [start(0, { type: 'text', text: '' }), delta(0, json('{}'))]],
    ['a block that starts twice', [start(0, { type: 'text', text: '' }), start(0, { type: 'text', text: '' })]],
    ['an end inside a block', [start(0, { type: 'text', text: '' }), event('message_stop', {})]],
    ['a second message', [event('message_start', { message: {} }), event('message_start', { message: {} })]],
    ['a block whose type is no text', [start(0, { type: ['tool_use'], id: 'a', name: 'Bash', input: {} })]],
    ['a call at the start of the message', [event('message_start', { message: { content: [rm] } })]],
    ['a call at its end', [event('message_delta', { delta: { stop_reason: 'tool_use', content: [rm] } })]],
    ['a call behind its end', [event('message_stop', { message: { content: [rm] } })]],
    ['a call in an event of another type', [event('snapshot', { message: [{ content: [rm] }] })]],
    ['a call inside another block', [start(0, { type: 'text', text: '', next: rm })]],
    ['a call in a delta', [start(0, { type: 'text', text: '' }), delta(0, { type: 'call_delta', call: rm })]],
    ['another delta within a call', [start(0, rm), delta(0, { type: 'note_delta', partial_json: '{}' })]],
    ['a call with an input at its start and another after it', [start(0, rm), delta(0, json('{"a":1}')), stop(0)]],
  ])('refuses %s', (_what, events) => {
    expect(() => run(events)).toThrow(expect.objectContaining({ code: 'UPSTREAM_PROTOCOL' }));
  });

  it('joins the input as it was spelled, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.array(fc.nat(), { maxLength: 8 }), (value, points) => {
        const text = JSON.stringify({ value });
        const at = [0, ...points.map((n) => n % text.length).sort((a, b) => a - b), text.length];
        const pieces = at.slice(1).map((end, i) => delta(0, json(text.slice(at[i], end))));
        const [part] = run([start(0, { type: 'tool_use', id: 'a', name: 'T', input: {} }), ...pieces, stop(0)]);
        expect(part).toMatchObject({ inputText: text });
      }),
    );
  });
});
