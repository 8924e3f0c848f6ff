import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDetectors } from '../../src/mask/detectors.ts';
import { builtinTables } from '../../src/mask/rules/builtin.ts';
import { coverage, cut, maskChunks, oracleMask, secret } from './helpers.ts';

const key = new Uint8Array(32);
const tables = builtinTables();
const of = (...values: string[]) =>
  createDetectors(
    values.map((value, i) => ({ name: `v${i}`, class: 'secret', value })),
    key,
    tables,
  );

/** Few characters, so that values overlap themselves and each other. */
const value = fc.string({ unit: fc.constantFrom('x', 'y'), minLength: 8, maxLength: 12 });
const texts = (values: readonly string[]) =>
  fc
    .array(fc.oneof(fc.constantFrom(...values), fc.string({ unit: fc.constantFrom('x', 'y', 'z'), maxLength: 9 })), {
      maxLength: 8,
    })
    .map((pieces) => pieces.join(''));
const cuts = fc.array(fc.nat(200), { maxLength: 12 });

describe('a stream scanner over exact values', () => {
  it('masks what an occurrence covers and nothing else, however the text is cut', () => {
    fc.assert(
      fc.property(
        fc
          .array(value, { minLength: 1, maxLength: 3 })
          .chain((values) => fc.tuple(fc.constant(values), texts(values), cuts)),
        ([values, text, places]) => {
          const expected = oracleMask(text, coverage(text, values));
          const detectors = of(...values);
          expect(maskChunks(detectors, [text])).toBe(expected);
          expect(maskChunks(detectors, cut(text, places))).toBe(expected);
          expect(maskChunks(detectors, [...text])).toBe(expected);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('gives the same mask for every two-way split', () => {
    const text = `key ${secret}, again ${secret}${secret} and ${secret.slice(0, -1)}`;
    const detectors = of(secret);
    const expected = oracleMask(text, coverage(text, [secret]));
    // The last one lacks a character, and is still an Anthropic credential by its beginning: that class is not exact.
    const exactOnly = expected.replace(secret.slice(0, -1), '█');
    for (let at = 0; at <= text.length; at++) {
      expect(maskChunks(detectors, [text.slice(0, at), text.slice(at)])).toBe(exactOnly);
    }
  });

  it('sees through invisible characters and full-width ones, and covers them with the value', () => {
    const invisible = fc.constantFrom('', '\u200b', '\u00ad', '\ufeff', '\ufe0f', '\u{e0041}', '\u2060\u200d');
    const plain = 'hunter2-horse';
    const spelled = fc.array(fc.tuple(invisible, fc.boolean()), { minLength: plain.length, maxLength: plain.length });
    fc.assert(
      fc.property(spelled, cuts, (signs, places) => {
        const wide = (char: string) => String.fromCharCode(char.charCodeAt(0) + 0xfee0);
        const inner = [...plain]
          .map((char, i) => (i > 0 ? signs[i]![0] : '') + (signs[i]![1] ? wide(char) : char))
          .join('');
        expect(maskChunks(of(plain), cut(`so ${inner} it is`, places))).toBe('so █ it is');
      }),
    );
  });

  it('does not take a long invisible stretch for the inside of a value', () => {
    expect(maskChunks(of('hunter2-horse'), ['hunter2', '\u200b'.repeat(300), '-horse'])).not.toContain('█');
  });

  it.each([
    ['base64', (v: string) => Buffer.from(v).toString('base64')],
    ['base64 after one byte', (v: string) => Buffer.from(`x${v}x`).toString('base64')],
    ['base64 after two bytes', (v: string) => Buffer.from(`xy${v}xy`).toString('base64')],
    ['base64url', (v: string) => Buffer.from(`xy${v}`).toString('base64url')],
    ['percent', (v: string) => encodeURIComponent(v)],
    ['lower-case percent', (v: string) => encodeURIComponent(v).replace(/%../g, (triple) => triple.toLowerCase())],
    ['JSON', (v: string) => JSON.stringify(v)],
    ['JSON in JSON', (v: string) => JSON.stringify(JSON.stringify(v))],
    ['JSON with slashes escaped', (v: string) => JSON.stringify(v).replaceAll('/', '\\/')],
    ['hex', (v: string) => Buffer.from(v).toString('hex')],
  ])('finds a value spelled as %s', (_name, spell) => {
    const plain = 'p"ä/+? \n\\w>>>>rd~~~ß';
    const masked = maskChunks(of(plain), [...`see ${spell(plain)} there`]);
    expect(masked).toMatch(/^see .{0,6}█.{0,6} there$/);
  });

  it('holds back no more than what may still become a value, and lets go of it at the end', () => {
    const scanner = of(secret).stream();
    expect(scanner.write(`abc ${secret.slice(0, 9)}`).text).toBe('abc ');
    expect(scanner.held).toBe(9);
    expect(scanner.write(' no').text).toBe(`${secret.slice(0, 9)} no`);
    expect(scanner.write(secret.slice(0, 5)).text).toBe('');
    expect(scanner.end()).toEqual({ text: secret.slice(0, 5), spans: [] });
  });

  it('lets a credential with an open end go once it is known, and covers all of its tail', () => {
    const scanner = of().stream();
    const long = `sk-ant-${'A1b2'.repeat(50)}`;
    const first = scanner.write(long.slice(0, 40));
    expect(first.text).toBe(long.slice(0, 40));
    expect(first.spans).toEqual([{ detector: 'anthropic', class: 'credential', from: 0, to: 40, continues: false }]);
    const second = scanner.write(`${long.slice(40)} and`);
    expect(second.spans).toEqual([
      { detector: 'anthropic', class: 'credential', from: 0, to: long.length - 40, continues: true },
    ]);
  });

  it('does not let a reported value uncover what a masked one may become', () => {
    const focus = { masked: new Set<string>(), reported: null };
    const exact = `${'sk-ant-'}${'A1b2'.repeat(6)} with words`;
    const scanner = of(exact).stream(focus);
    expect(scanner.write(exact.slice(0, -1)).text).toBe('');
    const released = scanner.write(exact.slice(-1));
    expect(released.text).toBe(exact);
    expect(released.spans.map((span) => span.detector)).toEqual(['anthropic', 'exact:v0']);
  });

  it('does not run classes that are neither masked nor reported', () => {
    const scanner = of('hunter2-horse').stream({ masked: new Set(), reported: new Set() });
    expect(scanner.write('sk-ant-').text).toBe('sk-ant-');
    expect(scanner.write('hunter').text).toBe('');
  });

  it('takes no longer than linear time on beginnings that repeat', () => {
    const text = 'sk-ant-'.repeat(30_000);
    const { spans } = of('aaaaaaaaaaaab').scan(text + 'a'.repeat(200_000));
    expect(spans).toHaveLength(1);
  });

  it('refuses a value too short to mask, without showing it', () => {
    expect(() => of('short')).toThrow(TypeError);
    expect(() => of('short')).toThrow(/"v0"/);
    expect(() => of('short')).not.toThrow(/short"|'short'/);
  });

  it('gives equal digests to equal values and different ones to others', () => {
    expect(of('hunter2-horse').id).toBe(of('hunter2-horse').id);
    expect(of('hunter2-horse').id).not.toBe(of('hunter2-house').id);
  });
});
