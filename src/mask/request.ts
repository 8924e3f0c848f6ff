import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Body, Leaf } from '../model/body.ts';
import type { Conversed, Decided, Detections, Scanned } from '../model/exchange.ts';
import type { Detectors, MaskMark, Span } from '../model/scan.ts';
import { maskFailed } from './fault.ts';
import { maskJson } from './json_text.ts';
import { replaceInLiteral } from './literal.ts';
import type { ScanMemo } from './memo.ts';
import { countMark, isMasked, Redactor } from './redact.ts';

/** Milliseconds of scanning after which other work gets its turn. */
const sliceMs = 10;
/** Units of a large leaf that are scanned between two looks at the clock; well under a slice. */
const pieceUnits = 16_384;

/** What was found in one body: spans by the index of its leaf, only for leaves with any. */
export type BodyFindings = ReadonlyMap<number, readonly Span[]>;

/**
 * Scans all leaves of a request that may change, and counts what was found. `new` counts what stands after the last
 * assistant message and outside of the messages; `all` counts everything.
 * Rejects with `GatewayError` MASK_FAILED when the scan itself fails.
 */
export async function scanBody(
  exchange: Conversed,
  detectors: Detectors,
  memo: ScanMemo,
): Promise<{ readonly scanned: Scanned; readonly findings: BodyFindings }> {
  const findings = new Map<number, readonly Span[]>();
  const { body } = exchange;
  try {
    if (body) await scanLeaves(body, detectors, memo, findings);
  } catch (cause) {
    throw maskFailed('scan of the request', cause);
  }
  return { scanned: { ...exchange, detectors, detections: countHits(body, findings) }, findings };
}

async function scanLeaves(
  body: Body,
  detectors: Detectors,
  memo: ScanMemo,
  findings: Map<number, readonly Span[]>,
): Promise<void> {
  let until = performance.now() + sliceMs;
  const breathe = async () => {
    if (performance.now() < until) return;
    await nextTurn();
    until = performance.now() + sliceMs;
  };
  for (const [index, leaf] of body.leaves.entries()) {
    if (leaf.fixed) continue;
    const name = memo.name(detectors.id, body.bytes.subarray(leaf.start, leaf.end));
    let spans = name === null ? undefined : memo.get(name);
    if (!spans) {
      spans =
        leaf.text.length <= pieceUnits ? detectors.scan(leaf.text).spans : await scanLarge(leaf, detectors, breathe);
      if (name !== null) memo.set(name, spans);
    }
    if (spans.length > 0) findings.set(index, spans);
    if (performance.now() >= until) await breathe();
  }
}

async function scanLarge(leaf: Leaf, detectors: Detectors, breathe: () => Promise<void>): Promise<readonly Span[]> {
  const scanner = detectors.stream();
  const spans: Span[] = [];
  let offset = 0;
  const take = (released: { readonly text: string; readonly spans: readonly Span[] }) => {
    for (const span of released.spans) {
      const whole = { ...span, from: span.from + offset, to: span.to + offset, continues: false };
      const before = span.continues ? spans.findLastIndex((other) => other.detector === span.detector) : -1;
      if (before === -1) spans.push(whole);
      else spans[before] = { ...spans[before]!, to: Math.max(spans[before]!.to, whole.to) };
    }
    offset += released.text.length;
  };
  for (let at = 0; at < leaf.text.length; at += pieceUnits) {
    take(scanner.write(leaf.text.slice(at, at + pieceUnits)));
    await breathe();
  }
  take(scanner.end());
  return spans;
}

function countHits(body: Body | null, findings: BodyFindings): Detections {
  const added: { [origin: string]: { [className: string]: number } } = Object.create(null);
  const all: { [className: string]: number } = Object.create(null);
  if (!body) return { new: added, all };
  const lastAssistant = body.leaves.reduce(
    (last, leaf) => (leaf.origin === 'assistant' && leaf.message > last ? leaf.message : last),
    -1,
  );
  for (const [index, spans] of findings) {
    const leaf = body.leaves[index]!;
    const isNew = leaf.message === -1 || leaf.message > lastAssistant;
    for (const span of spans) {
      all[span.class] = (all[span.class] ?? 0) + 1;
      if (!isNew) continue;
      added[leaf.origin] ??= Object.create(null) as { [className: string]: number };
      const counts = added[leaf.origin]!;
      counts[span.class] = (counts[span.class] ?? 0) + 1;
    }
  }
  return { new: added, all };
}

/**
 * Adds the splices that replace what the plan masks, and exact values always. Only string literals with a covered
 * stretch change, and of those only the stretch. What an earlier splice replaces is masked inside that splice.
 * Returns the masks that were applied. Throws `GatewayError` MASK_FAILED.
 */
export function maskBody(exchange: Decided, findings: BodyFindings): MaskMark[] {
  const { body, detectors, maskPlan } = exchange;
  const marks: MaskMark[] = [];
  if (!body) return marks;
  const masked = (className: string) => isMasked(detectors, maskPlan, className);
  const mark = (detector: string, className: string) => countMark(marks, detector, className, 'redact');
  try {
    const earlier = body.splices.slice();
    earlier.forEach((splice, index) => {
      const text = Buffer.from(splice.bytes).toString('utf8');
      const changed = maskJson(text, detectors, () => new Redactor(masked, mark));
      if (changed !== text) body.splices[index] = { ...splice, bytes: Buffer.from(changed, 'utf8') };
    });
    const taken = new Map<string, number>();
    for (const [index, spans] of findings) {
      const leaf = body.leaves[index]!;
      if (earlier.some((splice) => splice.start < leaf.end && leaf.start < splice.end)) continue;
      const runs = new Redactor(masked, mark).runs(leaf.text.length, spans);
      if (runs.length === 0) continue;
      const literal = Buffer.from(body.bytes.subarray(leaf.start, leaf.end)).toString('utf8');
      let text = replaceInLiteral(literal, runs);
      if (leaf.key) text = distinct(text, leaf, taken);
      body.splices.push({ start: leaf.start, end: leaf.end, bytes: Buffer.from(text, 'utf8') });
    }
  } catch (cause) {
    throw maskFailed('mask of the request', cause);
  }
  return marks;
}

/** Two masked names of one object must not become the same name. */
function distinct(literal: string, leaf: Leaf, taken: Map<string, number>): string {
  const place = JSON.stringify([leaf.path.slice(0, -1), literal]);
  const count = (taken.get(place) ?? 0) + 1;
  taken.set(place, count);
  return count === 1 ? literal : `${literal.slice(0, -1)}#${count}"`;
}
