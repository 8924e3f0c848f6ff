import type { Detectors, MaskMark, MaskMode, MaskPlan, Span } from '../model/scan.ts';

/** What stands in for a masked value. */
export function placeholder(className: string): string {
  return `[masked:${className}]`;
}

/** Whether a class is masked in this exchange. */
export function isMasked(detectors: Detectors, plan: MaskPlan, className: string): boolean {
  return detectors.always.has(className) || plan.has(className);
}

/** Masks applied so far, by detector. The list is the exchange's own and is changed in place. */
export function countMark(marks: MaskMark[], detector: string, className: string, mode: MaskMode): void {
  const at = marks.findIndex((mark) => mark.detector === detector && mark.mode === mode && mark.class === className);
  if (at === -1) marks.push({ detector, class: className, mode, count: 1 });
  else marks[at] = { ...marks[at]!, count: marks[at]!.count + 1 };
}

/** A stretch to be replaced, in offsets of the text; `text` takes its place. */
export interface Replacement {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Replaces what is covered in one text that may come in pieces: one placeholder for each unbroken run of covered
 * characters, named after the span that begins it.
 */
export class Redactor {
  readonly #masked: (className: string) => boolean;
  readonly #mark: (detector: string, className: string) => void;
  /** The last piece ended inside a covered run. */
  #open = false;

  constructor(masked: (className: string) => boolean, mark: (detector: string, className: string) => void) {
    this.#masked = masked;
    this.#mark = mark;
  }

  /** The replacements for the next piece, in order and apart from each other. */
  runs(length: number, spans: readonly Span[]): readonly Replacement[] {
    const runs: { from: number; to: number; text: string }[] = [];
    for (const span of spans) {
      if (!this.#masked(span.class)) continue;
      const run = runs.at(-1);
      if (run && span.from <= run.to) {
        run.to = Math.max(run.to, span.to);
        continue;
      }
      const goesOn = this.#open && span.from === 0;
      if (!goesOn) this.#mark(span.detector, span.class);
      runs.push({ from: span.from, to: span.to, text: goesOn ? '' : placeholder(span.class) });
    }
    if (length > 0) this.#open = runs.at(-1)?.to === length;
    return runs;
  }

  /** The next piece with its replacements made. */
  apply(text: string, spans: readonly Span[]): string {
    return replaceRuns(text, this.runs(text.length, spans));
  }
}

/** The text with its replacements made; they are in order and apart. */
export function replaceRuns(text: string, runs: readonly Replacement[]): string {
  if (runs.length === 0) return text;
  let out = '';
  let at = 0;
  for (const run of runs) {
    out += text.slice(at, run.from) + run.text;
    at = run.to;
  }
  return out + text.slice(at);
}
