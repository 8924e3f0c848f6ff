/*
 * What a recogniser of spellings says, over folded UTF-16 units from the first one on.
 */

/** The end of the text, as a unit. */
export const END = -1;

/** In place of a unit that is not there yet. */
export const UNKNOWN = 0xffff;

/** What stands at the beginning of some units. */
export const MORE = -2;
export const NONE = -1;
/** In place of a character: it stands for nothing. */
export const HIDDEN = 0x110000;

/** `MORE` units are needed, or `NONE`, or a spelling, packed: see `lengthOf` and `characterOf`. */
export type Recognised = number;

/** Units of a spelling. */
export const lengthOf = (spelling: Recognised): number => spelling & 63;
/** The code point it stands for, or `HIDDEN`. */
export const characterOf = (spelling: Recognised): number => spelling >> 6;
export const spelling = (length: number, character: number): Recognised => (character << 6) | length;

/** What is known of the text before. */
export interface Before {
  /** The last visible unit, or with 2 the one before it; -1 where there is none. */
  last(back: 1 | 2): number;
  /** Whether it is part of a run of hexadecimal text. */
  readonly inHex: boolean;
}

/** A set of ASCII units. */
export const asciiSet = (members: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, unit) => Number(members.test(String.fromCharCode(unit))));
export const isIn = (set: Uint8Array, unit: number | undefined): boolean => set[unit as number] === 1;

/** What may begin a spelling where it is spelled itself. */
export const nesting = asciiSet(/[\x1b\\%&]/);
