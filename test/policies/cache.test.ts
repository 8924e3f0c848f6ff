import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { BundleContent } from '../../src/bundle/index.ts';
import { loadPolicy } from '../../src/decide/index.ts';
import { createRanks, keyText } from '../../src/decide/key.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { builtinContent } from '../decide/fixtures/load.ts';

let content: BundleContent;
beforeAll(async () => {
  content = await builtinContent();
});

/** An input of the corpus with one member, at any depth, as another input of that point has it, or as none would. */
function changed(input: JsonObject, other: JsonObject, steps: readonly number[], odd: Json): JsonObject {
  const names = [...new Set([...Object.keys(input), ...Object.keys(other)])];
  const [step, ...deeper] = steps;
  const name = names[step! % names.length]!;
  const [own, theirs] = [input[name], other[name]];
  if (deeper.length > 0 && isObject(own)) {
    return { ...input, [name]: changed(own, isObject(theirs) ? theirs : {}, deeper, odd) };
  }
  return { ...input, [name]: theirs === undefined || JSON.stringify(theirs) === JSON.stringify(own) ? odd : theirs };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

describe('the decisions of the built-in bundle', () => {
  it('are the same from the cache as from the engine, for any input', () => {
    const cached = loadPolicy(content);
    const plain = loadPolicy({ ...content, reads: null });
    const asked = content.corpus.filter(({ point }) => point === 'request' || point === 'tool_use');
    const odd = fc.constantFrom<Json>(
      null,
      0,
      1,
      20_000_001,
      'agents',
      ['developers', 'agents'],
      { email: 1 },
      { user: { credential: 3 } },
    );
    const change = fc.tuple(fc.nat(), fc.array(fc.nat(40), { minLength: 3, maxLength: 3 }), odd);
    const given = (decide: () => unknown): unknown => {
      try {
        return decide();
      } catch (thrown) {
        return String(thrown);
      }
    };
    fc.assert(
      fc.property(fc.nat(), fc.array(change, { maxLength: 3 }), (start, changes) => {
        const { point, input } = asked[start % asked.length]!;
        const others = asked.filter((example) => example.point === point);
        const asking = changes.reduce(
          (before, [at, steps, value]) => changed(before, others[at % others.length]!.input, steps, value),
          input as JsonObject,
        );
        expect(given(() => cached.decide(point, asking))).toEqual(given(() => plain.decide(point, asking)));
      }),
      { numRuns: 3000 },
    );
  });

  it('are one for a conversation that grows', () => {
    const { reads, data, corpus } = content;
    const ranks = createRanks(reads!.numbers, data);
    const [{ input }] = corpus.filter(({ point }) => point === 'request') as unknown as [{ input: JsonObject }];
    const keys = Array.from({ length: 200 }, (_, turn) => {
      const request = { ...(input.request as JsonObject), message_count: 2 * turn + 101, bytes: 200_000 + 4000 * turn };
      const now = { ...(input.now as JsonObject), minutes: 29_930_000 + turn };
      return keyText(
        { ...input, now, request, conversation: { id: 'one', turn } },
        reads!.entrypoints['sallyport/request']!,
        ranks,
      );
    });
    expect(new Set(keys).size).toBe(1);
  });
});
