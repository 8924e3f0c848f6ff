import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits, JsonFault, type JsonFaultCode, parse, scan, scanSliced } from '../../src/json/index.ts';
import { SLICE_BYTES } from '../../src/json/scan.ts';
import { Scanner } from '../../src/json/scanner.ts';
import type { Tape } from '../../src/json/tape.ts';
import { expected, jsonText, same, toValue, valueOfText } from './arbitrary.ts';

const read = (text: string | Uint8Array, limits = defaultLimits) =>
  scan(typeof text === 'string' ? Buffer.from(text) : text, limits);

function faultOf(text: string | Uint8Array, limits = defaultLimits): JsonFault {
  try {
    read(text, limits);
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const accepts = (bytes: Uint8Array): { readonly value: unknown } | 'refused' => {
  try {
    return { value: toValue(read(bytes)) };
  } catch (error) {
    if (error instanceof JsonFault) return 'refused';
    throw error;
  }
};

function dump(tape: Tape): number[] {
  const words: number[] = [];
  for (let i = 0; i < tape.count; i++) words.push(tape.start(i), tape.end(i), tape.kind(i), tape.next(i));
  return words;
}

describe('what it reads', () => {
  test('equals what JSON.parse reads', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(same(toValue(read(text)), valueOfText(text))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('every value spans exactly its own spelling', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        const bytes = Buffer.from(text);
        const nodes = [read(bytes)];
        for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
          const spelling = bytes.subarray(node.start, node.end).toString();
          expect(node.spelling()).toBe(spelling);
          expect(spelling).toBe(spelling.trim());
          expect(same(valueOfText(spelling), toValue(node))).toBe(true);
          nodes.push(...node.items(), ...node.entries().map(([, member]) => member));
        }
      }),
    );
  });

  test('numbers keep their spelling', () => {
    for (const spelling of ['1e400', '-0', '9007199254740993', '1.0', '1E+2', '0.10']) {
      const [node] = read(`[ ${spelling} ]`).items();
      expect(node?.spelling()).toBe(spelling);
    }
  });

  test('members keep the order of the text', () => {
    const keys = read('{"b":1,"10":2,"a":3,"2":4}').entries();
    expect(keys.map(([key]) => key)).toEqual(['b', '10', 'a', '2']);
  });

  test('a member is found by its decoded name', () => {
    const root = read('{"\\u0061":1,"é":2,"long name":3}');
    expect(root.get('a')?.number()).toBe(1);
    expect(root.get('é')?.number()).toBe(2);
    expect(root.get('long name')?.number()).toBe(3);
    expect(root.get('long nam')).toBeNull();
    expect(root.get('toString')).toBeNull();
  });

  test('names of the prototype are ordinary data', () => {
    const root = read('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}},"toString":"x"}');
    expect(root.entries().map(([key]) => key)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(root.get('__proto__')?.get('polluted')?.boolean()).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('an escaped name is right, whatever names were read before', () => {
    JSON.parse('{"a":1,"\\\\":2}');
    const names = read('{"a":1,"\\u0062":2,"\\/":3}')
      .entries()
      .map(([key]) => key);
    expect(names).toEqual(['a', 'b', '/']);
    expect(parse(Buffer.from('{"a":1,"\\u0062":2}'), defaultLimits)).toEqual({ a: 1, b: 2 });
  });

  test('parse gives the same value as the nodes do', () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(same(parse(Buffer.from(text), defaultLimits), valueOfText(text))).toBe(true);
      }),
    );
  });

  test('the wrong type reads as null or empty', () => {
    const root = read('["x",1,true,{}]');
    const [text, number, flag, object] = root.items();
    expect([text?.number(), text?.boolean(), number?.string(), flag?.number(), flag?.string()]).toEqual(
      Array(5).fill(null),
    );
    expect([root.get('0'), text?.get('x'), object?.string()]).toEqual([null, null, null]);
    expect([text?.items(), object?.items(), root.entries()]).toEqual([[], [], []]);
  });

  test('bytes that lie inside a larger buffer are read at their own offsets', () => {
    const whole = Buffer.from('xx{"a":"é"}yy');
    const root = read(whole.subarray(2, whole.length - 2));
    expect([root.start, root.end, root.get('a')?.string()]).toEqual([0, 10, 'é']);
  });

  test('a string says its decoded text, however it is spelled', () => {
    const nodes = read('["user","us\\u0065r","\u00e9","user1",{"user":1},1]').items();
    expect(nodes.map((node) => node.says('user'))).toEqual([true, true, false, false, false, false]);
    expect(nodes[2]!.says('\u00e9')).toBe(true);
    expect(read('1').says('1')).toBe(false);
  });
});

