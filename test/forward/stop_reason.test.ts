import { describe, expect, it } from 'vitest';
import { createCorrectStep } from '../../src/forward/stop_reason.ts';
import type { AnswerPart, CallVerdict, HeldBlock, StreamEvent } from '../../src/model/answer.ts';

const verdict = (effect: 'allow' | 'deny'): CallVerdict => ({
  effect,
  tool: 'Bash',
  callId: 't',
  callIndex: 0,
  reasons: [],
  decision: null,
  approval: null,
});
const block = (call: boolean, effect: 'allow' | 'deny'): HeldBlock => ({
  kind: 'block',
  index: 0,
  block: {},
  inputText: null,
  call,
  original: null,
  spans: [],
  verdict: verdict(effect),
});
const delta = (stop_reason: string): StreamEvent => ({
  kind: 'event',
  type: 'message_delta',
  index: -1,
  data: { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 9 } },
  bytes: Buffer.from('x'),
  spans: [],
});

function last(parts: readonly AnswerPart[]): AnswerPart {
  const step = createCorrectStep();
  const out: AnswerPart[] = [];
  for (const part of parts) {
    step(part, (passed) => {
      out.push(passed);
      return undefined;
    });
  }
  return out.at(-1)!;
}

describe('the stop reason', () => {
  it('becomes end_turn when every call was replaced by a text, and keeps the usage', () => {
    expect(last([block(false, 'deny'), delta('tool_use')])).toMatchObject({
      bytes: null,
      data: { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
    });
  });

  it('stays while a call is left, also a renamed one', () => {
    for (const kept of [block(true, 'allow'), block(true, 'deny')]) {
      const part = delta('tool_use');
      expect(last([block(false, 'deny'), kept, part])).toBe(part);
    }
  });

  it('stays when it is not about calls, or nothing was replaced', () => {
    const cut = delta('max_tokens');
    expect(last([block(false, 'deny'), cut])).toBe(cut);
    const plain = delta('tool_use');
    expect(last([plain])).toBe(plain);
  });
});
