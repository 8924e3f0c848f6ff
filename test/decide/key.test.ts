import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRanks, keyText, twinOf } from '../../src/decide/key.ts';
import type { Reads } from '../../src/model/decision.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';

const ranks = createRanks([10], { limits: [5] });
const key = (value: Json, reads: Reads) => keyText(value, reads, ranks);
const only = (members: { readonly [name: string]: Reads }, each: Reads | null = null): Reads => ({ members, each });

const names = fc.constantFrom('a', 'b', '__proto__', 'constructor', '0');
const { reads } = fc.letrec<{ reads: Reads }>((tie) => ({
  reads: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Reads>('value', 'order'),
    fc.record({
      members: fc.dictionary(names, tie('reads'), { maxKeys: 3 }),
      each: fc.option(tie('reads')),
    }) as fc.Arbitrary<Reads>,
  ),
}));
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>(0, 5, 7, 10, 11, -1, null, true, 'a', '5', 'absent'),
    fc.array(tie('json'), { maxLength: 3 }) as fc.Arbitrary<Json>,
    fc.dictionary(names, tie('json'), { maxKeys: 3 }) as fc.Arbitrary<Json>,
  ),
}));

describe('the key of an input', () => {
  it('changes with a member that is read, and with no other', () => {
    const read = only({ model: 'value', client: only({ app: 'value' }) });
    const input = { model: 'm', client: { app: 'cli', version: '1' }, bytes: 5 };
    const same = key(input, read);
    expect(key({ ...input, bytes: 6, client: { app: 'cli', version: '2' } }, read)).toBe(same);
    expect(key({ ...input, model: 'n' }, read)).not.toBe(same);
    expect(key({ ...input, client: { app: null, version: '1' } }, read)).not.toBe(same);
    expect(key({ ...input, client: null }, read)).not.toBe(same);
    expect(key({ client: input.client }, read)).not.toBe(same);
  });

  it('changes with a number that is compared only where a limit is met or passed', () => {
    const keys = [1, 4.9, 5, 5.1, 9, 10, 11, 1e9].map((number) => key({ number }, only({ number: 'order' })));
    const [low, alsoLow, five, between, alsoBetween, ten, high, alsoHigh] = keys;
    expect([low, between, high]).toEqual([alsoLow, alsoBetween, alsoHigh]);
    expect(new Set([low, five, between, ten, high]).size).toBe(5);
  });

  it('keeps apart what has the same text or is not there', () => {
    const values: Json[] = [null, 'absent', ['absent'], 1, '1', [], {}, [null], { a: null }, 'rank', true];
    for (const read of [only({ a: 'value' }), only({}, 'order'), only({ a: only({}, 'value') }, 'value')]) {
      const keys = [{}, ...values.map((a) => ({ a }))].map((value) => key(value, read));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it('counts the members where all are looked at', () => {
    const read = only({}, only({ x: 'order' }));
    expect(key([{ x: 1 }, { x: 2 }], read)).toBe(key([{ x: 3 }, { x: 4, y: 1 }], read));
    expect(key([{ x: 1 }], read)).not.toBe(key([{ x: 1 }, { x: 1 }], read));
    expect(key([{ x: 1 }], read)).not.toBe(key({ '0': { x: 1 } }, read));
  });

  it('is the same for the twin of an input, whatever is read of it', () => {
    let different = 0;
    fc.assert(
      fc.property(json, reads, (value, read) => {
        const twin = twinOf(value, read, ranks);
        expect(key(twin, read)).toBe(key(value, read));
        if (JSON.stringify(twin) !== JSON.stringify(value)) different += 1;
      }),
      { numRuns: 2000 },
    );
    expect(different).toBeGreaterThan(100);
  });

  it('tells all of an input that is read whole', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(key(a, 'value') === key(b, 'value')).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it('takes what is no finite number as what policy gets of it', () => {
    const read = only({ number: 'order' });
    expect(key({ number: Number.NaN } as JsonObject, read)).toBe(key({ number: null }, read));
  });
});
