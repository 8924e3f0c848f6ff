import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultLimits, JsonFault, parse, parseText } from '../../src/json/index.ts';
import { jsonText } from './arbitrary.ts';

const reading = (read: () => unknown) => {
  try {
    return { value: read() };
  } catch (error) {
    return error instanceof JsonFault || error instanceof SyntaxError ? 'refused' : error;
  }
};

test('a text is read as the lossless reader reads it', () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      expect(reading(() => parseText(text, defaultLimits))).toEqual(
        reading(() => parse(Buffer.from(text), defaultLimits)),
      );
    }),
    { numRuns: 2000 },
  );
});

test.each([
  '{"a":1,"a":2}',
  '{"a":1,"\\u0061":2}',
  '{"a" :1,"a":2}',
  '{"a"\n:{"b":1,"b":[]}}',
  '[{"a":":","a":2}]',
  '{"\\"":1,"\\"":2}',
  '{"":1,"":2}',
])('a name that its object has twice is refused: %s', (text) => {
  expect(() => parseText(text, defaultLimits)).toThrow(JsonFault);
});

test.each(['{"te\\u0078t":1}', '{"t\\"":":"}', '{"a":"\\":","b":":"}', '{":":"\\":"}'])(
  'names and strings with the signs of names are read: %s',
  (text) => {
    expect(parseText(text, defaultLimits)).toEqual(parse(Buffer.from(text), defaultLimits));
  },
);

test('a text deeper than the limit is refused', () => {
  const text = `${'['.repeat(9000)}${']'.repeat(9000)}`;
  expect(() => parseText(text, defaultLimits)).toThrow(JsonFault);
});
