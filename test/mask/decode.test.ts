import { describe, expect, it } from 'vitest';
import { createDetectors } from '../../src/mask/detectors.ts';
import { readExample } from '../../src/mask/rules/format.ts';
import { encodeTables, loadTables } from '../../src/mask/rules/tables.ts';
import { maskChunks } from './helpers.ts';
import { seen } from './rules/evasions.ts';
import { compileLibrary } from './rules/library.ts';

const library = compileLibrary();
const detectors = createDetectors([], new Uint8Array(32), loadTables(encodeTables(library)));
const mask = (text: string) => maskChunks(detectors, [text]);
const key = ['sk-', 'ant-', 'api03-Zq8vT2mWc4Lk9Rb6Yx1N'].join('');
const byUnit = (spell: (unit: number) => string) => [...key].map((sign) => spell(sign.charCodeAt(0))).join('');
const hex = (unit: number, width: number) => unit.toString(16).padStart(width, '0');

describe('a value in encoded characters', () => {
  it.each([
    ['percent', byUnit((unit) => `%${hex(unit, 2)}`)],
    ['percent of IIS', byUnit((unit) => `%u${hex(unit, 4)}`)],
    ['percent, three times', byUnit((unit) => `%2525${hex(unit, 2)}`)],
    ['percent inside a JSON escape', byUnit((unit) => `\\u0025${hex(unit, 2)}`)],
    ['escapes of eight digits', byUnit((unit) => `\\U${hex(unit, 8)}`)],
    ['escapes of Perl', byUnit((unit) => `\\x{${hex(unit, 4)}}`)],
    ['escapes inside escapes', byUnit((unit) => `\\x5cu${hex(unit, 4)}`)],
    ['entities without a semicolon', byUnit((unit) => `&#${unit}`).replaceAll('&#45', '&#45;')],
    ['entities inside entities', byUnit((unit) => `&amp;#${unit};`)],
    ['named entities', key.replaceAll('-', '&hyphen;')],
    ['full-width percent', byUnit((unit) => `\uff05${hex(unit, 2)}`)],
    ['percent with invisible characters inside', byUnit((unit) => `%\u200b${hex(unit, 2)}`)],
    ['encoded invisible characters', [...key].join('%E2%80%8B')],
    ['encoded tag characters', [...key].join('\\u{e0041}')],
    ['colours spelled for a shell', `${key.slice(0, 9)}\\033[1;31m${key.slice(9)}\\e[0m`],
    ['several marks', `sk**-**ant\`-api03\`-***${key.slice(13)}***`],
    ['digits in hexadecimal', byUnit((unit) => hex(unit, 2))],
  ])('is covered with all of its spelling: %s', (_name, spelled) => {
    expect(mask(`see ${spelled} there`)).toMatch(/^see (?:\*\*\*)?█.{0,5} there$/);
  });

  it('is one run with what is spelled in other ways beside it', () => {
    expect(mask(`${key}&amp;next`)).toBe('█&amp;next');
    expect(mask(`\\n${key}\\n`)).toBe('\\n█\\n');
    expect(mask('mail jane%40acme.co%20now')).toBe('mail █%20now');
  });

  it('is found after a left neighbour that only the decoded text has', () => {
    expect(mask(`{\\"key\\":\\"a\\n${key}\\"}`)).toBe('{\\"key\\":\\"a\\n█\\"}');
  });

  it('gives the same mask for every two-way split of the examples of every rule', () => {
    const wrong: string[] = [];
    const spells = Object.entries(seen);
    library.forEach(({ rule }, index) => {
      const [name, spell] = spells[index % spells.length]!;
      const { text, covered } = readExample(rule.examples[0]!);
      const [from, to] = covered[0]!;
      const spelled = text.slice(0, from) + spell(text.slice(from, to)) + text.slice(to);
      const whole = mask(spelled);
      if (maskChunks(detectors, [...spelled]) !== whole) wrong.push(`${rule.id} ${name}`);
      for (let at = 1; at < spelled.length; at += 3) {
        if (maskChunks(detectors, [spelled.slice(0, at), spelled.slice(at)]) !== whole)
          wrong.push(`${rule.id} ${name}`);
      }
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ['decimal codes', `String.fromCharCode(${[...key].map((sign) => sign.charCodeAt(0)).join()})`],
    ['hexadecimal bytes apart', byUnit((unit) => `${hex(unit, 2)} `)],
    ['a link of the terminal', `${key.slice(0, 8)}\u001b]8;;x\u0007${key.slice(8)}`],
    ['a tag', `${key.slice(0, 8)}<b>${key.slice(8)}</b>`],
  ])('is out of reach as %s', (_name, spelled) => {
    expect(mask(spelled)).toBe(spelled);
  });
});

describe('text without a value', () => {
  it.each([
    ['arithmetic', 'area = 4111*1111*1111*1111 + 2**10*34 ~5 ~ 12*34*56'],
    ['markdown', '| **card** | *4111*| `1111` |\n* **one**: `two`/`three`\n***\n~~old~~ 1111 ****'],
    [
      'an address in an address',
      'https://x.dev/cb?to=https%3A%2F%2Fy.dev%2Fa%3Fid%3D42%26t%3D1760000000000%26q%3Da%20b',
    ],
    ['HTML', '<a href="/x?a=1&amp;b=2">a &lt;b&gt; &nbsp;&copy; 2026 &#8212; &unknown; &#0; &#x110000;</a>'],
    ['source code', 're = /\\d{3}\\.\\w+\\x41\\u00e4\\//; s = "C:\\\\new\\\\temp\\0\\t%d%s 100%\\n"'],
    ['digests', 'd41d8cd98f00b204e9800998ecf8427e 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae'],
    ['identifiers', '6ba7b810-9dad-11d1-80b4-00c04fd430c8 20260101T101500 U+1F600 CPU+GPU'],
    ['a log in colours', '\u001b[32mINFO\u001b[0m 10:15:00 \u001b[1mready\u001b[22m in 42 ms'],
  ])('is left as it is: %s', (_name, text) => {
    expect(mask(text)).toBe(text);
    expect(maskChunks(detectors, [...text])).toBe(text);
  });

  it('does not take a long hidden stretch for the inside of a value', () => {
    expect(mask(`${key.slice(0, 8)}${'\u001b[m'.repeat(200)}${key.slice(8)}`)).not.toContain('█');
  });

  it.each([
    '%',
    '%25',
    '\\',
    '&',
    '&#',
    '&amp;',
    '*',
    'a*',
    '`',
    '~',
    '\u001b',
    '\u001b[1;',
    '%\u200b',
    '\\u{',
    '20',
    'U+',
  ])('is held back by no more than a spelling may take: masses of %j', (piece) => {
    const scanner = detectors.stream();
    let most = 0;
    for (const unit of piece.repeat(400)) {
      scanner.write(unit);
      most = Math.max(most, scanner.held);
    }
    // The longest undecided value is the local part of an address: 64 characters, each in its spelling.
    expect(most).toBeLessThanOrEqual(Math.max(128, 66 * piece.length));
    expect(scanner.end().spans).toEqual([]);
  });
});
