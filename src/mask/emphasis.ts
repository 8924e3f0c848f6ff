import {
  asciiSet,
  type Before,
  HIDDEN,
  isIn,
  MORE,
  NONE,
  nesting,
  type Recognised,
  spelling,
  UNKNOWN,
} from './recognised.ts';

/*
 * Emphasis of markdown inside a value, which stands for nothing: `sk-a**nt**-…`.
 */

/** What emphasis within a value stands between. */
const tokens = asciiSet(/[A-Za-z0-9_.:@/+=!#$%&?^-]/);
/** Those of them that end a sentence where no other follows. */
const stops = asciiSet(/[.:!?]/);
const emphasisMarks = asciiSet(/[*`~]/);
const digits = asciiSet(/\d/);
const numeric = asciiSet(/[\d ]/);
const emphasisMax = 6;
const SPACE = 0x20;
const BACKTICK = 0x60;

/** Whether what begins with a unit stands for itself or for nothing, so that no value begins with it. */
export const isEmphasis = (unit: number): boolean => isIn(emphasisMarks, unit);

/**
 * Whether a run of marks at an index of a text may be within a value, where `previous` and `earlier` are the units
 * before it. Says no only where the text up to `last` tells, as far as it is ASCII.
 */
export function mayBeEmphasis(text: string, first: number, last: number, previous: number, earlier: number): boolean {
  if (!mayPrecede(previous, earlier)) return false;
  for (let at = first; at < last; at++) {
    const unit = text.charCodeAt(at);
    if (isIn(emphasisMarks, unit)) continue;
    return unit > 127 || mayFollow(unit, at + 1 < last ? text.charCodeAt(at + 1) : UNKNOWN, previous);
  }
  return true;
}

/** A run of emphasis marks within a value. One `*` or `~` between numbers is arithmetic. */
export function emphasis(units: readonly number[], before: Before): Recognised {
  const previous = before.last(1);
  const end = units.findIndex((unit) => !isIn(emphasisMarks, unit));
  if (!mayPrecede(previous, before.last(2)) || (end === -1 ? units.length : end) > emphasisMax) return NONE;
  if (end === -1) return MORE;
  const next = units[end]!;
  const after = units[end + 1] ?? UNKNOWN;
  const isSign = end === 1 && units[0] !== BACKTICK;
  if (!mayFollow(next, after, previous) || (isSign && isIn(numeric, previous) && isIn(numeric, next))) return NONE;
  return after === UNKNOWN && isIn(stops, next) ? MORE : spelling(end, HIDDEN);
}

/** Whether a value may go on after two units: inside a word, or between the groups of a number. */
function mayPrecede(previous: number, earlier: number): boolean {
  return isIn(tokens, previous) || (previous === SPACE && isIn(digits, earlier));
}

/** Whether it may go on with two more. */
function mayFollow(next: number, after: number, previous: number): boolean {
  if (previous === SPACE) return isIn(digits, next);
  if (isIn(stops, next))
    return after > 127 || isIn(tokens, after) || isIn(nesting, after) || isIn(emphasisMarks, after);
  return isIn(tokens, next) || isIn(nesting, next) || (next === SPACE && isIn(digits, previous));
}
