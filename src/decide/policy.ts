import { GatewayError } from '../errors.ts';
import type { ActivePolicy, ChunkInput, CorpusCase, Decision, Point, PolicyBundle } from '../model/decision.ts';
import type { Json } from '../model/json.ts';
import { checkDecision } from './check.ts';
import { createEngine, type Engine, type EngineOptions, requiredEntrypoints } from './engine.ts';

const cached = 4096;
const warmups = 300;

/**
 * Makes a verified bundle decide: compiles it, refuses unknown builtins and missing entrypoints, runs its corpus and
 * warms it up (about 200 evaluations until V8 has optimised it).
 *
 * @throws Error whose message says what is wrong with the bundle.
 */
export function loadPolicy(bundle: PolicyBundle, options: EngineOptions = {}): ActivePolicy {
  const engine = createEngine(bundle.wasm, bundle.data, options);
  const missing = requiredEntrypoints.filter((name) => !engine.entrypoints.includes(name));
  if (missing.length > 0) throw new Error(`the bundle lacks the entrypoints ${missing.join(', ')}`);
  const policy = activePolicy(bundle, engine);
  if (bundle.corpus.length === 0) throw new Error('the bundle has no corpus to test itself with');
  for (const example of bundle.corpus) {
    const fault = faultOf(policy, example);
    if (fault !== null) throw new Error(`self-test "${example.name}" ${fault}`);
  }
  for (let i = 0; i < warmups; i++) {
    const example = bundle.corpus[i % bundle.corpus.length]!;
    policy.decide(example.point, example.input);
  }
  return policy;
}

function activePolicy(bundle: PolicyBundle, engine: Engine): ActivePolicy {
  const cache = new Map<string, Decision>();
  const thresholds = new Map<object, string>();
  const checked = new WeakMap<object, Decision>();
  const check = (result: unknown): Decision => {
    if (typeof result !== 'object' || result === null) return checkDecision(result);
    let decision = checked.get(result);
    if (decision === undefined) {
      decision = checkDecision(result);
      checked.set(result, decision);
    }
    return decision;
  };
  const decide = (point: Point, input: { readonly [key: string]: Json }): Decision => {
    try {
      return check(engine.evaluate(`sallyport/${point}`, input));
    } catch (thrown) {
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      throw new GatewayError('POLICY_UNAVAILABLE', undefined, { detail: `${point}: ${detail}`, cause: thrown });
    }
  };
  return {
    bundle: bundle.bundle,
    version: bundle.version,
    revision: bundle.revision,
    excerpts: bundle.excerpts,
    decide,
    decideChunk(input) {
      // Text is hardly ever the same twice, and none of it is kept.
      if (input.excerpt !== null) return decide('chunk', { ...input });
      const key = chunkKey(input, thresholds);
      const known = cache.get(key);
      if (known !== undefined) return known;
      const decision = decide('chunk', { ...input });
      if (cache.size >= cached) cache.clear();
      cache.set(key, decision);
      return decision;
    },
  };
}

/**
 * The key of a chunk decision without an excerpt. Thresholds are one frozen object of the request decision for a whole answer, so their
 * text is made once for each such object.
 */
function chunkKey(input: ChunkInput, thresholds: Map<object, string>): string {
  let limits = thresholds.get(input.thresholds);
  if (limits === undefined) {
    limits = JSON.stringify(Object.entries(input.thresholds).sort());
    if (thresholds.size >= 256) thresholds.clear();
    thresholds.set(input.thresholds, limits);
  }
  let key = `${limits}\n${input.kind}`;
  for (const name in input.detections) key += `\n${name}\t${input.detections[name]}`;
  return key;
}

/** What one case of the corpus gave; `fault` says how it differs from what it states, or is null. */
export interface CorpusResult {
  readonly name: string;
  readonly point: Point;
  readonly fault: string | null;
}

/**
 * Runs every case of a bundle's corpus, in the engine that enforces.
 *
 * @throws Error where the module itself is not acceptable.
 */
export function runCorpus(bundle: PolicyBundle): readonly CorpusResult[] {
  const policy = activePolicy(bundle, createEngine(bundle.wasm, bundle.data));
  return bundle.corpus.map((example) => ({
    name: example.name,
    point: example.point,
    fault: faultOf(policy, example),
  }));
}

function faultOf(policy: ActivePolicy, example: CorpusCase): string | null {
  let decision: Decision;
  try {
    decision = policy.decide(example.point, example.input);
  } catch (thrown) {
    return `failed: ${thrown instanceof GatewayError ? thrown.detail : String(thrown)}`;
  }
  const rules = decision.reasons.map((reason) => reason.id);
  if (decision.effect !== example.effect) return `gives ${decision.effect} (${rules}) instead of ${example.effect}`;
  if (example.rules !== null && rules.toSorted().join() !== example.rules.toSorted().join()) {
    return `gives the rules ${rules} instead of ${example.rules}`;
  }
  return null;
}
