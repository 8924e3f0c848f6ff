import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readArchive } from '../../src/bundle/index.ts';
import { createEngine, type Engine } from '../../src/decide/engine.ts';
import { createRanks, keyText, type Ranks, twinOf } from '../../src/decide/key.ts';
import type { PolicyReads } from '../../src/model/decision.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { run } from '../../tools/policies/opa.ts';
import type { Plan } from '../../tools/policies/plan.ts';
import { readsOf } from '../../tools/policies/reads.ts';
import { withProgram } from '../servers/gate.ts';
import { data, inputs, randomPolicies } from './fixtures/random_rego.ts';

interface Built {
  readonly engine: Engine;
  readonly reads: Pick<PolicyReads, 'numbers' | 'entrypoints'>;
  readonly ranks: Ranks;
}

/** Packages `p0`, `p1` … with the entrypoint `answer` each, as module and as plan. */
async function build(policies: readonly string[], beside: JsonObject = {}): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reads-'));
  try {
    for (const [index, text] of policies.entries())
      writeFileSync(join(folder, `p${index}.rego`), `package p${index}\n${text}`);
    writeFileSync(join(folder, 'data.json'), JSON.stringify(beside));
    const entrypoints = policies.map((_, index) => `p${index}/answer`);
    const opaBuild = async (target: string) => {
      run('opa', folder, [
        'build',
        '-t',
        target,
        '-b',
        '.',
        ...entrypoints.flatMap((name) => ['-e', name]),
        '-o',
        'b.tar.gz',
      ]);
      return readArchive(readFileSync(join(folder, 'b.tar.gz')));
    };
    const wasm = (await opaBuild('wasm')).get('policy.wasm')!;
    rmSync(join(folder, 'b.tar.gz'));
    const plan = JSON.parse(Buffer.from((await opaBuild('plan')).get('plan.json')!).toString());
    const reads = readsOf(plan, entrypoints);
    return { engine: createEngine(wasm, beside), reads, ranks: createRanks(reads.numbers, beside) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const readsOfOne = async (policy: string) => (await build([policy])).reads.entrypoints['p0/answer'];
const only = (name: string, reads: unknown) => ({ members: { [name]: reads }, each: null });

/** What a policy says of an input, sets in one order; `undefined` and `conflict` are answers too. */
function answer(engine: Engine, entrypoint: string, input: JsonObject): string {
  try {
    const result = engine.evaluate(entrypoint, input);
    return JSON.stringify(Array.isArray(result) ? result.map((entry) => JSON.stringify(entry)).sort() : result);
  } catch (thrown) {
    return String(thrown).includes('undefined') ? 'undefined' : 'conflict';
  }
}

withProgram('opa', 'what a policy reads', () => {
  describe('what a policy reads', () => {
    it('is a member, and nothing beside it', async () => {
      expect(await readsOfOne('answer if input.a.b == "x"')).toEqual(only('a', only('b', 'value')));
    });

    it('is only the order of a number that is compared with constants and data', async () => {
      const reads = await build(['answer if {\n\tinput.a > 5\n\tinput.a <= data.limits[input.b]\n}']);
      expect(reads.reads.entrypoints['p0/answer']).toEqual({ members: { a: 'order', b: 'value' }, each: null });
      expect(reads.reads.numbers).toContain(5);
    });

    it.each([
      ['another member', 'answer if input.a > input.b', { members: { a: 'value', b: 'value' }, each: null }],
      ['what is computed', 'answer if input.a > count(data.list)', only('a', 'value')],
      ['an index of a list', 'answer if {\n\tsome i, _ in data.list\n\tinput.a > i\n}', only('a', 'value')],
      ['equality', 'answer if {\n\tinput.a > 1\n\tinput.a == 7\n}', only('a', 'value')],
      ['inequality', 'answer if {\n\tinput.a > 1\n\tinput.a != 7\n}', only('a', 'value')],
      ['a table', 'answer if {\n\tinput.a > 1\n\tdata.table[input.a]\n}', only('a', 'value')],
      [
        'a constant here and a count there',
        '_over(x, y) if x > y\nanswer if _over(input.a, 1)\nanswer if _over(input.a, count(data.list))',
        only('a', 'value'),
      ],
    ])('is the number itself where it meets %s', async (_, policy, reads) => {
      expect(await readsOfOne(policy)).toEqual(reads);
    });

    it('is every member where the name is not known when it is built', async () => {
      const each = { members: {}, each: 'order' };
      expect(await readsOfOne('answer if {\n\tsome k, limit in data.limits\n\tinput.a[k] > limit\n}')).toEqual(
        only('a', each),
      );
      expect(await readsOfOne('answer if {\n\tsome _, v in input.a\n\tv > 3\n}')).toEqual(only('a', each));
    });

    it('is followed through variables, functions and results of rules', async () => {
      const policy = '_a := input.a\n_of(x) := x.c\n_over(x, y) if x > y\nanswer if _over(_of(_a.b), data.limit)';
      expect(await readsOfOne(policy)).toEqual(only('a', only('b', only('c', 'order'))));
    });

    it('is all of what goes into a builtin, a set or the result', async () => {
      expect(await readsOfOne('answer if count(input.a) > 1')).toEqual(only('a', 'value'));
      expect(await readsOfOne('answer contains input.a if input.a.b > 1')).toEqual(only('a', 'value'));
      expect(await readsOfOne('answer := object.get(input, "a", 1)')).toBe('value');
    });

    it('is what an earlier round of a loop left in a local', () => {
      const local = (value: number) => ({ type: 'local' as const, value });
      const name = { type: 'string_index' as const, value: 0 };
      const stmts = [
        { type: 'DotStmt', stmt: { source: local(0), key: name, target: 2 } },
        { type: 'MakeNumberIntStmt', stmt: { value: 5, target: 3 } },
        { type: 'CallStmt', stmt: { func: 'gt', args: [local(2), local(3)], result: 4 } },
        {
          type: 'ScanStmt',
          stmt: {
            source: 1,
            key: 5,
            value: 6,
            block: {
              stmts: [
                { type: 'CallStmt', stmt: { func: 'count', args: [local(7)], result: 8 } },
                { type: 'AssignVarStmt', stmt: { source: local(2), target: 7 } },
              ],
            },
          },
        },
      ];
      const plans = { plans: [{ name: 'answer', blocks: [{ stmts }] }] };
      const plan = { static: { strings: [{ value: 'a' }] }, plans, funcs: { funcs: [] } } as unknown as Plan;
      expect(readsOf(plan, ['answer']).entrypoints.answer).toEqual(only('a', 'value'));
    });

    it('cannot be told where input or data is replaced', async () => {
      expect(await readsOfOne('_a if input.a > 1\nanswer if _a with input as {"a": input.b}')).toBeUndefined();
      expect(await readsOfOne('_a if input.a > data.b\nanswer if _a with data.b as input.c')).toBeUndefined();
    });
  });

  describe('two inputs with the same key', () => {
    it('get the same answer, whatever the policy', { timeout: 120_000 }, async () => {
      const { engine, reads, ranks } = await build(randomPolicies(100, 7), data);
      let met = 0;
      for (const [entrypoint, read] of Object.entries(reads.entrypoints)) {
        const answers = new Map<string, string>();
        for (const input of fc.sample(inputs, { numRuns: 100, seed: 11 }) as JsonObject[]) {
          for (const each of [input, twinOf(input, read, ranks) as JsonObject]) {
            const key = keyText(each, read, ranks);
            const given = answer(engine, entrypoint, each);
            const before = answers.get(key);
            if (before !== undefined) met += 1;
            expect([entrypoint, each, before ?? given]).toEqual([entrypoint, each, given]);
            answers.set(key, given);
          }
        }
      }
      // Keys that all differ would prove nothing.
      expect(met).toBeGreaterThan(10_000);
    });
  });
});

describe('the rank of a number', () => {
  const numbers = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true })), { maxLength: 6 });
  it('is equal for two numbers exactly where no constant tells them apart', () => {
    fc.assert(
      fc.property(
        numbers,
        fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double()),
        fc.integer({ min: -4, max: 4 }),
        (constants, a, b) => {
          const ranks = createRanks(constants.slice(1), { deep: [constants[0] ?? 0] } as Json);
          const all = [...constants, ...(constants.length > 0 ? [] : [0])];
          const apart = all.some((constant) => a < constant !== b < constant || a > constant !== b > constant);
          if (Number.isFinite(a)) expect(ranks.of(a) === ranks.of(b)).toBe(!apart);
        },
      ),
    );
  });
});
