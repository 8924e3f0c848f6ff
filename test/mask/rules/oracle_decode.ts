/*
 * How a text is read: as it stands, and with its encoded characters decoded. Plain patterns over what is left of the
 * text. Imports nothing of the engine.
 */

/** One character as it is matched, and the stretch of the text that spells it. */
export interface Sign {
  readonly sign: string;
  readonly from: number;
  readonly to: number;
}

/** Invisible characters left out, full-width ones as ASCII. */
export function readPlain(text: string): readonly Sign[] {
  return fold(Array.from({ length: text.length }, (_, at) => ({ sign: text[at]!, from: at, to: at + 1 })));
}

function fold(signs: readonly Sign[]): readonly Sign[] {
  const joined = signs.map(({ sign }) => sign).join('');
  const tags = [...joined.matchAll(/[\udb40-\udb43][\udc00-\udfff]?/g)];
  const isTag = (at: number) => tags.some(({ index, 0: pair }) => at >= index && at < index + pair.length);
  return signs.flatMap(({ sign, from, to }, at) => {
    if (/[\u200b\u00ad]/.test(sign) || isTag(at)) return [];
    const wide = /[\uff01-\uff5e]/.test(sign);
    return [{ sign: wide ? String.fromCharCode(sign.charCodeAt(0) - 0xfee0) : sign, from, to }];
  });
}

/** What one spelling stands for; an empty text where it stands for nothing. */
interface Spelling {
  readonly length: number;
  readonly text: string;
}

const letters: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
  E: '\x1b',
};
const names: Readonly<Record<string, string>> = { amp: '&', equals: '=' };
const pair = '(?:[2-6][0-9a-fA-F]|7[0-9a-eA-E]|0[9a-dA-D])';
const byte = /^(?:%|\\x)([0-9a-fA-F]{2})|^\\([0-3][0-7]{2})/;

/** What the text begins with, where `previous` is the visible character before it. */
function spellingAt(rest: string, previous: string, inHex: boolean): Spelling | null {
  const found = (pattern: RegExp) => pattern.exec(rest);
  const spelled = (match: RegExpExecArray | null, value: (match: RegExpExecArray) => number): Spelling | null => {
    if (!match || value(match) > 0x10ffff) return null;
    return { length: match[0].length, text: String.fromCodePoint(value(match)) };
  };
  const hex = (match: RegExpExecArray) => Number.parseInt(match[1]!, 16);

  if (inHex) return spelled(found(new RegExp(`^(${pair})`)), hex);
  const run = new RegExp(`^(?=[2-7])(?=${pair}{16})(..)`);
  if (!/\w/.test(previous) && run.test(rest)) return spelled(found(run), hex);
  const control = found(/^\x1b\[[ -?]{0,29}[@-~]/);
  if (control) return { length: control[0].length, text: '' };
  const marks = found(/^([*`~]{1,6})(?=([^*`~]))/s);
  if (marks) {
    const around = `${previous} ${marks[2]!}`;
    const within = /^[A-Za-z0-9_.:@/+=!#$%&?^-] [A-Za-z0-9_.:@/+=!#$%&?^\x1b\\-]$|^\d {2}$|^ {2}\d$/.test(around);
    const arithmetic = /^[*~]$/.test(marks[1]!) && /^[\d ] [\d ]$/.test(around);
    return within && !arithmetic ? { length: marks[1]!.length, text: '' } : null;
  }
  const entity = found(/^&#(?:[xX]([0-9a-fA-F]{1,8})(?![0-9a-fA-F])|([0-9]{1,8})(?![0-9]));?/);
  if (entity) {
    const value = entity[1] ? hex(entity) : Number(entity[2]);
    return value === 0 ? null : spelled(entity, () => value);
  }
  const name = found(/^&(\w+);/);
  if (name) return name[1]! in names ? { length: name[0].length, text: names[name[1]!]! } : null;
  const letter = found(/^\\([nrtbfvaeE])/);
  if (letter) return { length: 2, text: letters[letter[1]!]! };
  const sign = found(/^\\([!-/:-@[-`{-~])/);
  if (sign) return { length: 2, text: sign[1]! };
  return (
    spelled(found(/^(?:%u|\\u|U\+)([0-9a-fA-F]{4})/), hex) ??
    spelled(found(/^\\U([0-9a-fA-F]{8})/), hex) ??
    spelled(found(/^\\[ux]\{([0-9a-fA-F]{1,8})\}/), hex) ??
    bytesAt(rest)
  );
}

/** UTF-8 in bytes; a byte that is none stands for itself. */
function bytesAt(rest: string): Spelling | null {
  const bytes: number[] = [];
  let length = 0;
  for (let match = byte.exec(rest); match && bytes.length < 4; match = byte.exec(rest.slice(length))) {
    bytes.push(match[1] ? Number.parseInt(match[1], 16) : Number.parseInt(match[2]!, 8));
    length += match[0].length;
    const text = Buffer.from(bytes).toString('utf8');
    if (!text.includes('\ufffd')) return { length, text };
  }
  const first = byte.exec(rest);
  return first && { length: first[0].length, text: String.fromCharCode(bytes[0]!) };
}

/** The text as what its encoded characters stand for, and those that stand for what begins another one. */
export function readDecoded(text: string): readonly Sign[] {
  const rest = [...readPlain(text)];
  const read: Sign[] = [];
  let inHex = false;
  while (rest.length > 0) {
    const previous = fold(read).at(-1)?.sign ?? '';
    const spelling = spellingAt(rest.map(({ sign }) => sign).join(''), previous, inHex);
    if (!spelling) {
      inHex = false;
      read.push(rest.shift()!);
      continue;
    }
    inHex ||= /[2-7]/.test(rest[0]!.sign);
    const signs = rest.splice(0, spelling.length);
    const place = { from: signs[0]!.from, to: signs.at(-1)!.to };
    if (/^[\x1b\\%&]$/.test(spelling.text) && !inHex) rest.unshift({ sign: spelling.text, ...place });
    else
      read.push(...Array.from({ length: spelling.text.length }, (_, at) => ({ sign: spelling.text[at]!, ...place })));
  }
  return fold(read);
}
