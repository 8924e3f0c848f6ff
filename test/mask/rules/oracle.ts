import fc from 'fast-check';
import { readDecoded, readPlain, type Sign } from './oracle_decode.ts';

/*
 * Rules over few characters, so that they meet, nest and overlap in short texts, and what they cover: plain anchored
 * patterns over all starts and ends. Imports nothing of the engine.
 */

export interface Given {
  readonly id: string;
  readonly left?: string | null;
  readonly context?: string;
  readonly body: string;
  readonly minimum?: number;
  readonly tail?: string;
  readonly right?: string;
  readonly validator?: 'luhn';
  readonly cap?: number;
}

/** Rules over few characters, so that they meet, nest and overlap in short texts. */
export const given: readonly Given[] = [
  { id: 'prefix-tail', left: null, body: 'kab', minimum: 2, tail: '[ab1]' },
  { id: 'prefix-left', body: 'bak', minimum: 1, tail: '[a-k]' },
  { id: 'any-case', left: null, body: '(?i:kkb)a?', right: '[ab]' },
  { id: 'context', left: '[ab]', context: 'k[ab]{0,2}=', body: '[ab1]{2,4}', right: '[ab1]' },
  { id: 'context-loop', left: null, context: '(?:1 ?)+=', body: 'a', minimum: 1, tail: '[ab]' },
  { id: 'capped', left: '[1ab]', body: '[ab]{1,3}@[ab]{2,}', cap: 6 },
  { id: 'capped-marks', left: null, body: 'z[z*]+=', cap: 6 },
  { id: 'right-only', left: null, body: '1(?:a|b1|b)', right: '1' },
  { id: 'digits', left: '1', body: '1{3}', right: '1' },
  { id: 'checked', left: '[0-9]', body: '[0-9](?: ?[0-9]){3,5}', right: '[0-9]', validator: 'luhn' },
  { id: 'checked-overlap', left: null, body: '[19](?: [0-9]){2,4}', right: '[b]', validator: 'luhn' },
  { id: 'choice', left: null, body: '(?:=a|==b|k=)[ =]{1,2}' },
];

const alphabet = ['a', 'b', 'k', 'K', '1', '9', '5', '=', '@', ' '];

/** The oracle: what the matches of some rule cover in a text as it stands. */
export function oracle(rules: readonly Given[], text: string): boolean[] {
  return coverage(rules, text, readPlain(text));
}

/** The same, and what they cover in what its encoded characters stand for. */
export function decodingOracle(rules: readonly Given[], text: string): boolean[] {
  const decoded = coverage(rules, text, readDecoded(text));
  return oracle(rules, text).map((covered, at) => covered || decoded[at]!);
}

function coverage(rules: readonly Given[], text: string, signs: readonly Sign[]): boolean[] {
  const covered = new Array<boolean>(text.length).fill(false);
  const read = signs.map(({ sign }) => sign).join('');
  for (const [from, to] of matches(rules, read)) covered.fill(true, signs[from]!.from, signs[to - 1]!.to);
  return covered;
}

/** For every rule, start and end, plain anchored patterns. */
function* matches(rules: readonly Given[], text: string): Generator<readonly [from: number, to: number]> {
  for (const rule of rules) {
    const body = new RegExp(`^(?:${rule.body})${rule.tail ? `${rule.tail}{${rule.minimum ?? 0},}` : ''}$`, 's');
    const context = new RegExp(`^(?:${rule.context ?? ''})$`, 's');
    const left = rule.left === null ? null : new RegExp(rule.left ?? '[A-Za-z0-9_]');
    const right = rule.right ? new RegExp(rule.right) : null;
    for (let start = 0; start < text.length; start++) {
      const begins = Array.from({ length: start + 1 }, (_, k) => k).some(
        (k) => context.test(text.slice(k, start)) && !(k > 0 && left?.test(text[k - 1]!)),
      );
      if (!begins) continue;
      for (let end = start + 1; end <= text.length && end - start <= (rule.cap ?? text.length); end++) {
        const value = text.slice(start, end);
        if (!body.test(value) || (end < text.length && right?.test(text[end]!))) continue;
        if (rule.validator && !luhn(value)) continue;
        yield [start, end];
      }
    }
  }
}

