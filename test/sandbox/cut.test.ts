import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutText } from '../../src/sandbox/cut.ts';
import { createRandom } from '../../src/sandbox/random.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 200 });

test('pieces rejoin to the text, none is empty, and none splits a character', () => {
  fc.assert(
    fc.property(texts, fc.nat(), (text, seed) => {
      const pieces = cutText(text, createRandom(seed));
      expect(pieces.join('')).toBe(text);
      expect(pieces.every((piece) => piece !== '' && piece.isWellFormed())).toBe(true);
    }),
  );
});

test('no piece holds whole what must be split', () => {
  const words = fc.stringMatching(/^[a-z0-9]{2,6}$/);
  fc.assert(
    fc.property(texts, words, texts, fc.nat(), (before, word, after, seed) => {
      const pieces = cutText(`${before}${word}${after}${word}`, createRandom(seed), word);
      expect(pieces.filter((piece) => piece.includes(word))).toEqual([]);
    }),
  );
});

test('words are cut inside', () => {
  const pieces = cutText('sallyport '.repeat(50), createRandom(1));
  expect(pieces.some((piece) => /[a-z]$/.test(piece))).toBe(true);
});