describe('what it refuses', () => {
  test('any text that JSON.parse refuses, and beyond that only what the stricter rules name', () => {
    const mutation = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 2 }),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 2 }),
        fc.constantFrom(...'{}[],:"\\u0eE+-.tfn \u0000').map((text) => Buffer.from(text)),
      ),
    });
    let refused = 0;
    fc.assert(
      fc.property(jsonText, fc.array(mutation, { minLength: 1, maxLength: 3 }), (text, mutations) => {
        let bytes: Uint8Array = Buffer.from(text);
        for (const { at, remove, insert } of mutations) {
          const from = at % (bytes.length + 1);
          bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
        }
        const ours = accepts(bytes);
        if (ours === 'refused') refused++;
        expect(same(ours, expected(bytes))).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(refused).toBeGreaterThan(500);
  });

  test('every text cut short', () => {
    const text = ' {"a":[1.5e-3,true,false,null,"\\u00e9\\ud83d\\ude00\\n é"],"b":{"c":{}}}';
    const bytes = Buffer.from(text);
    expect(accepts(bytes)).not.toBe('refused');
    for (let end = 0; end < bytes.length; end++) {
      const cut = bytes.subarray(0, end);
      const { code } = faultOf(cut);
      expect([end, code]).toEqual([end, end < 2 ? 'empty' : cutsCharacter(cut) ? 'utf8' : 'truncated']);
    }
  });

  const cutsCharacter = (bytes: Uint8Array) => bytes.at(-1) === 0xc3;

  const faults: readonly (readonly [name: string, text: string | Uint8Array, code: JsonFaultCode, offset: number])[] = [
    ['nothing', '', 'empty', 0],
    ['white space alone', ' \n', 'empty', 2],
    ['a byte order mark', '\ufeff{}', 'bom', 0],
    ['UTF-16 with its mark', Buffer.from('\ufeff{}', 'utf16le'), 'utf8', 0],
    ['a byte that is not UTF-8', Buffer.from('5b2261ff225d', 'hex'), 'utf8', 3],
    ['an overlong encoding', Buffer.from('22c0af22', 'hex'), 'utf8', 1],
    ['a surrogate in UTF-8', Buffer.from('22eda08022', 'hex'), 'utf8', 1],
    ['a character cut off', Buffer.from('22e282', 'hex'), 'utf8', 1],
    ['a second value', '{} {}', 'trailing', 3],
    ['a NUL behind the value', '{}\0', 'trailing', 2],
    ['a raw line break in a string', '"a\nb"', 'control', 2],
    ['an unknown escape', '"\\x41"', 'escape', 1],
    ['an escape that is not hexadecimal', '"\\u00g0"', 'escape', 1],
    ['half a pair, high', '"\\ud800"', 'surrogate', 1],
    ['half a pair, low', '"\\udc00"', 'surrogate', 1],
    ['a high half before something else', '"\\ud800\\n"', 'surrogate', 1],
    ['two low halves', '"\\udc00\\udc00"', 'surrogate', 1],
    ['two high halves', '"\\ud800\\ud800"', 'surrogate', 1],
    ['half a pair in a name', '{"\\ud800":1}', 'surrogate', 2],
    ['a leading zero', '[01]', 'unexpected', 2],
    ['a leading plus', '[+1]', 'unexpected', 1],
    ['a bare point', '[1.]', 'number', 3],
    ['a bare exponent', '[1e]', 'number', 3],
    ['a lone minus', '[-]', 'number', 2],
    ['NaN', '[NaN]', 'unexpected', 1],
    ['a literal in capitals', '[True]', 'unexpected', 1],
    ['a literal misspelled', '[nul1]', 'unexpected', 4],
    ['a trailing comma in an array', '[1,]', 'unexpected', 3],
    ['a trailing comma in an object', '{"a":1,}', 'unexpected', 7],
    ['a missing comma', '[1 2]', 'unexpected', 3],
    ['a missing colon', '{"a" 1}', 'unexpected', 5],
    ['a name without quotes', '{a:1}', 'unexpected', 1],
    ['single quotes', "['a']", 'unexpected', 1],
    ['a comment', '[1/**/]', 'unexpected', 2],
    ['brackets crossed', '[1}', 'unexpected', 2],
    ['a closing bracket alone', ']', 'unexpected', 0],
    ['a no-break space', '[\u00a01]', 'unexpected', 1],
  ];
  test.each(faults)('%s', (_name, text, code, offset) => {
    const fault = faultOf(text);
    expect([fault.code, fault.offset]).toEqual([code, offset]);
  });

  test('every control character in a string', () => {
    for (let unit = 0; unit < 0x20; unit++) {
      expect(faultOf(`"${String.fromCharCode(unit)}"`)).toMatchObject({ code: 'control', offset: 1 });
    }
    expect(read('"\u0020\u007f"').string()).toBe('\u0020\u007f');
  });

  test('a fault names the position and never the content', () => {
    expect(faultOf('{"secret":"hunter2"').message).toBe('the text ends inside a value at byte 19');
    expect(faultOf('{"hunter2":1,"hunter2":2}').message).not.toContain('hunter2');
  });

  test('an invalid byte is found wherever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ unit: 'grapheme' }), (before, after) => {
        const head = Buffer.from(JSON.stringify(before).slice(0, -1));
        const fault = faultOf(Buffer.concat([head, Buffer.from([0xff]), Buffer.from(JSON.stringify(after).slice(1))]));
        expect([fault.code, fault.offset]).toEqual(['utf8', head.length]);
      }),
    );
  });
});

