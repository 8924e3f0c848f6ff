import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { JsonNode } from '../../src/model/body.ts';

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });

const hex4 = (unit: number) => unit.toString(16).padStart(4, '0');
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'grapheme' }).filter((text) => !/["\\\u0000-\u001f]/.test(text)) },
  { weight: 2, arbitrary: fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t') },
  fc.integer({ min: 0, max: 0xd7ff }).map((unit) => `\\u${hex4(unit)}`),
  fc.integer({ min: 0xe000, max: 0xffff }).map((unit) => `\\u${hex4(unit).toUpperCase()}`),
  fc
    .tuple(fc.integer({ min: 0xd800, max: 0xdbff }), fc.integer({ min: 0xdc00, max: 0xdfff }))
    .map(([high, low]) => `\\u${hex4(high)}\\u${hex4(low)}`),
  fc.constantFrom('\u2028', '\u007f', '\ufeff', '\u{1f600}', '__proto__'),
);

/** The spelling of a string. */
export const stringText = fc.array(piece, { maxLength: 5 }).map((pieces) => `"${pieces.join('')}"`);

const nat = fc.oneof(
  fc.constant('0'),
  fc.tuple(fc.integer({ min: 1, max: 9 }), digits(0)).map(([a, b]) => `${a}${b}`),
);
function digits(minLength: number) {
  return fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength: 20 });
}

/** The spelling of a number. */
export const numberText = fc.oneof(
  fc.constantFrom('1e400', '-0', '9007199254740993', '1.0', '-0.0e-0', '1E+2', '0e0', '123456789012345678901234567890'),
  fc
    .tuple(
      fc.constantFrom('', '-'),
      nat,
      fc.oneof(
        fc.constant(''),
        digits(1).map((text) => `.${text}`),
      ),
      fc.oneof(
        fc.constant(''),
        fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), digits(1)).map((parts) => parts.join('')),
      ),
    )
    .map((parts) => parts.join('')),
);

const joined = (items: readonly string[], around: readonly [string, string]) => around[0] + items.join(',') + around[1];

/** Spellings of JSON texts without duplicate names, with white space and escapes of every kind. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc
    .tuple(
      space,
      fc.oneof(
        { maxDepth: 4, depthSize: 'small' },
        fc.oneof(stringText, numberText, fc.constantFrom('true', 'false', 'null')),
        fc
          .tuple(fc.array(tie('value'), { maxLength: 5 }), space)
          .map(([items, gap]) => joined(items, [`[${gap}`, ']'])),
        fc
          .uniqueArray(fc.tuple(stringText, tie('value'), space, space), {
            maxLength: 20,
            selector: ([key]) => JSON.parse(key) as string,
          })
          .map((members) =>
            joined(
              members.map(([key, value, a, b]) => `${a}${key}${b}:${value}`),
              ['{', '}'],
            ),
          ),
      ),
      space,
    )
    .map((parts) => parts.join('')),
})).value;

/** The JavaScript value of a node. */
export function toValue(node: JsonNode): unknown {
  switch (node.type) {
    case 'object':
      return Object.fromEntries(node.entries().map(([key, value]) => [key, toValue(value)]));
    case 'array':
      return node.items().map(toValue);
    case 'string':
      return node.string();
    case 'number':
      return node.number();
    case 'boolean':
      return node.boolean();
    case 'null':
      return null;
  }
}

/**
 * What a strict reader must say of these bytes: the value, or refused. Built on JSON.parse, not on our scanner, but
 * never gives it a property name: V8 14.6 misreads escaped names once it has seen the name of one backslash
 * (nodejs/node#63785). Names are parsed as strings of their own, and stand in the text as `k0`, `k1` …
 */
export function expected(bytes: Uint8Array): { readonly value: unknown } | 'refused' {
  const names: string[] = [];
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const renamed = text.replace(/"(?:[^"\\]|\\.)*"/gs, (literal: string, at: number) => {
      if (!/^[ \t\n\r]*:/.test(text.slice(at + literal.length))) return literal;
      return `"k${names.push(JSON.parse(literal) as string) - 1}"`;
    });
    return { value: named(JSON.parse(renamed), names) };
  } catch {
    return 'refused';
  }
}

/** Puts the names back; throws for a name given twice and for text with half a surrogate pair. */
function named(value: unknown, names: readonly string[]): unknown {
  if (typeof value === 'string' && !value.isWellFormed()) throw new Error('half a surrogate pair');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => named(item, names));
  const members = Object.entries(value).map(
    ([key, member]) => [names[Number(key.slice(1))]!, named(member, names)] as const,
  );
  for (const [key] of members) if (!key.isWellFormed()) throw new Error('half a surrogate pair');
  if (new Set(members.map(([key]) => key)).size < members.length) throw new Error('a name given twice');
  return Object.fromEntries(members);
}

/** The value of a text that is known to be right. */
export function valueOfText(text: string): unknown {
  const outcome = expected(Buffer.from(text));
  if (outcome === 'refused') throw new Error('the text is not JSON');
  return outcome.value;
}

export const same = isDeepStrictEqual;
