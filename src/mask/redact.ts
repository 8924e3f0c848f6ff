import { type MaskMark, type MaskMode, type Span, stronger } from '../model/scan.ts';

/** What stands in for a masked value. */
export function placeholder(className: string): string {
  return `[masked:${className}]`;
}

/** Shorter values would be told by their last characters. */
const partialMin = 12;
const partialKept = 4;
/** A value of a stream that is longer than this is redacted, whatever its mode. */
const wholeMost = 4096;
/** How every token begins. */
export const tokenStart = 'MASKED_';

/** How one exchange masks. */
export interface Masks {
  /** How what a detector covers is masked; null where it is not. */
  mode(detector: string, className: string): MaskMode | null;
  /** Told of every mask that was applied. */
  mark(detector: string, className: string, mode: MaskMode): void;
  /** The token for a value. */
  token(className: string, value: string): string;
  /** Whether a text is a token of this conversation, which is masked already. */
  isToken(text: string): boolean;
}

/** Masks that redact what `masked` names, and count nothing. */
export function redactions(masked: (className: string) => boolean): Masks {
  return {
    mode: (_detector, className) => (masked(className) ? 'redact' : null),
    mark: () => undefined,
    token: placeholder,
    isToken: () => false,
  };
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

/** An unbroken run of covered characters, named after the span that begins it. */
interface Run {
  readonly from: number;
  to: number;
  readonly detector: string;
  readonly class: string;
  mode: MaskMode;
}

/** A run that may go on in the next piece. */
interface Open {
  readonly run: Run;
  value: string;
  /** Its placeholder is written already. */
  written: boolean;
}

/** Replaces what is covered in one text: one placeholder for each run. The text may come in pieces. */
export class Redactor {
  readonly #masks: Masks;
  #open: Open | null = null;

  constructor(masks: Masks) {
    this.#masks = masks;
  }

  /** The replacements for a text that is whole, in order and apart from each other. */
  runs(text: string, spans: readonly Span[]): readonly Replacement[] {
    const replacements: Replacement[] = [];
    for (const run of this.#merged(spans)) {
      const value = text.slice(run.from, run.to);
      const instead = this.#replacement(run, value);
      if (instead !== value) replacements.push({ from: run.from, to: run.to, text: instead });
    }
    return replacements;
  }

  /**
   * The next piece with its replacements made. A redacted run is replaced where it begins; what needs the whole value
   * is replaced once that is known, in a later piece or by `end`.
   */
  apply(text: string, spans: readonly Span[]): string {
    if (spans.length === 0 && this.#open === null) return text;
    if (text === '') return text;
    const runs = this.#merged(spans);
    let out = '';
    let at = 0;
    if (runs[0]?.from !== 0) out = this.end();
    for (const run of runs) {
      out += text.slice(at, run.from);
      at = run.to;
      const open: Open = this.#open ?? { run, value: '', written: false };
      open.run.mode = stronger(open.run.mode, run.mode);
      out += this.#extended(open, text.slice(run.from, run.to));
      this.#open = open;
      if (at < text.length) out += this.end();
    }
    return out + text.slice(at);
  }

  /** The text has ended: what is still to be written. */
  end(): string {
    const open = this.#open;
    this.#open = null;
    return open === null || open.written ? '' : this.#replacement(open.run, open.value);
  }

  /** Takes more of a run; gives its placeholder where that need not wait for the rest. */
  #extended(open: Open, more: string): string {
    if (open.written) return '';
    open.value += more;
    // A token of this conversation is left as it is, and only the whole of it tells.
    const mayBeToken = tokenStart.startsWith(open.value.slice(0, tokenStart.length));
    if (open.value.length <= wholeMost && (open.run.mode !== 'redact' || mayBeToken)) return '';
    open.written = true;
    open.value = '';
    return this.#redacted(open.run);
  }

  #merged(spans: readonly Span[]): readonly Run[] {
    const runs: Run[] = [];
    for (const span of spans) {
      const mode = this.#masks.mode(span.detector, span.class);
      if (mode === null) continue;
      const run = runs.at(-1);
      if (run && span.from <= run.to) {
        run.to = Math.max(run.to, span.to);
        run.mode = stronger(run.mode, mode);
        continue;
      }
      runs.push({ from: span.from, to: span.to, detector: span.detector, class: span.class, mode });
    }
    return runs;
  }

  #replacement(run: Run, value: string): string {
    if (value.startsWith(tokenStart) && this.#masks.isToken(value)) return value;
    if (run.mode === 'token') {
      this.#masks.mark(run.detector, run.class, 'token');
      return this.#masks.token(run.class, value);
    }
    if (run.mode === 'redact' || value.length < partialMin) return this.#redacted(run);
    this.#masks.mark(run.detector, run.class, 'partial');
    return `[masked:${run.class}…${value.slice(-partialKept)}]`;
  }

  #redacted(run: Run): string {
    this.#masks.mark(run.detector, run.class, 'redact');
    return placeholder(run.class);
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
