import { bothCases, type CharSet, charSet, complement } from './charset.ts';

/** A regular expression as a tree. */
export type Pattern =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly Pattern[] }
  | { readonly kind: 'choice'; readonly items: readonly Pattern[] }
  | { readonly kind: 'repeat'; readonly item: Pattern; readonly min: number; readonly max: number };

/** A fault in a pattern, with the offset at which it was noticed. */
export class PatternFault extends Error {
  override readonly name = 'PatternFault';
}

const digit: CharSet = [[0x30, 0x39]];
const word: CharSet = charSet([...digit, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]);
const space: CharSet = charSet([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x2028, 0x2029],
  [0x3000, 0x3000],
]);
const named: { readonly [letter: string]: CharSet } = {
  d: digit,
  D: complement(digit),
  w: word,
  W: complement(word),
  s: space,
  S: complement(space),
};
const controls: { readonly [letter: string]: number } = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b };
const single = (unit: number): CharSet => [[unit, unit]];

/** Repeats are written out, so their sizes are bounded. */
const repeatMax = 512;

/**
 * Parses the regular part of JavaScript's pattern syntax: characters, classes, groups, `|`, `? * + {n} {n,} {n,m}`,
 * `.`, the escapes `\d \w \s \n \r \t \xHH \uHHHH`, and `(?i:…)` for either case. What is not regular (look-around,
 * back-references) or belongs in a rule's conditions (`^ $ \b`) is refused with a PatternFault.
 */
export function parsePattern(source: string): Pattern {
  const reader = new Reader(source);
  const pattern = reader.choice(false);
  if (!reader.done) reader.fail('a ")" without its "("');
  return pattern;
}

/** Parses one character class, `[…]` or an escape such as `\d`. */
export function parseClass(source: string): CharSet {
  const pattern = parsePattern(source);
  if (pattern.kind !== 'set') throw new PatternFault('a single character class is expected');
  return pattern.set;
}

class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get done(): boolean {
    return this.#at >= this.#source.length;
  }

  fail(what: string): never {
    throw new PatternFault(`${what}, at offset ${this.#at}`);
  }

  choice(anyCase: boolean): Pattern {
    const items = [this.#sequence(anyCase)];
    while (this.#take('|')) items.push(this.#sequence(anyCase));
    return items.length === 1 ? items[0]! : { kind: 'choice', items };
  }

  #sequence(anyCase: boolean): Pattern {
    const items: Pattern[] = [];
    while (!this.done && !'|)'.includes(this.#peek())) items.push(this.#repeated(anyCase));
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #repeated(anyCase: boolean): Pattern {
    let item = this.#atom(anyCase);
    for (;;) {
      const bounds = this.#bounds();
      if (!bounds) return item;
      if (this.#peek() === '?') this.fail('a lazy quantifier has no meaning here: every match counts');
      item = { kind: 'repeat', item, ...bounds };
    }
  }

  #bounds(): { min: number; max: number } | null {
    if (this.#take('?')) return { min: 0, max: 1 };
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#peek() !== '{') return null;
    const counted = /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at));
    if (!counted) this.fail('a "{" that begins no count must be written "\\{"');
    this.#at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === '' ? Number.POSITIVE_INFINITY : Number(counted[3]);
    if (max < min) this.fail('a count whose end is below its start');
    if (min > repeatMax || (max !== Number.POSITIVE_INFINITY && max > repeatMax))
      this.fail(`a count over ${repeatMax}`);
    return { min, max };
  }

  #atom(anyCase: boolean): Pattern {
    const sign = this.#next();
    const set = (found: CharSet): Pattern => ({ kind: 'set', set: anyCase ? bothCases(found) : found });
    switch (sign) {
      case '(':
        return this.#group(anyCase);
      case '[':
        return set(this.#class(anyCase));
      case '.':
        return set(
          complement([
            [0x0a, 0x0a],
            [0x0d, 0x0d],
          ]),
        );
      case '\\':
        return set(this.#escape());
      case '^':
      case '$':
        return this.fail('"^" and "$" are not for patterns: use the left and right conditions of the rule');
      case '*':
      case '+':
      case '?':
      case '{':
        return this.fail('a quantifier with nothing before it');
      default:
        return set(single(sign.charCodeAt(0)));
    }
  }

  #group(outerCase: boolean): Pattern {
    let anyCase = outerCase;
    if (this.#take('?')) {
      if (this.#take('i:')) anyCase = true;
      else if (!this.#take(':')) this.fail('only "(?:" and "(?i:" groups are regular; look-around is not');
    }
    const inner = this.choice(anyCase);
    if (!this.#take(')')) this.fail('a "(" without its ")"');
    return inner;
  }

  #class(anyCase: boolean): CharSet {
    const negated = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.done) this.fail('a "[" without its "]"');
      const from = this.#member();
      if (typeof from !== 'number') {
        ranges.push(...from);
        continue;
      }
      if (this.#peek() === '-' && this.#source[this.#at + 1] !== ']') {
        this.#at++;
        const to = this.#member();
        if (typeof to !== 'number') this.fail('a range that ends in a class');
        if (to < from) this.fail('a range that runs backwards');
        ranges.push([from, to]);
      } else ranges.push([from, from]);
    }
    this.#at++;
    const set = anyCase ? bothCases(charSet(ranges)) : charSet(ranges);
    return negated ? complement(set) : set;
  }

  #member(): number | CharSet {
    const sign = this.#next();
    if (sign !== '\\') return sign.charCodeAt(0);
    const set = this.#escape();
    return set.length === 1 && set[0]![0] === set[0]![1] ? set[0]![0] : set;
  }

  #escape(): CharSet {
    if (this.done) this.fail('a "\\" at the end');
    const sign = this.#next();
    const known = named[sign];
    if (known) return known;
    const control = controls[sign];
    if (control !== undefined) return single(control);
    if (sign === 'x' || sign === 'u') {
      const digits = this.#source.slice(this.#at, this.#at + (sign === 'x' ? 2 : 4));
      if (!/^(?:[0-9a-fA-F]{2}){1,2}$/.test(digits) || digits.length !== (sign === 'x' ? 2 : 4)) {
        this.fail(`an escape "\\${sign}" without its digits`);
      }
      this.#at += digits.length;
      return single(Number.parseInt(digits, 16));
    }
    if (/[1-9k]/.test(sign)) this.fail('a back-reference is not regular');
    if (/[A-Za-z0-9]/.test(sign)) this.fail(`the escape "\\${sign}" is not known here`);
    return single(sign.charCodeAt(0));
  }

  #peek(): string {
    return this.#source[this.#at] ?? '';
  }

  #next(): string {
    return this.#source[this.#at++]!;
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}
