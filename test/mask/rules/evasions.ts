/** How a value may be spelled so that a rule for its plain form would not see it. */

const hex = (value: number, width: number) => value.toString(16).padStart(width, '0');
const byUnits = (spell: (unit: number) => string) => (value: string) =>
  Array.from({ length: value.length }, (_, at) => spell(value.charCodeAt(at))).join('');
const byBytes = (spell: (byte: number) => string) => (value: string) => [...Buffer.from(value)].map(spell).join('');
const spread = (sign: string) => (value: string) => [...value].join(sign);
const amid = (sign: string) => (value: string) =>
  `${value.slice(0, value.length >> 1)}${sign}${value.slice(value.length >> 1)}`;

/** Spells one value. */
export type Spell = (value: string) => string;

/** Where at least 97 % of values must be covered whole. */
export const seen: { readonly [name: string]: Spell } = {
  zero_width: spread('\u200b'),
  zero_width_joiner: amid('\u200d'),
  byte_order_mark: spread('\ufeff'),
  soft_hyphen: spread('\u00ad'),
  tag_characters: spread('\u{e0041}'),
  variation_selectors: spread('\ufe0f'),
  full_width: (value) => value.replace(/[!-~]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0xfee0)),
  percent: byBytes((byte) => `%${hex(byte, 2)}`),
  percent_where_needed: (value) => encodeURIComponent(value.toWellFormed()),
  percent_twice: byBytes((byte) => `%25${hex(byte, 2).toUpperCase()}`),
  escape_x: byBytes((byte) => `\\x${hex(byte, 2)}`),
  escape_u: byUnits((unit) => `\\u${hex(unit, 4)}`),
  escape_u_twice: byUnits((unit) => `\\\\u${hex(unit, 4)}`),
  escape_u_braces: byUnits((unit) => `\\u{${hex(unit, 2)}}`),
  escape_octal: byBytes((byte) => `\\${byte.toString(8).padStart(3, '0')}`),
  code_point: byUnits((unit) => `U+${hex(unit, 4).toUpperCase()}`),
  entity_decimal: byUnits((unit) => `&#${unit};`),
  entity_hex: byUnits((unit) => `&#x${hex(unit, 2)};`),
  entity_where_needed: (value) => value.replace(/[&<>"'=@:/._-]/g, (sign) => `&#${sign.charCodeAt(0)};`),
  terminal_colour: amid('\u001b[1;31m'),
  terminal_colour_spelled: amid('\\x1b[31m'),
  markdown_strong: amid('**'),
  markdown_strike: amid('~~'),
  markdown_code: amid('`'),
  markdown_escape: (value) => value.replace(/[!-/:-@[-`{-~]/g, '\\$&'),
};

/** Where only some are; the documents say why. */
export const halfSeen: { readonly [name: string]: Spell } = {
  markdown_emphasis_single: amid('*'),
  hex_digits: (value) => Buffer.from(value).toString('hex'),
  base64: (value) => Buffer.from(value).toString('base64'),
  hex_digits_apart: byBytes((byte) => `${hex(byte, 2)} `),
  decimal_codes: byUnits((unit) => `${unit},`),
  terminal_link: amid('\u001b]8;;x\u0007'),
  html_tag: amid('<b>'),
  spaces: spread(' '),
};