describe('duplicate names', () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `"key${i}":${i}`).join(',');

  test.each([
    ['spelled alike', '{"a":1,"a":2}'],
    ['one of them escaped', '{"a":1,"\\u0061":2}'],
    ['both escaped differently', '{"\\/":1,"\\u002f":2}'],
    ['outside ASCII', '{"é":1,"\\u00e9":2}'],
    ['a surrogate pair', '{"😀":1,"\\ud83d\\ude00":2}'],
    ['empty', '{"":1,"":2}'],
    ['of the prototype', '{"__proto__":1,"__proto__":2}'],
    ['deep inside', '[{"x":{"b":[{"a":{},"a":{}}]}}]'],
    ['with an object between', '{"a":{"a":1},"a":2}'],
    ['the last of sixteen', `{${many(15)},"key3":0}`],
    ['the seventeenth', `{${many(16)},"key3":0}`],
    ['in a large object', `{${many(500)},"\\u006bey3":0}`],
  ])('%s', (_name, text) => {
    expect(faultOf(text).code).toBe('duplicate_key');
  });

  test('are no duplicates in different objects', () => {
    expect(accepts(Buffer.from('[{"a":{"a":1,"b":{"a":1}}},{"a":1}]'))).not.toBe('refused');
    expect(accepts(Buffer.from(`[{${many(40)}},{${many(40)}}]`))).not.toBe('refused');
  });

  test('names that differ only in Unicode form are different', () => {
    expect(accepts(Buffer.from('{"\u00e9":1,"e\u0301":2}'))).not.toBe('refused');
  });
});

