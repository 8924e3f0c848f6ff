/**
 * How one UTF-16 unit is matched. Invisible characters are transparent: they interrupt no value and are covered with
 * it. Full-width ASCII is matched as ASCII. Everything else is matched as it is.
 */

/** What a transparent unit folds to; U+FFFF is a noncharacter and never part of a value. */
export const TRANSPARENT = 0xffff;

/** What a unit folds to that is invisible only as the first half of a pair; see `isIgnorableHalf`. */
const invisible: readonly (readonly [from: number, to: number])[] = [
  [0x00ad, 0x00ad],
  [0x034f, 0x034f],
  [0x061c, 0x061c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff0, 0xfff8],
  // First halves of U+E0000..U+E0FFF: tag characters and supplementary variation selectors.
  [0xdb40, 0xdb43],
];

/**
 * One entry a UTF-16 unit: what it is matched as, or `TRANSPARENT`.
 * Source: Unicode's Default_Ignorable_Code_Point and the compatibility forms U+FF01..U+FF5E.
 */
export const foldTable: Uint16Array = (() => {
  const table = Uint16Array.from({ length: 65536 }, (_, unit) => unit);
  for (const [from, to] of invisible) table.fill(TRANSPARENT, from, to + 1);
  for (let unit = 0xff01; unit <= 0xff5e; unit++) table[unit] = unit - 0xfee0;
  table[0xffff] = 0xfffe;
  return table;
})();

/** Whether a unit is the first half of an invisible pair, so that its second half is transparent too. */
export function isIgnorableHalf(unit: number): boolean {
  return unit >= 0xdb40 && unit <= 0xdb43;
}

/** The units a value is matched by: folded, transparent ones left out. */
export function foldText(text: string): number[] {
  const units: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (isIgnorableHalf(unit)) i++;
    else if (foldTable[unit] !== TRANSPARENT) units.push(foldTable[unit]!);
  }
  return units;
}

/** The same as a string. */
export function foldString(text: string): string {
  return isAscii.test(text) ? text : String.fromCharCode(...foldText(text));
}
const isAscii = /^[\0-\x7f]*$/;
