import type { Body, Leaf } from '../model/body.ts';
import type { NewHits } from '../model/content.ts';
import type { Conversed, Detections, Scanned } from '../model/exchange.ts';
import type { Detectors, Span } from '../model/scan.ts';
import { maskFailed } from './fault.ts';
import { maskJson } from './json_text.ts';
import { type BodyFindings, scanLeaves } from './leaves.ts';
import { replaceInLiteral } from './literal.ts';
import type { ScanMemo } from './memo.ts';
import { type Masks, Redactor, replaceRuns } from './redact.ts';

/** What a scan of a request needs beside the detectors. */
export interface ScanContext {
  readonly memo: ScanMemo;
  readonly newHits: NewHits;
}

/**
 * Scans all leaves of a request that may change, and counts what was found. `new` counts what stands after the last
 * assistant message and outside of the messages; `all` counts everything. Gives a promise only where there is much to
 * scan. Throws, or rejects with, `GatewayError` MASK_FAILED when the scan itself fails.
 */
export function scanBody(
  exchange: Conversed,
  detectors: Detectors,
  { memo, newHits }: ScanContext,
): BodyScan | Promise<BodyScan> {
  const { body } = exchange;
  const counted = (findings: BodyFindings): BodyScan | Promise<BodyScan> => {
    const scanned = (detections: Detections): BodyScan => {
      return { scanned: { ...exchange, detectors, detections }, findings };
    };
    const detections = body && findings.size > 0 ? countHits(exchange, body, findings, newHits) : noHits();
    return detections instanceof Promise ? detections.then(scanned) : scanned(detections);
  };
  const failed = (cause: unknown): never => {
    throw maskFailed('scan of the request', cause);
  };
  try {
    const findings = body ? scanLeaves(body, detectors, memo) : new Map();
    const result = findings instanceof Promise ? findings.then(counted) : counted(findings);
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (cause) {
    return failed(cause);
  }
}

/** What `scanBody` gives. */
export interface BodyScan {
  readonly scanned: Scanned;
  readonly findings: BodyFindings;
}

/**
 * Adds what older rule sets find to what will be masked; it is not told to policy. What the assistant said was masked
 * by them on its way back already.
 */
export async function addOlder(scan: BodyScan, older: readonly Detectors[], memo: ScanMemo): Promise<BodyScan> {
  const { body } = scan.scanned;
  if (body === null) return scan;
  const byOthers = (leaf: Leaf) => leaf.origin !== 'assistant';
  return { scanned: scan.scanned, findings: await addFindings(body, scan.findings, older, { memo, of: byOthers }) };
}

/** The findings with those of more detectors, in the leaves that `of` names. Rejects with `GatewayError` MASK_FAILED. */
export async function addFindings(
  body: Body,
  known: BodyFindings,
  more: readonly Detectors[],
  { memo, of }: { readonly memo: ScanMemo; readonly of: (leaf: Leaf) => boolean },
): Promise<BodyFindings> {
  const findings = new Map(known);
  for (const detectors of more) {
    let found: BodyFindings;
    try {
      found = await scanLeaves(body, detectors, memo);
    } catch (cause) {
      throw maskFailed('scan of the request', cause);
    }
    for (const [index, spans] of found) {
      if (!of(body.leaves[index]!)) continue;
      const known = findings.get(index);
      findings.set(index, known ? [...known, ...spans].sort((a, b) => a.from - b.from || b.to - a.to) : spans);
    }
  }
  return findings;
}

function countHits(
  exchange: Conversed,
  body: Body,
  findings: BodyFindings,
  newHits: NewHits,
): Detections | Promise<Detections> {
  const hits = [...findings].map(([index, spans]) => ({ leaf: body.leaves[index]!, spans }));
  const count = (news: readonly (readonly Span[])[]): Detections => {
    const counted = noHits();
    for (const [at, { leaf, spans }] of hits.entries()) {
      add(counted.all, spans);
      const added = news[at]!;
      if (added.length === 0) continue;
      counted.new[leaf.origin] ??= Object.create(null) as Counts;
      add(counted.new[leaf.origin]!, added);
    }
    return counted;
  };
  const fresh = newHits(exchange, hits);
  return fresh instanceof Promise ? fresh.then(count) : count(fresh);
}

type Counts = { [className: string]: number };

function noHits(): { readonly new: { [origin: string]: Counts }; readonly all: Counts } {
  return { new: Object.create(null), all: Object.create(null) };
}

function add(counts: Counts, spans: readonly Span[]): void {
  for (const span of spans) counts[span.class] = (counts[span.class] ?? 0) + 1;
}

/**
 * Adds the splices that replace what the plan masks, and exact values always. Only string literals with a covered
 * stretch change, and of those only the stretch. What an earlier splice replaces is masked inside that splice.
 * Throws `GatewayError` MASK_FAILED.
 *
 * @param detectors for what earlier splices say
 */
export function maskBody(body: Body, findings: BodyFindings, detectors: Detectors, masks: Masks): void {
  try {
    const earlier = body.splices.slice();
    earlier.forEach((splice, index) => {
      const text = Buffer.from(splice.bytes).toString('utf8');
      const changed = maskJson(text, detectors, () => new Redactor(masks));
      if (changed !== text) body.splices[index] = { ...splice, bytes: Buffer.from(changed, 'utf8') };
    });
    const taken = new Map<string, number>();
    for (const [index, spans] of findings) {
      const leaf = body.leaves[index]!;
      if (earlier.some((splice) => splice.start < leaf.end && leaf.start < splice.end)) continue;
      const runs = new Redactor(masks).runs(leaf.text, spans);
      if (runs.length === 0) continue;
      const literal = Buffer.from(body.bytes.subarray(leaf.start, leaf.end)).toString('utf8');
      let text = leaf.number ? JSON.stringify(replaceRuns(leaf.text, runs)) : replaceInLiteral(literal, runs);
      if (leaf.key) text = distinct(text, leaf, taken);
      body.splices.push({ start: leaf.start, end: leaf.end, bytes: Buffer.from(text, 'utf8') });
    }
  } catch (cause) {
    throw maskFailed('mask of the request', cause);
  }
}

/** Two masked names of one object must not become the same name. */
function distinct(literal: string, leaf: Leaf, taken: Map<string, number>): string {
  const place = JSON.stringify([leaf.path.slice(0, -1), literal]);
  const count = (taken.get(place) ?? 0) + 1;
  taken.set(place, count);
  return count === 1 ? literal : `${literal.slice(0, -1)}#${count}"`;
}
