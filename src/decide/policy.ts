import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { GatewayError } from '../errors.ts';
import type { ActivePolicy, ChunkInput, CorpusCase, Decision, Point, PolicyBundle } from '../model/decision.ts';
import type { Json } from '../model/json.ts';
import { checkDecision } from './check.ts';
import { createEngine, type Engine, type EngineOptions, requiredEntrypoints } from './engine.ts';
import { createRanks, keyText, type Ranks, twinOf } from './key.ts';

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
  const evaluate = createEvaluate(engine);
  if (bundle.corpus.length === 0) throw new Error('the bundle has no corpus to test itself with');
  for (const example of bundle.corpus) {
    const fault = faultOf(evaluate, example);
    if (fault !== null) throw new Error(`self-test "${example.name}" ${fault}`);
  }
  testReads(bundle, evaluate);
  for (let i = 0; i < warmups; i++) {
    const { point, input } = bundle.corpus[i % bundle.corpus.length]!;
    evaluate(point, input);
  }
  return activePolicy(bundle, evaluate);
}

type Inputs = { readonly [key: string]: Json };
type Evaluate = (point: Point, input: Inputs) => Decision;

/** Decisions straight from the engine; equal ones may be one object, so it cannot be changed. Throws GatewayError POLICY_UNAVAILABLE. */
function createEvaluate(engine: Engine): Evaluate {
  const checked = new WeakMap<object, Decision>();
  const check = (result: unknown): Decision => {
    if (typeof result !== 'object' || result === null) return checkDecision(result);
    let decision = checked.get(result);
    if (decision === undefined) {
      decision = frozen(checkDecision(result));
      checked.set(result, decision);
    }
    return decision;
  };
  return (point, input) => {
    try {
      return check(engine.evaluate(entrypointOf(point), input));
    } catch (thrown) {
      const detail = thrown instanceof Error ? thrown.message : String(thrown);
      throw new GatewayError('POLICY_UNAVAILABLE', undefined, { detail: `${point}: ${detail}`, cause: thrown });
    }
  };
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

/** Decides from the cache where the bundle says what is read: a decision is a function of that, so the cache is exact. */
function activePolicy(bundle: PolicyBundle, evaluate: Evaluate): ActivePolicy {
  const decisions = new LRUCache<string, Decision>({ max: cached });
  const chunks = new Map<string, Decision>();
  const thresholds = new Map<object, string>();
  const ranks = ranksOf(bundle);
  return {
    bundle: bundle.bundle,
    version: bundle.version,
    revision: bundle.revision,
    excerpts: bundle.excerpts,
    decide(point, input) {
      const reads = bundle.reads?.entrypoints[entrypointOf(point)];
      if (reads === undefined) return evaluate(point, input);
      // The key may hold what a tool call says; its hash does not, and is short.
      const key = hash('sha256', `${point}\n${keyText(input, reads, ranks)}`, 'base64url');
      const known = decisions.get(key);
      if (known !== undefined) return known;
      const decision = evaluate(point, input);
      decisions.set(key, decision);
      return decision;
    },
    decideChunk(input) {
      // Text is hardly ever the same twice, and none of it is kept.
      if (input.excerpt !== null) return evaluate('chunk', input);
      const key = chunkKey(input, thresholds);
      const known = chunks.get(key);
      if (known !== undefined) return known;
      const decision = evaluate('chunk', input);
      if (chunks.size >= cached) chunks.clear();
      chunks.set(key, decision);
      return decision;
    },
  };
}

function entrypointOf(point: Point): string {
  return `sallyport/${point}`;
}

function ranksOf({ reads, data }: PolicyBundle): Ranks {
  return createRanks(reads?.numbers ?? [], data);
}

/** Holds what the bundle says of its reads against its corpus: what is not read must change no decision. */
function testReads(bundle: PolicyBundle, evaluate: Evaluate): void {
  const ranks = ranksOf(bundle);
  for (const { name, point, input } of bundle.corpus) {
    const reads = bundle.reads?.entrypoints[entrypointOf(point)];
    if (reads === undefined) continue;
    const twin = evaluate(point, twinOf(input, reads, ranks) as Inputs);
    if (JSON.stringify(twin) !== JSON.stringify(evaluate(point, input))) {
      throw new Error(`self-test "${name}" is decided by more than reads.json says is read: build the bundle again`);
    }
  }
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
  const evaluate = createEvaluate(createEngine(bundle.wasm, bundle.data));
  return bundle.corpus.map((example) => ({
    name: example.name,
    point: example.point,
    fault: faultOf(evaluate, example),
  }));
}

function faultOf(evaluate: Evaluate, example: CorpusCase): string | null {
  let decision: Decision;
  try {
    decision = evaluate(example.point, example.input);
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
