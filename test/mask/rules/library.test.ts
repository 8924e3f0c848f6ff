import { beforeAll, describe, expect, it } from 'vitest';
import { createDetectors } from '../../../src/mask/detectors.ts';
import type { CompiledRule } from '../../../src/mask/rules/compile.ts';
import { readExample } from '../../../src/mask/rules/format.ts';
import { encodeTables, loadTables } from '../../../src/mask/rules/tables.ts';
import type { Detectors } from '../../../src/model/scan.ts';
import { maskChunks, oracleMask } from '../helpers.ts';
import { corpus, type Sample } from './corpus.ts';
import { halfSeen, seen } from './evasions.ts';
import { compileLibrary } from './library.ts';

let library: readonly CompiledRule[];
let all: Detectors;
const detectorsOf = (rules: readonly CompiledRule[]) =>
  createDetectors([], new Uint8Array(32), loadTables(encodeTables(rules)));

beforeAll(() => {
  library = compileLibrary();
  all = detectorsOf(library);
});

function coveredIn(detectors: Detectors, text: string): boolean[] {
  const covered = new Array<boolean>(text.length).fill(false);
  for (const { from, to } of detectors.scan(text).spans) covered.fill(true, from, to);
  return covered;
}

describe('the library of rules', () => {
  it('has at least 150 rules, each known by the format it comes from', () => {
    expect(library.length).toBeGreaterThanOrEqual(150);
    expect(library.filter(({ rule }) => rule.reference === '')).toEqual([]);
  });

  it('covers in the examples of every rule exactly what they mark, and nothing in its near misses', () => {
    const wrong: string[] = [];
    for (const compiled of library) {
      const alone = detectorsOf([compiled]);
      for (const example of compiled.rule.examples) {
        const { text, covered } = readExample(example);
        const expected = new Array<boolean>(text.length).fill(false);
        for (const [from, to] of covered) expected.fill(true, from, to);
        if (oracleMask(text, expected) !== oracleMask(text, coveredIn(alone, text)))
          wrong.push(`${compiled.rule.id}: ${example}`);
      }
      for (const near of compiled.rule.near) {
        const { text } = readExample(near);
        if (coveredIn(alone, text).includes(true)) wrong.push(`${compiled.rule.id}: near ${near}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('gives the same result for every two-way split of every example', () => {
    const wrong: string[] = [];
    for (const { rule } of library) {
      for (const { text } of rule.examples.map(readExample)) {
        const whole = oracleMask(text, coveredIn(all, text));
        for (let at = 0; at <= text.length; at++) {
          if (maskChunks(all, [text.slice(0, at), text.slice(at)]) !== whole) wrong.push(`${rule.id} at ${at}`);
        }
        if (maskChunks(all, [...text]) !== whole) wrong.push(`${rule.id} by characters`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('still covers a value with invisible characters inside, in full-width, and with more behind its tail', () => {
    const wrong: string[] = [];
    for (const { rule } of library.filter(({ rule: { tail, context } }) => tail !== null && context === null)) {
      const { text, covered } = readExample(rule.examples[0]!);
      const [from, to] = covered[0]!;
      const value = text.slice(from, to);
      const spelled = [
        [...value].join('\u200b'),
        [...value].map((sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)).join(''),
        value + value.slice(-6).repeat(60),
      ];
      for (const spelling of spelled) {
        if (coveredIn(all, spelling).includes(false))
          wrong.push(`${rule.id}: ${JSON.stringify(spelling).slice(0, 80)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('holds back no more than 640 characters for any rule', () => {
    expect(library.filter(({ undecided }) => undecided > 640).map(({ rule }) => rule.id)).toEqual([]);
  });
});

describe('the library on a generated corpus', () => {
  const onlyReported = new Set(['prompt_injection', 'dangerous_instruction']);
  const seed = 20_261_124;

  function missed(samples: readonly Sample[], spell: (text: string) => string = (text) => text): readonly string[] {
    return samples.flatMap(({ kind, text, value }) => {
      const [from, to] = value!;
      const spelled = spell(text.slice(from, to));
      const covered = coveredIn(all, text.slice(0, from) + spelled + text.slice(to));
      return covered.slice(from, from + spelled.length).includes(false) ? [kind] : [];
    });
  }
  const share = (part: number, whole: number) => part / whole;

  it('covers at least 97 % of the secrets and of the personal data, whole', () => {
    for (const group of ['secrets', 'personal'] as const) {
      const samples = corpus(group, seed, 30);
      expect(share(missed(samples).length, samples.length), missed(samples).join()).toBeLessThanOrEqual(0.03);
    }
  });

  it('touches at most 1 % of what only looks alike', () => {
    const samples = corpus('alike', seed, 60);
    const hit = samples.filter(({ text }) => all.scan(text).spans.some((span) => !onlyReported.has(span.class)));
    expect(share(hit.length, samples.length), hit.map(({ kind }) => kind).join()).toBeLessThanOrEqual(0.01);
  });

  it.each([...Object.entries(seen), ...Object.entries(halfSeen)])(
    'tells how many values are whole in spite of %s',
    (name, spell) => {
      for (const group of ['secrets', 'personal'] as const) {
        const samples = corpus(group, seed + 1, 6);
        const got = missed(samples, spell);
        const share = 1 - got.length / samples.length;
        console.log(`note evasion_${name}_${group} ${(100 * share).toFixed(1)} % covered`);
        if (name in seen) expect(share, got.join()).toBeGreaterThanOrEqual(0.97);
      }
    },
  );

  it.each(Object.entries(seen))('covers the examples of at least 97 %% of the rules in spite of %s', (_name, spell) => {
    const samples = library.flatMap(({ rule }) =>
      rule.examples.map((example): Sample => {
        const { text, covered } = readExample(example);
        return { kind: rule.id, text, value: covered[0]! };
      }),
    );
    const got = missed(samples, spell);
    expect(1 - got.length / samples.length, got.join()).toBeGreaterThanOrEqual(0.97);
  });
});
