/**
 * Named characters of HTML that occur in values and around them, by what they look like.
 * Source: the HTML standard's table of named character references; `&hyphen;` is U+2010 there.
 */
const namesOf: { readonly [sign: string]: readonly string[] } = {
  '&': ['amp', 'AMP'],
  '<': ['lt', 'LT'],
  '>': ['gt', 'GT'],
  '"': ['quot', 'QUOT'],
  "'": ['apos'],
  '-': ['hyphen', 'dash'],
  _: ['lowbar', 'UnderBar'],
  '.': ['period'],
  ',': ['comma'],
  ':': ['colon'],
  ';': ['semi'],
  '/': ['sol'],
  '\\': ['bsol'],
  '|': ['vert', 'verbar'],
  '@': ['commat'],
  '=': ['equals'],
  '+': ['plus'],
  '#': ['num'],
  $: ['dollar'],
  '%': ['percnt'],
  '*': ['ast', 'midast'],
  '!': ['excl'],
  '?': ['quest'],
  '^': ['Hat'],
  '`': ['grave'],
  '(': ['lpar'],
  ')': ['rpar'],
  '[': ['lsqb', 'lbrack'],
  ']': ['rsqb', 'rbrack'],
  '{': ['lcub', 'lbrace'],
  '}': ['rcub', 'rbrace'],
  ' ': ['nbsp'],
  '\t': ['Tab'],
  '\n': ['NewLine'],
  '\u00ad': ['shy'],
  '\u200b': ['ZeroWidthSpace'],
  '\u200c': ['zwnj'],
  '\u200d': ['zwj'],
};

/** The UTF-16 unit by name, without `&` and `;`. */
export const entities: ReadonlyMap<string, number> = new Map(
  Object.entries(namesOf).flatMap(([sign, names]) => names.map((name) => [name, sign.charCodeAt(0)] as const)),
);

/** Every text that a name begins with, names too. */
export const entityStarts: ReadonlySet<string> = new Set(
  [...entities.keys()].flatMap((name) => Array.from(name, (_, at) => name.slice(0, at + 1))),
);
