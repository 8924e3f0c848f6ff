import { emphasis, isEmphasis, mayBeEmphasis } from './emphasis.ts';
import { entities, entityStarts } from './entities.ts';
import {
  asciiSet,
  type Before,
  characterOf,
  END,
  HIDDEN,
  isIn,
  lengthOf,
  MORE,
  NONE,
  nesting,
  type Recognised,
  spelling,
  UNKNOWN,
} from './recognised.ts';

/*
 * How one character may be spelled by several, and what may stand inside a word without being part of it. Everything
 * is recognised from its first unit on, over folded UTF-16 units; `END` after the last one ends what waits for more.
 */

const words = asciiSet(/\w/);
const leads = asciiSet(/[\x1b\\%&U*`~2-7]/);
const punctuation = asciiSet(/[!-/:-@[-`{-~]/);
const hexDigits = asciiSet(/[0-9A-Fa-f]/);
const hexValues = Int8Array.from({ length: 128 }, (_, unit) =>
  isIn(hexDigits, unit) ? Number.parseInt(String.fromCharCode(unit), 16) : -1,
);
const afterBackslash = asciiSet(/[!-/:-@[-`{-~xuUnrtbfvaeE0-3]/);
const afterAmpersand = asciiSet(/[#A-Za-z]/);

const controlMax = 32;
const entityDigitsMax = 8;
/** Fewer hexadecimal digits in a row are no text: 16 characters. */
const hexRunMin = 32;

const code = (sign: string): number => sign.charCodeAt(0);
const ESC = 0x1b;
const [BACKSLASH, PERCENT, AMPERSAND, CAPITAL_U] = [...'\\%&U'].map(code) as [number, number, number, number];
const [PLUS, HASH, SEMICOLON, BRACKET] = [...'+#;['].map(code) as [number, number, number, number];
const [BRACE, BRACE_END, SMALL_U, SMALL_X, ZERO] = [...'{}ux0'].map(code) as [number, number, number, number, number];

/** What a letter after a backslash stands for; `\e` is what shells and C compilers make of it. */
const letterEscapes: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, f: 0x0c, v: 0x0b, a: 0x07, e: ESC, E: ESC }).map(
    ([letter, unit]) => [code(letter), unit],
  ),
);

/** Whether a spelling may begin with a unit. */
export const isLead = (unit: number): boolean => isIn(leads, unit);
/** Whether a run of hexadecimal text may begin with a unit: no visible ASCII begins otherwise. */
export const isHexLead = (unit: number): boolean => unit >= 0x32 && unit <= 0x37;
/** Whether a character that was spelled may begin a spelling again. */
export const isNesting = (unit: number): boolean => isIn(nesting, unit);

/**
 * Whether a spelling may begin at an index of a text, where a lead stands; `previous` and `earlier` are the visible
 * units before it, -1 for none. Says no only where the text up to `last` tells, as far as it is ASCII.
 */
export function mayBegin(text: string, at: number, last: number, previous: number, earlier: number): boolean {
  const lead = text.charCodeAt(at);
  const next = at + 1 < last ? text.charCodeAt(at + 1) : UNKNOWN;
  if (isHexLead(lead)) return !isIn(words, previous) && mayBeginHex(text, at, last);
  if (isEmphasis(lead)) return mayBeEmphasis(text, at, last, previous, earlier);
  if (next > 127) return true;
  switch (lead) {
    case BACKSLASH:
      return isIn(afterBackslash, next);
    case PERCENT:
      return isIn(hexDigits, next) || next === SMALL_U;
    case AMPERSAND:
      return isIn(afterAmpersand, next);
    case CAPITAL_U:
      return next === PLUS;
    case ESC:
      return next === BRACKET;
  }
  return true;
}

function mayBeginHex(text: string, first: number, last: number): boolean {
  const end = Math.min(last, first + hexRunMin);
  for (let at = first; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit > 127) return true;
    if (!isIn(hexDigits, unit)) return false;
    // The first digit of a pair tells nearly as much as both.
    if ((at - first) % 2 === 0 && !isHexLead(unit) && unit !== ZERO) return false;
  }
  return true;
}

/** What the units begin with. */
export function recognise(units: readonly number[], before: Before): Recognised {
  if (before.inHex) return hexPair(units);
  const lead = units[0]!;
  switch (lead) {
    case BACKSLASH:
      return backslash(units);
    case PERCENT:
      return units[1] === SMALL_U ? fixed(units, 2, 4) : byteText(units);
    case AMPERSAND:
      return units[1] === HASH ? numericEntity(units) : namedEntity(units);
    case ESC:
      return control(units);
    case CAPITAL_U:
      return units[1] === PLUS ? fixed(units, 2, 4) : units.length === 1 ? MORE : NONE;
  }
  if (isEmphasis(lead)) return emphasis(units, before);
  return isHexLead(lead) && !isIn(words, before.last(1)) ? hexRun(units) : NONE;
}

/** The value of a hexadecimal digit, -1 for any other unit. */
const hexOf = (unit: number): number => hexValues[unit] ?? -1;

/** So many hexadecimal digits from an index on. */
function fixed(units: readonly number[], from: number, digits: number): Recognised {
  let value = 0;
  for (let at = from; at < from + digits; at++) {
    if (at === units.length) return MORE;
    const digit = hexOf(units[at]!);
    if (digit === -1) return NONE;
    value = value * 16 + digit;
  }
  return value >= HIDDEN ? NONE : spelling(from + digits, value);
}

function backslash(units: readonly number[]): Recognised {
  const next = units[1];
  if (next === undefined) return MORE;
  if (next === SMALL_U) return units[2] === BRACE ? braced(units) : fixed(units, 2, 4);
  if (next === SMALL_X) return units[2] === BRACE ? braced(units) : byteText(units);
  if (next === CAPITAL_U) return fixed(units, 2, 8);
  const letter = letterEscapes.get(next);
  if (letter !== undefined) return spelling(2, letter);
  return isIn(punctuation, next) ? spelling(2, next) : byteText(units);
}

/** `\u{41}`, and Perl's `\x{41}`. */
function braced(units: readonly number[]): Recognised {
  for (let at = 3; at < units.length; at++) {
    if (units[at] === BRACE_END && at > 3) {
      const value = fixed(units, 3, at - 3);
      return value < 0 ? value : value + 1;
    }
    if (hexOf(units[at]!) === -1 || at - 3 === entityDigitsMax) return NONE;
  }
  return MORE;
}

/** UTF-8 in bytes that are spelled as `byteAt` knows them; a byte that is none stands for itself. */
function byteText(units: readonly number[]): Recognised {
  const first = byteAt(units, 0);
  if (first < 0) return first;
  const byte = characterOf(first);
  const more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : 0;
  let value = more === 0 ? byte : byte & (0x3f >> more);
  let length = lengthOf(first);
  for (let i = 0; i < more; i++) {
    const next = byteAt(units, length);
    if (next === MORE) return MORE;
    if (next === NONE || characterOf(next) >> 6 !== 2) return first;
    value = value * 64 + (characterOf(next) & 63);
    length += lengthOf(next);
  }
  return value >= HIDDEN ? first : spelling(length, value);
}

/** `%41`, `\x41` or `\101` at an index; the length is that of the byte alone. */
function byteAt(units: readonly number[], at: number): Recognised {
  const lead = units[at];
  if (lead === undefined) return MORE;
  if (lead === PERCENT) return byteOf(fixed(units, at + 1, 2), at);
  if (lead !== BACKSLASH) return NONE;
  if (units[at + 1] === SMALL_X) return byteOf(fixed(units, at + 2, 2), at);
  let value = 0;
  for (let i = at + 1; i < at + 4; i++) {
    if (i === units.length) return MORE;
    const digit = hexOf(units[i]!);
    if (digit === -1 || digit > 7) return NONE;
    value = value * 8 + digit;
  }
  return value > 255 ? NONE : spelling(4, value);
}

const byteOf = (digits: Recognised, at: number): Recognised => (digits < 0 ? digits : digits - at);

/** `&#65;` or `&#x41;`, its semicolon optional. */
function numericEntity(units: readonly number[]): Recognised {
  const hex = units[2] === SMALL_X || units[2] === code('X');
  const start = hex ? 3 : 2;
  let value = 0;
  for (let at = start; at < units.length; at++) {
    const digit = hexOf(units[at]!);
    if (digit !== -1 && (hex || digit < 10)) {
      if (at - start === entityDigitsMax) return NONE;
      value = value * (hex ? 16 : 10) + digit;
      continue;
    }
    if (at === start || value === 0 || value >= HIDDEN) return NONE;
    return spelling(units[at] === SEMICOLON ? at + 1 : at, value);
  }
  return MORE;
}

function namedEntity(units: readonly number[]): Recognised {
  let name = '';
  for (let at = 1; at < units.length; at++) {
    const unit = units[at]!;
    if (unit === SEMICOLON) {
      const character = entities.get(name);
      return character === undefined ? NONE : spelling(at + 1, character);
    }
    name += unit === END ? ' ' : String.fromCharCode(unit);
    if (!entityStarts.has(name)) return NONE;
  }
  return MORE;
}

/** A control sequence of a terminal (ECMA-48, 5.4), such as `ESC [ 1 ; 31 m`. */
function control(units: readonly number[]): Recognised {
  if (units.length === 1) return MORE;
  if (units[1] !== BRACKET) return NONE;
  for (let at = 2; at < units.length; at++) {
    const unit = units[at]!;
    if (unit >= 0x40 && unit <= 0x7e) return spelling(at + 1, HIDDEN);
    if (unit < 0x20 || unit > 0x3f || at + 1 === controlMax) return NONE;
  }
  return MORE;
}

/** Two digits that spell visible ASCII or white space. */
function hexPair(units: readonly number[], at = 0): Recognised {
  const pair = fixed(units, at, 2);
  if (pair < 0) return pair;
  const character = characterOf(pair);
  const isText = (character >= 0x20 && character < 0x7f) || (character >= 0x09 && character <= 0x0d);
  return isText ? spelling(2, character) : NONE;
}

/** The first pair of a text in hexadecimal. */
function hexRun(units: readonly number[]): Recognised {
  for (let at = 0; at < hexRunMin; at += 2) {
    const pair = hexPair(units, at);
    if (pair < 0) return pair;
  }
  return hexPair(units);
}
