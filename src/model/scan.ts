import type { Body } from './body.ts';

/** What detectors find in text, and the port through which other rooms use them. Implemented by `mask/`. */

/** A stretch of text that a detector covers. Offsets are UTF-16 units in the text it is reported with. */
export interface Span {
  /** The detector's id, for records and explanations. */
  readonly detector: string;
  /** The detector's class, which policy counts and names. */
  readonly class: string;
  readonly from: number;
  readonly to: number;
  /** True when this goes on from a span that began in text released before: the same hit, not to be counted again. */
  readonly continues: boolean;
}

/** Text about which nothing that follows can change the decision, with everything found in it. */
export interface Scanned {
  readonly text: string;
  /** Ordered by where they begin, then by what was recognised first; spans of different detectors may overlap. */
  readonly spans: readonly Span[];
}

/** Scans one stream of text. What it has returned is final; what it holds back is still undecided. */
export interface TextScanner {
  write(text: string): Scanned;
  /** The rest. A value still open at the end stays covered. The scanner is spent. */
  end(): Scanned;
  /** Characters held back at the moment. */
  readonly held: number;
}

/** Which classes are looked for. Classes of exact values are always looked for and always masked. */
export interface Focus {
  /** Classes whose hits are replaced: text that one of them covers leaves at once, whatever else is undecided. */
  readonly masked: ReadonlySet<string>;
  /** Further classes to report; null for all there are. */
  readonly reported: ReadonlySet<string> | null;
}

/** A compiled, immutable set of detectors, shared by all streams that use it. */
export interface Detectors {
  /** A digest of the rules and exact values inside; equal digests scan alike. */
  readonly id: string;
  /** The classes it can report. */
  readonly classes: ReadonlySet<string>;
  /** The classes of exact values, which are masked whatever policy says. */
  readonly always: ReadonlySet<string>;
  /** Without a focus every class is looked for, here and below. */
  scan(text: string, focus?: Focus): Scanned;
  /** Without a focus every class is taken as masked. */
  stream(focus?: Focus): TextScanner;
}

/**
 * Makes of texts what policy may be shown: everything that a detector covers is `[masked:class]`, also what is not
 * masked in the content.
 */
export interface Redaction {
  /** A text, with the spans that were found in it; null where it has to be scanned for them. */
  text(text: string, spans: readonly Span[] | null): string;
  /** JSON text: its strings, property names and long numbers. */
  json(text: string): string;
}

/** The same for a leaf of a request that was scanned, by its index. */
export type RedactLeaf = (body: Body, leaf: number) => string;

export type MaskMode = 'redact' | 'partial' | 'token';

/** Which classes are masked and how. Exact values (the gateway's own secrets) are masked always, whatever it says. */
export type MaskPlan = ReadonlyMap<string, MaskMode>;

/** One mask that was applied, counted; never the value. */
export interface MaskMark {
  readonly detector: string;
  readonly class: string;
  readonly mode: MaskMode;
  readonly count: number;
}

const strength: { readonly [M in MaskMode]: number } = { token: 0, partial: 1, redact: 2 };

/** The mode that hides more: redact, then partial, then token. */
export function stronger(one: MaskMode, other: MaskMode): MaskMode {
  return strength[other] > strength[one] ? other : one;
}

/** Adds a mask to a plan; where the class has one already the stronger mode wins. */
export function addMask(plan: Map<string, MaskMode>, className: string, mode: MaskMode): void {
  plan.set(className, stronger(plan.get(className) ?? mode, mode));
}
