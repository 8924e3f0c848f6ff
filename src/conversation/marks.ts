import type { HitLeaf } from '../model/content.ts';
import type { Span } from '../model/scan.ts';

/** Names texts of one principal by keyed hashes, so that nothing can be told from a stored row. */
export interface Marker {
  /** The principal's own name in rows. */
  readonly principal: string;
  text(text: string): string;
  hit(text: string): string;
}

/** @param principalKey see `principalKey` */
export function createMarker(principalKey: string, keyedHash: (domain: string, text: string) => string): Marker {
  const principal = keyedHash('principal', principalKey);
  return {
    principal,
    text: (text) => keyedHash(`text ${principal}`, text),
    hit: (text) => keyedHash(`hit ${principal}`, text),
  };
}

/** A text in which something was found, as it is found again inside longer ones: by its first hit. */
export interface AnchoredMark {
  readonly anchor: string;
  readonly mark: string;
  readonly length: number;
  readonly anchorAt: number;
}

/** The mark of a text with hits. */
export function anchoredMark(marker: Marker, { leaf, spans }: HitLeaf): AnchoredMark {
  const { text } = leaf;
  const first = spans.reduce((least, span) => (span.from < least.from ? span : least));
  return {
    anchor: marker.hit(text.slice(first.from, first.to)),
    mark: marker.text(text),
    length: text.length,
    anchorAt: first.from,
  };
}

/** The one-line form that an approval keeps until it is decided. */
export function writeMark({ anchor, mark, length, anchorAt }: AnchoredMark): string {
  return `${anchor}.${mark}.${length}.${anchorAt}`;
}

/** What `writeMark` wrote. Throws a TypeError for anything else. */
export function readMark(line: string): AnchoredMark {
  const found = /^([\w-]+)\.([\w-]+)\.(\d+)\.(\d+)$/.exec(line);
  if (!found) throw new TypeError('not a mark of a text');
  return { anchor: found[1]!, mark: found[2]!, length: Number(found[3]), anchorAt: Number(found[4]) };
}

/** The marks of a leaf's hits, to look up texts that begin so; the first of equal ones. */
export function hitMarks(marker: Marker, { leaf, spans }: HitLeaf): ReadonlyMap<string, readonly Span[]> {
  const marks = new Map<string, Span[]>();
  for (const span of spans) {
    const mark = marker.hit(leaf.text.slice(span.from, span.to));
    const known = marks.get(mark);
    if (known) known.push(span);
    else marks.set(mark, [span]);
  }
  return marks;
}

/** Characters that are hashed for one leaf at most; hits beyond that count as not approved. */
const hashedMost = 4 * 1024 * 1024;

/**
 * The spans of a leaf that no approved text covers.
 *
 * @param approved by their anchors
 * @param inside only texts shorter than the leaf count
 */
export function spansOutside(
  marker: Marker,
  hit: HitLeaf,
  approved: ReadonlyMap<string, readonly AnchoredMark[]>,
  inside: boolean,
): readonly Span[] {
  const { text } = hit.leaf;
  const covered: { readonly from: number; readonly to: number }[] = [];
  let hashed = 0;
  for (const [mark, spans] of hitMarks(marker, hit)) {
    for (const { length, anchorAt, mark: whole } of approved.get(mark) ?? []) {
      if (inside && length >= text.length) continue;
      for (const span of spans) {
        const from = span.from - anchorAt;
        const to = from + length;
        if (from < 0 || to > text.length || hashed + length > hashedMost) continue;
        hashed += length;
        if (marker.text(text.slice(from, to)) === whole) covered.push({ from, to });
      }
    }
  }
  if (covered.length === 0) return hit.spans;
  return hit.spans.filter((span) => !covered.some((range) => span.from >= range.from && span.to <= range.to));
}