describe('limits', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const names = (count: number) => `[${Array.from({ length: count }, (_, i) => `{"${i}":0}`).join(',')}]`;

  test('depth: 64 is read, 65 and 10,000 are refused where they go too far', () => {
    expect(accepts(Buffer.from(nested(64)))).not.toBe('refused');
    expect(faultOf(nested(65))).toMatchObject({ code: 'depth', offset: 64 });
    expect(faultOf(nested(10_000))).toMatchObject({ code: 'depth', offset: 64 });
    expect(faultOf(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`).code).toBe('depth');
  });

  test('names: 100,000 are read, one more and a million are refused', () => {
    expect(read(names(100_000)).items()).toHaveLength(100_000);
    expect(faultOf(names(100_001)).code).toBe('keys');
    expect(faultOf(`{${Array.from({ length: 1_000_000 }, (_, i) => `"${i}":0`).join(',')}}`).code).toBe('keys');
  });

  test('values are counted without the names', () => {
    const limits = { ...defaultLimits, values: 4 };
    expect(read('{"a":1,"b":[2]}', limits).entries()).toHaveLength(2);
    expect(faultOf('{"a":1,"b":[2,3]}', limits)).toMatchObject({ code: 'values', offset: 14 });
  });

  test('the length of a name and of a number', () => {
    expect(faultOf(`{"${'a'.repeat(10_000)}":1}`)).toMatchObject({ code: 'key_length', offset: 1 });
    expect(faultOf(`[${'9'.repeat(5000)}]`)).toMatchObject({ code: 'number_length', offset: 1 });
    expect(faultOf(`[0.${'9'.repeat(5000)}]`).code).toBe('number_length');
    expect(read(`[${'9'.repeat(1000)}]`).items()).toHaveLength(1);
  });
});

describe('slices', () => {
  test('cut anywhere, the result and the fault are the same', () => {
    const mangled = fc
      .tuple(jsonText, fc.nat(), fc.constantFrom('', '"', '\\', '{', ',', '0'))
      .map(([text, at, extra]) => {
        const from = at % (text.length + 1);
        return Buffer.from(text.slice(0, from) + extra + text.slice(from));
      });
    const outcome = (bytes: Uint8Array, budget: number) => {
      const scanner = new Scanner(bytes, defaultLimits);
      try {
        while (!scanner.step(budget));
        return dump(scanner.tape);
      } catch (error) {
        if (error instanceof JsonFault) return [error.code, error.offset];
        throw error;
      }
    };
    fc.assert(
      fc.property(mangled, fc.integer({ min: 1, max: 9 }), (bytes, budget) => {
        expect(outcome(bytes, budget)).toEqual(outcome(bytes, Number.POSITIVE_INFINITY));
      }),
      { numRuns: 2000 },
    );
  });

  const large: readonly (readonly [string, () => string])[] = [
    ['one string', () => JSON.stringify('x'.repeat(32 << 20))],
    ['one string of escapes', () => `"${'\\n'.repeat(16 << 20)}"`],
    ['white space', () => `${' '.repeat(32 << 20)}1`],
    ['text outside ASCII', () => JSON.stringify('é'.repeat(16 << 20))],
    ['many messages', () => JSON.stringify(Array(30_000).fill({ role: 'user', content: 'x'.repeat(1000) }))],
  ];
  test.each(large)('no slice of a 32 MB body is large: %s', (_name, make) => {
    const bytes = Buffer.from(make());
    const scanner = new Scanner(bytes, defaultLimits);
    let before = 0;
    for (let done = false; !done; before = scanner.position) {
      done = scanner.step(SLICE_BYTES);
      expect(scanner.position - before).toBeLessThanOrEqual(SLICE_BYTES + 1024);
    }
    expect(scanner.position).toBe(bytes.length);
  });

  test('others get their turn between slices', async () => {
    const bytes = Buffer.from(JSON.stringify('x'.repeat(16 << 20)));
    let turns = 0;
    let running = true;
    const count = () => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    const root = await scanSliced(bytes, defaultLimits);
    running = false;
    expect(root.string()).toHaveLength(16 << 20);
    expect(turns).toBeGreaterThanOrEqual((16 << 20) / SLICE_BYTES);
  });

  test('a body of one slice waits for no turn', async () => {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await scanSliced(Buffer.from('{"a":1}'), defaultLimits);
    expect(turned).toBe(false);
  });

  test('a fault rejects', async () => {
    await expect(async () => scanSliced(Buffer.from('{"a"'), defaultLimits)).rejects.toMatchObject({
      code: 'truncated',
      offset: 4,
    });
  });
});
