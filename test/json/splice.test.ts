import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits, quote, render, scan, splice } from '../../src/json/index.ts';
import type { Body, Splice } from '../../src/model/body.ts';

/** Cuts a text into pieces, every second of which is replaced. */
const edited = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 })))
  .map((parts) => {
    const original: Uint8Array[] = [];
    const result: Uint8Array[] = [];
    const splices: Splice[] = [];
    let at = 0;
    for (const [kept, removed, inserted] of parts) {
      original.push(kept, removed);
      result.push(kept, inserted);
      splices.push({ start: at + kept.length, end: at + kept.length + removed.length, bytes: inserted });
      at += kept.length + removed.length;
    }
    return { original: Buffer.concat(original), result: Buffer.concat(result), splices };
  });

describe('splice', () => {
  test('replaces exactly the parts that are named', () => {
    fc.assert(
      fc.property(edited, ({ original, result, splices }) => {
        expect(Buffer.from(splice(original, splices)).equals(result)).toBe(true);
      }),
    );
  });

  test('does not change the original', () => {
    const original = Buffer.from('abc');
    splice(original, [{ start: 0, end: 3, bytes: Buffer.from('xyz') }]);
    expect(original.toString()).toBe('abc');
  });

  test('takes splices in any order and keeps the order of insertions at one place', () => {
    const insert = (at: number, text: string): Splice => ({ start: at, end: at, bytes: Buffer.from(text) });
    const splices = [insert(3, '!'), { start: 1, end: 2, bytes: Buffer.from('B') }, insert(1, '1'), insert(1, '2')];
    expect(Buffer.from(splice(Buffer.from('abc'), splices)).toString()).toBe('a12Bc!');
  });

  const bytes = Buffer.from('x');
  test.each([
    [
      'overlap',
      [
        { start: 0, end: 2, bytes },
        { start: 1, end: 3, bytes },
      ],
    ],
    [
      'insertion inside',
      [
        { start: 0, end: 3, bytes },
        { start: 1, end: 1, bytes },
      ],
    ],
    ['end before start', [{ start: 2, end: 1, bytes }]],
    ['beyond the end', [{ start: 2, end: 4, bytes }]],
    ['before the start', [{ start: -1, end: 1, bytes }]],
  ])('refuses a mistake: %s', (_name, splices) => {
    expect(() => splice(Buffer.from('abc'), splices)).toThrow(TypeError);
  });
});

describe('render', () => {
  const body = (text: string, splices: Splice[]): Body => {
    const bytes = Buffer.from(text);
    return { bytes, root: scan(bytes, defaultLimits), leaves: [], blocks: [], splices };
  };

  test('gives the original bytes themselves where nothing changed', () => {
    const unchanged = body('{"a": 1.0}', []);
    expect(render(unchanged)).toBe(unchanged.bytes);
  });

  test('changes one value and nothing around it', () => {
    const edit = body('{ "a":1.0 ,\t"b":"secret" }', []);
    const value = edit.root.get('b')!;
    edit.splices.push({ start: value.start, end: value.end, bytes: quote('[masked]') });
    expect(Buffer.from(render(edit)).toString()).toBe('{ "a":1.0 ,\t"b":"[masked]" }');
  });
});

test('a quoted text reads back as itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(scan(quote(text), defaultLimits).string()).toBe(text);
    }),
  );
});
