import { beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/decide/index.ts';
import type { ActivePolicy, PolicyBundle } from '../../src/model/decision.ts';
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
