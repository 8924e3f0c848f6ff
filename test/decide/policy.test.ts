import { beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/decide/index.ts';
import type { ActivePolicy, PolicyBundle, Reads } from '../../src/model/decision.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { builtinContent, fixtureWasm } from './fixtures/load.ts';

let bundle: PolicyBundle;
let policy: ActivePolicy;
beforeAll(async () => {
  bundle = await builtinContent();
  policy = loadPolicy(bundle);
});

const chunk = (detections: { [name: string]: number }, thresholds: { [name: string]: number }) =>
  ({ v: 1, kind: 'text_delta', detections, thresholds, excerpt: null }) as const;

describe('an active policy', () => {
  it('names the bundle it came from', () => {
    expect(policy).toMatchObject({ bundle: 'baseline', version: bundle.version, revision: bundle.revision });
  });

  it('refuses with POLICY_UNAVAILABLE where policy contradicts itself', () => {
    const data = { ...(bundle.data as object), limits: { max_output_tokens: { developers: 'many' } } };
    const broken = loadPolicy({ ...bundle, data, corpus: bundle.corpus.filter(({ point }) => point === 'chunk') });
    const { input } = bundle.corpus.find(({ point }) => point === 'request')!;
    expect(() => broken.decide('request', input)).toThrow(expect.objectContaining({ code: 'POLICY_UNAVAILABLE' }));
  });

  it('gives the same chunk decision from the cache as from the engine', () => {
    const thresholds = { email: 2 };
    for (const count of [0, 1, 2, 3, 2, 3]) {
      const input = chunk({ email: count }, thresholds);
      expect(policy.decideChunk(input)).toEqual(policy.decide('chunk', { ...input }));
      expect(policy.decideChunk(input)).toBe(policy.decideChunk(input));
    }
  });

  it('keeps chunk decisions under different thresholds apart', () => {
    expect(policy.decideChunk(chunk({ email: 3 }, { email: 2 })).effect).toBe('deny');
    expect(policy.decideChunk(chunk({ email: 3 }, { email: 5 })).effect).toBe('allow');
    expect(policy.decideChunk(chunk({ email: 3 }, { email: 2 })).effect).toBe('deny');
  });

  it('goes on deciding rightly after more keys than the cache holds', () => {
    for (let i = 0; i < 5000; i++) policy.decideChunk(chunk({ email: i }, { email: 2 }));
    expect(policy.decideChunk(chunk({ email: 2 }, { email: 2 })).effect).toBe('allow');
    expect(policy.decideChunk(chunk({ email: 4999 }, { email: 2 })).effect).toBe('deny');
  });
});

describe('a decision from the cache', () => {
  const request = () => bundle.corpus.find(({ point }) => point === 'request')!.input;
  const fields = (change: JsonObject) => {
    const input = request();
    return { ...input, request: { ...(input.request as JsonObject), ...change } };
  };
  /** The built-in bundle as if its request decision read nothing but these members; its corpus then asks other points. */
  const reading = (members: { readonly [name: string]: Reads }) => ({
    ...bundle,
    reads: { module: '', numbers: [], entrypoints: { 'sallyport/request': { members, each: null } } },
    corpus: bundle.corpus.filter(({ point }) => point === 'chunk'),
  });

  it('is made anew for a member that is read, and not for one that is not', () => {
    const model = { members: { model: 'value' }, each: null } as const;
    const { decide } = loadPolicy(reading({ request: model }));
    expect(decide('request', request()).effect).toBe('allow');
    expect(decide('request', fields({ model: 'other-1' })).effect).toBe('deny');
    // Policy would refuse this tool, if it were asked: nothing but the model is said to be read.
    expect(decide('request', fields({ server_tools: [{ type: 'code_execution_20250825', name: 'x' }] })).effect).toBe(
      'allow',
    );
    expect(
      policy.decide('request', fields({ server_tools: [{ type: 'code_execution_20250825', name: 'x' }] })).effect,
    ).toBe('deny');
  });

  it('is made anew for a number that passes a limit of the data', () => {
    const bytes = { members: { bytes: 'order' }, each: null } as const;
    const { decide } = loadPolicy(reading({ request: bytes }));
    const effects = [1000, 19_999_999, 20_000_000, 20_000_001, 5000].map(
      (size) => decide('request', fields({ bytes: size })).effect,
    );
    expect(effects).toEqual(['allow', 'allow', 'allow', 'require_approval', 'allow']);
  });

  it('is kept apart by point, and never kept where policy failed', () => {
    const data = { ...(bundle.data as JsonObject), limits: { max_output_tokens: { developers: 'many', agents: 5 } } };
    const { decide } = loadPolicy({ ...reading({ principal: 'value' }), data });
    for (let i = 0; i < 3; i++) {
      expect(() => decide('request', request())).toThrow(expect.objectContaining({ code: 'POLICY_UNAVAILABLE' }));
      const agent = { ...(request().principal as JsonObject), groups: ['agents'] };
      expect(decide('request', { ...request(), principal: agent }).limits.max_output_tokens).toBe(5);
    }
  });

  it('does not come from a bundle that leaves out something its corpus is decided by', () => {
    const reads = reading({ action: 'value', principal: 'value', request: 'value' }).reads;
    expect(() => loadPolicy({ ...bundle, reads })).toThrow('more than reads.json says');
  });
});

describe('loading a bundle', () => {
  it('refuses one whose corpus gives another effect, and says which case', () => {
    const wrong = { ...bundle.corpus[0]!, name: 'wrong', effect: 'require_approval' as const };
    expect(() => loadPolicy({ ...bundle, corpus: [wrong] })).toThrow(/self-test "wrong" gives/);
  });

  it('refuses one whose corpus gives other rules', () => {
    const wrong = { ...bundle.corpus[0]!, rules: ['other'] };
    expect(() => loadPolicy({ ...bundle, corpus: [wrong] })).toThrow('instead of other');
  });

  it('refuses one without a corpus, without the entrypoints, or with a host builtin', () => {
    expect(() => loadPolicy({ ...bundle, corpus: [] })).toThrow('corpus');
    expect(() => loadPolicy({ ...bundle, wasm: fixtureWasm('conflict') })).toThrow('sallyport/request');
    expect(() => loadPolicy({ ...bundle, wasm: fixtureWasm('hosted') })).toThrow('sprintf');
  });
});
