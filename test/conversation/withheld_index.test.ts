import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WithheldIndex, withheldNotice } from '../../src/conversation/withheld_index.ts';

const index = (...texts: readonly string[]) =>
  new WithheldIndex(texts.map((text, at) => ({ mark: `m${at}`, text, ended: false })));

/** Few different lines, so that texts overlap; spaces around them. */
const line = fc.constantFrom('a', 'b', 'ab', 'c d', '', ' a ', '\tb', 'ä');
const lines = fc.array(line, { minLength: 1, maxLength: 6 });
const text = lines.map((list) => list.join('\n'));

/** The oracle: reads line by line, takes the longest withheld text that begins there. Knows nothing of hashes. */
function oracle(withheld: readonly string[], said: string): string | null {
  const plain = (one: string) => one.split('\n').map((part) => part.trim());
  const strip = (list: string[]) => {
    while (list[0] === '') list.shift();
    while (list.at(-1) === '') list.pop();
    return list;
  };
  const patterns = withheld.map((one) => strip(plain(one))).filter((list) => list.length > 0);
  const given = said.split('\n');
  const parts = plain(said);
  const out: string[] = [];
  let found = 0;
  let rest = false;
  for (let at = 0; at < parts.length; ) {
    const here = patterns
      .filter((pattern) => pattern.every((part, offset) => parts[at + offset] === part))
      .sort((a, b) => b.length - a.length)[0];
    if (here) {
      out.push(withheldNotice);
      found += 1;
      at += here.length;
    } else {
      rest ||= parts[at] !== '';
      out.push(given[at]!);
      at += 1;
    }
  }
  if (found === 0) return null;
  return rest ? out.join('\n') : Array(found).fill(withheldNotice).join('\n');
}

describe('withheld texts', () => {
  it('are found as a reader with all texts would find them', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), text, (withheld, said) => {
        expect(index(...withheld).find(said)?.text ?? null).toBe(oracle(withheld, said));
      }),
      { numRuns: 5_000 },
    );
  });

  it('never remain as whole lines, and nothing else goes, wherever they are put in', () => {
    const denied = fc.array(
      fc.string({ minLength: 1 }).filter((one) => /\S/.test(one) && !one.includes('\n')),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(denied, fc.array(fc.uuid()), fc.array(fc.uuid()), (list, before, after) => {
        const secret = list.join('\n');
        const whole = [...before, secret, ...after].join('\n');
        expect(index(secret).find(whole)?.text).toBe([...before, withheldNotice, ...after].join('\n'));
      }),
    );
  });

  it('become the notice alone where there is nothing else, whatever space is around them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('', '\n', ' \n\t', '\r\n\r\n'),
        fc.constantFrom('', '\n', '\r\n', '  \n'),
        (before, after) => {
          const found = index('rotate the key\nnow').find(`${before}rotate the key\r\nnow${after}`);
          expect(found).toEqual({ text: withheldNotice, active: ['m0'], ended: [], whole: true });
        },
      ),
    );
  });

  it('are found again in what was taken out: it is done once', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), text, (withheld, said) => {
        const once = index(...withheld).find(said)?.text ?? said;
        expect(index(...withheld).find(once)?.text ?? once).toBe(once);
      }),
    );
  });

  it('cost no more where many of them begin alike, as the text does', () => {
    const fence = (count: number) => '```\n'.repeat(count);
    const many = index(...Array.from({ length: 200 }, (_, at) => `${fence(100 + at)}${at}`));
    expect(many.find(fence(20_000))).toBeNull();
    expect(many.find(`${fence(20_000)}199\n${fence(3)}`)?.text).toBe(
      `${fence(20_000 - 299)}${withheldNotice}\n${fence(3)}`,
    );
  });

  it('are not parts of lines, and blank texts are nothing', () => {
    expect(index('secret').find('a secret here\nsecrets')).toBeNull();
    expect(index('', ' \n').find('\n\n')).toBeNull();
  });

  it('that have ended are told of, and stay', () => {
    const both = new WithheldIndex([
      { mark: 'old', text: 'one', ended: true },
      { mark: 'new', text: 'two', ended: false },
    ]);
    expect(both.find('one')).toEqual({ text: 'one', active: [], ended: ['old'], whole: true });
    expect(both.find('one\ntwo')?.text).toBe(`one\n${withheldNotice}`);
  });

  it('leave a notice of under 24 characters', () => {
    expect(withheldNotice.length).toBeLessThan(24);
    expect(withheldNotice).not.toContain('\n');
  });
});
