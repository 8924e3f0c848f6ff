import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, canonicalMessage, defaultLimits, scan } from '../../src/json/index.ts';
import { jsonText, same, valueOfText } from './arbitrary.ts';

const node = (text: string) => scan(Buffer.from(text), defaultLimits);
const message = (value: unknown) => canonicalMessage(node(JSON.stringify(value)));

describe('canonical', () => {
  test('says the same as the text it was made of', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(same(valueOfText(canonical(node(text))), valueOfText(text))).toBe(true);
      }),
    );
  });

  test('is its own canonical form', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const once = canonical(node(text));
        expect(canonical(node(once))).toBe(once);
      }),
    );
  });

  test('does not depend on order, white space or escapes', () => {
    const a = canonical(node('{ "b":"\\u0041\\/é", "a":[1, {"y":null,"x":true}] }'));
    const b = canonical(node('{"a":[1,{"x":true,"y":null}],"\\u0062":"A/\\u00e9"}'));
    expect(a).toBe('{"a":[1,{"x":true,"y":null}],"b":"A/é"}');
    expect(b).toBe(a);
  });

  test('tells numbers apart that are spelled differently', () => {
    expect(canonical(node('[1.0,1,1e0,-0]'))).toBe('[1.0,1,1e0,-0]');
  });

  test('tells different values apart', () => {
    const texts = [
      '{}',
      '[]',
      '""',
      'null',
      '"null"',
      '1',
      '"1"',
      '[[]]',
      '[{}]',
      '{"a":{}}',
      '{"a":[]}',
      '[1,2]',
      '[2,1]',
    ];
    expect(new Set(texts.map((text) => canonical(node(text)))).size).toBe(texts.length);
  });

  test('leaves members out and replaces values by path', () => {
    const text = canonical(node('{"keep":{"drop":1,"x":[1,2]},"drop":2}'), {
      drop: (path) => path.length === 2 && path[1] === 'drop',
      replace: (path) => (path.join('.') === 'keep.x.1' ? '"replaced"' : null),
    });
    expect(text).toBe('{"drop":2,"keep":{"x":[1,"replaced"]}}');
  });
});

describe('the canonical text of a message', () => {
  const cache = { cache_control: { type: 'ephemeral' } };

  test('a string equals one text block', () => {
    expect(message({ role: 'user', content: 'x' })).toBe(
      message({ content: [{ text: 'x', type: 'text', ...cache }], role: 'user' }),
    );
    expect(message({ role: 'user', content: 'x' })).not.toBe(message({ role: 'user', content: 'y' }));
    expect(message({ role: 'user', content: 'x' })).not.toBe(message({ role: 'assistant', content: 'x' }));
  });

  test('the same holds for the content of a tool result', () => {
    const result = (content: unknown, extra = {}) =>
      message({ role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content, ...extra }] });
    expect(result('x')).toBe(result([{ type: 'text', text: 'x', ...cache }], cache));
  });

  test('cache_control counts inside a tool input and in a field nobody knows', () => {
    const call = (input: unknown) =>
      message({ role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'n', input }] });
    expect(call(cache)).not.toBe(call({}));
    expect(call({ content: [cache] })).not.toBe(call({ content: [{}] }));
    expect(call({ content: 'x' })).not.toBe(call({ content: [{ type: 'text', text: 'x' }] }));
    expect(message({ role: 'user', content: 'x', ...cache })).not.toBe(message({ role: 'user', content: 'x' }));
    expect(message({ role: 'user', content: 'x', future: { content: [cache] } })).not.toBe(
      message({ role: 'user', content: 'x', future: { content: [{}] } }),
    );
  });
});
