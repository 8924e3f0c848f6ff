import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Automaton, buildAutomaton, longestUndecided } from '../../../src/mask/rules/automaton.ts';
import { PatternFault, parsePattern } from '../../../src/mask/rules/syntax.ts';

function matches({ next, accepting, classes, classOf }: Automaton, text: string): boolean {
  let state = 1;
  for (let i = 0; i < text.length; i++) state = next[state * classes + classOf[text.charCodeAt(i)]!]!;
  return accepting[state] === 1;
}

describe('a pattern', () => {
  const piece = fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '\\d', '(?:ab|a)', '(?i:aB)', '(b|)', '\\x61', '[a-b0]');
  const quantified = fc
    .tuple(piece, fc.constantFrom('', '', '?', '*', '+', '{2}', '{1,3}', '{2,}'))
    .map((pair) => pair.join(''));
  const source = fc.array(quantified, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));

  it('matches whole texts as RegExp does', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'A', '0', '\n'), maxLength: 8 }), {
      minLength: 20,
    });
    fc.assert(
      fc.property(source, source, texts, (first, second, list) => {
        const pattern = `${first}|${second}`;
        const automaton = buildAutomaton(parsePattern(pattern));
        const expected = new RegExp(`^(?:${pattern})$`);
        for (const text of list) expect(matches(automaton, text)).toBe(expected.test(text));
      }),
    );
  });

  it.each([
    ['(?=a)', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', 'back-reference'],
    ['^a', 'conditions'],
    ['a$', 'conditions'],
    ['a\\b', 'not known'],
    ['a*?', 'lazy'],
    ['a{2', 'count'],
    ['a{3,2}', 'below'],
    ['a{9999}', 'count over'],
    ['(a', 'without its ")"'],
    ['a)', 'without its "("'],
    ['[a', 'without its "]"'],
    ['[b-a]', 'backwards'],
    ['*a', 'nothing before'],
    ['\\u12', 'without its digits'],
  ])('is refused where it is not regular or not well-formed: %s', (pattern, why) => {
    expect(() => parsePattern(pattern)).toThrow(PatternFault);
    expect(() => parsePattern(pattern)).toThrow(why);
  });

  it('is known by how much it may read before it decides', () => {
    const undecided = (pattern: string) => longestUndecided(buildAutomaton(parsePattern(pattern)));
    expect(undecided('abc')).toBe(3);
    expect(undecided('ab{3,5}c')).toBe(7);
    expect(undecided('a[bc]*')).toBe(1);
    expect(undecided('a[bc]*d')).toBe(Number.POSITIVE_INFINITY);
  });
});
