import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callExcerpt, chunkExcerpt, requestExcerpt } from '../../src/decide/excerpt.ts';
import type { HeldBlock } from '../../src/model/answer.ts';
import type { Body, Leaf } from '../../src/model/body.ts';
import type { Redaction } from '../../src/model/scan.ts';
import { call, event, span, text } from './fixtures/exchange.ts';

/** Says what it was asked to redact. */
const redaction: Redaction = {
  text: (asked, spans) => `text(${asked}, ${spans?.length ?? 'scanned'})`,
  json: (asked) => `json(${asked})`,
};
const never: Redaction = { text: () => expect.unreachable(), json: () => expect.unreachable() };
const characters = (value: string) => [...value].length;

describe('the excerpt of a tool call', () => {
  const bash = (command: string) => call(0, 'Bash', { command });

  it('is null where the bundle does not ask', () => {
    expect(callExcerpt(bash('ls'), null, never)).toBeNull();
  });

  it('is its input as JSON, whatever Claude spelled it like', () => {
    const part = { ...bash('rm -rf /srv'), inputText: '{ "command" : "\\u0072m -rf /srv" }' };
    expect(callExcerpt(part, 100, never)).toBe('{"command":"rm -rf /srv"}');
  });

  it('is redacted before it is cut, where anything was found in the call', () => {
    const part = { ...bash('ls'), spans: [span('email')] };
    expect(callExcerpt(part, 100, redaction)).toBe('json({"command":"ls"})');
    expect(callExcerpt(part, 8, redaction)).toBe('json({"c');
  });

  it('has as many code points as were asked for, never half of one, and all of it where it is shorter', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 1, max: 60 }), (command, most) => {
        const whole = JSON.stringify({ command });
        const excerpt = callExcerpt(bash(command), most, never)!;
        expect(whole.startsWith(excerpt)).toBe(true);
        expect(characters(excerpt)).toBe(Math.min(most, characters(whole)));
      }),
    );
  });
});

describe('the excerpt of a piece of the answer', () => {
  it('is the text that it adds', () => {
    expect(chunkExcerpt(text(0, 'some words'), 100, never)).toBe('some words');
    expect(chunkExcerpt(text(0, 'some words'), 4, never)).toBe('some');
    expect(chunkExcerpt(text(0, 'some words'), null, never)).toBeNull();
  });

  it('is redacted by what was found in the stream, of a whole block by a scan of the text itself', () => {
    expect(chunkExcerpt(text(0, 'words', [span('email')]), 100, redaction)).toBe('text(words, 1)');
    const block = { type: 'text', text: 'words' };
    const part = { kind: 'block', index: 0, block, spans: [span('email')] } as unknown as HeldBlock;
    expect(chunkExcerpt(part, 100, redaction)).toBe('text(words, scanned)');
  });

  it('is null for what is no text: a value in it may have begun in the piece before', () => {
    const delta = { type: 'input_json_delta', partial_json: '{"query":"sk-ant' };
    expect(chunkExcerpt(event('content_block_delta', 0, { index: 0, delta }), 100, never)).toBeNull();
  });
});

describe('the excerpt of a request', () => {
  const body = (
    ...leaves: readonly (readonly [origin: Leaf['origin'], message: number, text: string, kind?: Leaf['kind']])[]
  ) =>
    ({
      leaves: leaves.map(([origin, message, said, kind = 'text']) => ({ origin, message, text: said, kind })),
    }) as unknown as Body;
  const plain = (of: Body, leaf: number) => of.leaves[leaf]!.text;

  it('is what the user said since the last answer', () => {
    const asked = body(
      ['system', -1, 'You are helpful.'],
      ['user', 0, 'first'],
      ['assistant', 1, 'answer'],
      ['tool_result', 2, 'output'],
      ['user', 2, 'claude-opus-5-5', 'field'],
      ['user', 2, 'now this'],
      ['user', 2, 'and that'],
    );
    expect(requestExcerpt(asked, 100, plain)).toBe('now this\nand that');
    expect(requestExcerpt(asked, null, () => expect.unreachable())).toBeNull();
  });

  it('is null where the user said nothing, or there is no body', () => {
    expect(requestExcerpt(body(['assistant', 1, 'answer'], ['tool_result', 2, 'output']), 100, plain)).toBeNull();
    expect(requestExcerpt(null, 100, plain)).toBeNull();
  });

  it('is not hidden by a beginning of the answer that the caller sends along', () => {
    const asked = body(
      ['user', 0, 'first'],
      ['assistant', 1, 'answer'],
      ['user', 2, 'now this'],
      ['assistant', 3, '{'],
    );
    expect(requestExcerpt(asked, 100, plain)).toBe('now this');
  });

  it('keeps the newest end, whole code points of redacted texts', () => {
    const asked = body(['user', 0, 'a long reminder'], ['user', 0, 'the 🔑🔑🔑']);
    expect(requestExcerpt(asked, 2, plain)).toBe('🔑🔑');
    expect(requestExcerpt(asked, 12, plain)).toBe('nder\nthe 🔑🔑🔑');
    expect(requestExcerpt(asked, 14, (_body, leaf) => `redacted ${leaf}`)).toBe('d 0\nredacted 1');
  });
});
