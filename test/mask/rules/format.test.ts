import { describe, expect, it } from 'vitest';
import { compileRules } from '../../../src/mask/rules/compile.ts';
import { readExample, readRules } from '../../../src/mask/rules/format.ts';
import { encodeTables, loadTables } from '../../../src/mask/rules/tables.ts';

const good = { id: 'a-b', class: 'c', label: 'l', reference: 'r', body: 'abc', examples: ['«abc»'], near: ['ab'] };
const read = (...rules: object[]) => readRules([{ name: 'test.yaml', content: { rules } }]);

describe('a rule file', () => {
  it('has all its faults reported at once, by rule and field', () => {
    const { faults } = read(
      { ...good, id: 'Not An Id' },
      { ...good, bdoy: 'x', body: undefined },
      { ...good, validator: 'astrology', examples: [] },
    );
    expect(faults.map(({ place }) => place)).toEqual([
      'test.yaml: Not An Id: id',
      'test.yaml: a-b: body',
      'test.yaml: a-b',
      'test.yaml: a-b: validator',
      'test.yaml: a-b: examples',
    ]);
  });

  it('that is none is told in the words of YAML', () => {
    const told = (content: unknown) =>
      readRules([{ name: 'acme.yaml', content }]).faults.map(({ place, problem }) => `${place}: ${problem}`);
    expect(told('text')).toEqual(['acme.yaml: expected mapping, received string']);
    expect(told({})).toEqual(['acme.yaml: rules: expected list, but it is missing']);
  });

  it('must not have an id twice, a minimum without a tail, or a tail with a right condition', () => {
    const { faults } = read(
      good,
      good,
      { ...good, id: 'm', minimum: 3 },
      { ...good, id: 't', tail: '[a]', right: '[b]' },
    );
    expect(faults).toHaveLength(3);
  });

  it('is compiled rule by rule, and every rule with a fault is named', () => {
    const { rules } = read(
      { ...good, id: 'ok' },
      { ...good, id: 'look', body: '(?=a)b' },
      { ...good, id: 'empty', body: 'a?' },
      { ...good, id: 'unbounded', body: 'a[bc]*d' },
      { ...good, id: 'capped', body: 'a[bc]*d', cap: 40 },
      { ...good, id: 'huge', body: '(?:[ab]{0,40}[bc]{0,40}a){20}' },
      { ...good, id: 'class', left: 'ab' },
    );
    const { compiled, faults } = compileRules(rules);
    expect(compiled.map(({ rule }) => rule.id)).toEqual(['ok', 'capped']);
    expect(faults.map(({ place }) => place)).toEqual([
      'look: body',
      'empty: body',
      'unbounded: body',
      'huge: body',
      'class: left',
    ]);
  });

  it('marks in its examples what must be covered', () => {
    expect(readExample('a «b·c» «d»')).toEqual({
      text: 'a bc d',
      covered: [
        [2, 4],
        [5, 6],
      ],
    });
  });
});

describe('tables', () => {
  const { compiled } = compileRules(read(good, { ...good, id: 'ctx', context: 'k=', right: '[a]', left: '[z]' }).rules);

  it('come back as they were written, and equal rules give equal bytes', () => {
    const bytes = encodeTables(compiled);
    expect(encodeTables(compiled)).toEqual(bytes);
    const tables = loadTables(bytes);
    expect(tables.rules.map((rule) => [rule.id, rule.literals])).toEqual([
      ['a-b', ['abc']],
      ['ctx', null],
    ]);
    expect(tables.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are refused where they are cut off or something else', () => {
    const bytes = encodeTables(compiled);
    expect(() => loadTables(bytes.subarray(0, -1))).toThrow(RangeError);
    expect(() => loadTables(Buffer.from('{"rules":[]}'))).toThrow(RangeError);
  });
});