function luhn(text: string): boolean {
  const digits = [...text]
    .filter((sign) => sign !== ' ')
    .map(Number)
    .reverse();
  if (new Set(digits).size < 2) return false;
  return digits.reduce((sum, digit, i) => sum + (i % 2 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][digit]! : digit), 0) % 10 === 0;
}

const fragments = [
  'kab',
  'bak',
  'kkb',
  'ka=',
  '1 1=',
  'ab@ab',
  '1b1',
  '111',
  '15 9',
  '9 1 5',
  '=a ',
  'k= ',
  '18',
  '59',
];
export const texts = fc
  .array(fc.oneof(fc.constantFrom(...alphabet), fc.constantFrom(...fragments)), { maxLength: 9 })
  .map((pieces) => pieces.join('').slice(0, 20));

const hex = (sign: string, width: number) => sign.charCodeAt(0).toString(16).padStart(width, '0');
/** How one character may be spelled, or what may stand before it. */
const spellings: readonly ((sign: string) => string)[] = [
  (sign) => sign,
  (sign) => sign,
  (sign) => `%${hex(sign, 2)}`,
  (sign) => `%25${hex(sign, 2).toUpperCase()}`,
  (sign) => `\\x${hex(sign, 2)}`,
  (sign) => `\\u${hex(sign, 4)}`,
  (sign) => `\\\\u{${hex(sign, 2)}}`,
  (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`,
  (sign) => `U+${hex(sign, 4)}`,
  (sign) => `&#${sign.charCodeAt(0)}`,
  (sign) => `&#x${hex(sign, 3)};`,
  (sign) => `&amp;#${sign.charCodeAt(0)};`,
  (sign) => `\x1b[1;3m${sign}`,
  (sign) => `\\x1b[m${sign}`,
  (sign) => `**${sign}`,
  (sign) => `\`${sign}`,
  (sign) => `\u200b${sign}`,
  (sign) => `\\n${sign}`,
];
/** What begins a spelling, or nearly. */
const beginnings = [
  '%',
  '%6',
  '%25',
  '\\',
  '\\x',
  '\\u{',
  '&',
  '&#',
  '&#x',
  '&amp;',
  '&equals;',
  'U',
  'U+',
  '*',
  '~',
  '`',
];
const noise = [
  ...beginnings,
  'zz**zz*z=',
  'b*ab',
  '\x1b',
  '\x1b[',
  '\x1b[1',
  '%C3',
  '%C3%A4',
  '\u200b',
  '6b',
  '\uff05',
  '\u{e0041}',
];

/** Texts with some characters spelled in other ways, and with what only begins like that. */
export const spelledTexts = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.tuple(fc.constantFrom(...alphabet, ...fragments), fc.array(fc.nat(), { maxLength: 5 })),
      },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...noise), fc.constant([])) },
    ),
    { maxLength: 7 },
  )
  .map((pieces) => {
    const spelled = pieces.map(([piece, how]) =>
      how.length === 0
        ? piece
        : [...piece].map((sign, at) => spellings[how[at % how.length]! % spellings.length]!(sign)).join(''),
    );
    return spelled.join('').slice(0, 36);
  });

/** Texts around a run of hexadecimal digits that spells one of them. */
export const hexTexts = fc
  .tuple(texts, texts, fc.constantFrom('', '=', '*', 'a', '7'), fc.constantFrom('', '0a', '7', 'g', '80'))
  .map(([first, second, before, after]) => {
    const run = [...`${first}${second}kabkab bak`].map((sign) => hex(sign, 2)).join('');
    return `${before}${run}${after} kab1`;
  });
