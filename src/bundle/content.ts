import type { CorpusCase, Point, PolicyBundle } from '../model/decision.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { BundleFiles } from './archive.ts';
import { excerptLengths } from './excerpts.ts';
import { revisionOf } from './hash.ts';
import { parseReads, readsFile } from './reads.ts';
import { BundleRefused, type RefusalReason } from './refusal.ts';

/** A bundle taken apart, with its version; not verified by this. */
export interface BundleContent extends PolicyBundle {
  /** `metadata.bundle_version` of the manifest, or null. A signed bundle states it in its signature instead. */
  readonly manifestVersion: number | null;
  /** Rego sources by their path in the bundle, for those who want to read a rule. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Where a bundle carries its compiled detectors. */
export const detectorsFile = 'detectors.bin';

const points: ReadonlySet<string> = new Set(['request', 'chunk', 'tool_use', 'admin']);
const effects: ReadonlySet<string> = new Set(['allow', 'deny', 'require_approval']);

/**
 * Takes the files of a bundle apart: manifest, data, module and corpus.
 *
 * @throws BundleRefused manifest, data, missing_file.
 */
export function contentOf(files: BundleFiles): BundleContent {
  const manifest = object(json(files, '.manifest', 'manifest'), '.manifest', 'manifest');
  const metadata = object(manifest.metadata ?? {}, '.manifest metadata', 'manifest');
  const { revision } = manifest;
  if (typeof revision !== 'string' || !/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(revision)) {
    throw new BundleRefused('manifest', 'the revision in the manifest has to be a semantic version');
  }
  if (typeof metadata.name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,63}$/.test(metadata.name)) {
    throw new BundleRefused('manifest', 'the manifest has to name the bundle in metadata.name, in lower-case letters');
  }
  if (manifest.rego_version !== undefined && manifest.rego_version !== 1) {
    throw new BundleRefused('manifest', 'only Rego version 1 is taken');
  }
  const wasm = files.get('policy.wasm');
  if (wasm === undefined)
    throw new BundleRefused('missing_file', 'the bundle has no policy.wasm; build it with `make policies`');
  const version = metadata.bundle_version;
  return {
    bundle: metadata.name,
    version: revision,
    revision: revisionOf(files),
    manifestVersion: typeof version === 'number' && Number.isSafeInteger(version) && version > 0 ? version : null,
    wasm,
    data: files.has('data.json') ? json(files, 'data.json', 'data') : {},
    detectors: files.get(detectorsFile) ?? null,
    reads: files.has(readsFile) ? parseReads(json(files, readsFile, 'data'), wasm) : null,
    urgentRules: metadata.urgent_rules === true,
    excerpts: excerptLengths(metadata.excerpt_characters),
    corpus: corpusOf(files),
    sources: sourcesOf(files),
  };
}

function sourcesOf(files: BundleFiles): ReadonlyMap<string, string> {
  const sources = [...files].filter(([name]) => name.endsWith('.rego'));
  return new Map(sources.map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));
}

function corpusOf(files: BundleFiles): CorpusCase[] {
  const cases: CorpusCase[] = [];
  for (const name of [...files.keys()].sort()) {
    if (!name.startsWith('corpus/') || !name.endsWith('.json')) continue;
    const list = json(files, name, 'data');
    if (!Array.isArray(list)) throw new BundleRefused('data', `${name} has to be a list of cases`);
    for (const entry of list as readonly Json[]) cases.push(corpusCase(entry, name));
  }
  return cases;
}

function corpusCase(value: Json, file: string): CorpusCase {
  const entry = object(value, file, 'data');
  const { name, point, input, effect, rules } = entry;
  if (typeof name !== 'string' || typeof point !== 'string' || !points.has(point)) {
    throw new BundleRefused('data', `${file} has a case without a name or a point`);
  }
  const wanted = rules ?? null;
  if (typeof effect !== 'string' || !effects.has(effect) || (wanted !== null && !isTexts(wanted))) {
    throw new BundleRefused('data', `${file}: case "${name}" has no effect, or rules that are not a list of ids`);
  }
  return {
    name,
    point: point as Point,
    input: object(input ?? null, `${file}: input of "${name}"`, 'data'),
    effect: effect as CorpusCase['effect'],
    rules: wanted,
  };
}

function isTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function json(files: BundleFiles, name: string, reason: RefusalReason): Json {
  const bytes = files.get(name);
  if (bytes === undefined) throw new BundleRefused('missing_file', `the bundle has no ${name}`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
  } catch (thrown) {
    throw new BundleRefused(reason, `${name} is not JSON in UTF-8`, thrown);
  }
}

function object(value: Json, where: string, reason: RefusalReason): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BundleRefused(reason, `${where} has to be an object`);
  }
  return value as JsonObject;
}
