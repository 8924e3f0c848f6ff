import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDetectors } from '../../../src/mask/detectors.ts';
import { compileRules } from '../../../src/mask/rules/compile.ts';
import { readRules } from '../../../src/mask/rules/format.ts';
import { encodeTables, loadTables } from '../../../src/mask/rules/tables.ts';
import { cut, maskChunks, oracleMask } from '../helpers.ts';
import { decodingOracle, type Given, given, hexTexts, oracle, spelledTexts, texts } from './oracle.ts';

const detectorsOf = (rules: readonly Given[]) => {
  const content = {
    rules: rules.map((rule) => ({ class: 'c', label: 'l', reference: 'r', examples: ['x'], near: ['x'], ...rule })),
  };
  const read = readRules([{ name: 'test', content }]);
  const { compiled, faults } = compileRules(read.rules);
  expect([...read.faults, ...faults]).toEqual([]);
  return createDetectors([], new Uint8Array(32), loadTables(encodeTables(compiled)));
};

const cuts = fc.array(fc.nat(60), { maxLength: 6 });
const places = fc.array(cuts, { minLength: 3, maxLength: 3 });

describe('the engine of rules', () => {
  const all = detectorsOf(given);

  it.each([1, 2, 3, 4])(
    'covers exactly what some rule matches somewhere, however the text is cut (seed %i)',
    (seed) => {
      fc.assert(
        fc.property(texts, places, (text, places) => {
          const expected = oracleMask(text, oracle(given, text));
          const pairs = text.match(/.{1,2}/gs) ?? [];
          for (const chunks of [[text], [...text], pairs, ...places.map((at) => cut(text, at))]) {
            expect(maskChunks(all, chunks)).toBe(expected);
          }
        }),
        { numRuns: 2500, seed },
      );
    },
  );

  it.each([1, 2, 3, 4])(
    'covers what some rule matches in what encoded characters stand for, too, however the text is cut (seed %i)',
    (seed) => {
      fc.assert(
        fc.property(fc.oneof({ weight: 9, arbitrary: spelledTexts }, hexTexts), places, (text, places) => {
          const expected = oracleMask(text, decodingOracle(given, text));
          const pairs = text.match(/.{1,2}/gs) ?? [];
          for (const chunks of [[text], [...text], pairs, ...places.map((at) => cut(text, at))]) {
            expect(maskChunks(all, chunks)).toBe(expected);
          }
        }),
        { numRuns: 3000, seed },
      );
    },
  );

  it.each(given.map((rule) => [rule.id, rule] as const))(
    'covers exactly what the rule %s matches on its own',
    (_id, rule) => {
      const alone = detectorsOf([rule]);
      fc.assert(
        fc.property(texts, cuts, (text, places) => {
          const expected = oracleMask(text, oracle([rule], text));
          expect(maskChunks(alone, [text])).toBe(expected);
          expect(maskChunks(alone, cut(text, places))).toBe(expected);
        }),
        { numRuns: 400 },
      );
    },
  );

  it('reports and masks alike where a stream looks for other classes only', () => {
    const scanner = all.stream({ masked: new Set(), reported: new Set() });
    expect(scanner.write('kabab11').text).toBe('kabab11');
  });
});
