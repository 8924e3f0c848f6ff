import type { Coverage } from './coverage.ts';
import { Decoder, type Sink } from './decode.ts';
import { type Engine, Reading, type Source } from './reading.ts';

/** Units after which two readings are compared. */
const stretch = 16;

/**
 * Reads one stream of text twice: as it stands, and as what encoded characters in it stand for. What either reading
 * finds is found. The second one is made where the first encoded character is met, from a copy of the first one, and
 * given up where both will find the same again, so that ordinary text is read once.
 */
export class Readings implements Sink {
  readonly #engine: Engine;
  readonly #coverage: Coverage;
  readonly #source: Source;
  readonly #plain: Reading;
  readonly #decoder: Decoder;
  /** Kept for the next time where it is given up. */
  #decoded: Reading | null = null;
  #apart = false;
  /** Offset of the end of the text. */
  #end = 0;

  constructor(engine: Engine, coverage: Coverage, source: Source) {
    this.#engine = engine;
    this.#coverage = coverage;
    this.#source = source;
    this.#plain = new Reading(engine, coverage, source, false);
    this.#decoder = new Decoder(this);
  }

  /** Reads more of the text, which the source has already. */
  read(text: string): void {
    const base = this.#end;
    const decoder = this.#decoder;
    this.#end += text.length;
    for (let i = 0; i < text.length; i++) {
      if (decoder.idle) {
        this.#catchUp(base + i);
        i = this.#readPlain(text, i);
        if (i === text.length) return;
      }
      decoder.push(text.charCodeAt(i), base + i);
    }
    this.#catchUp(decoder.open(this.#end));
  }

  /** Reads to where a spelling may begin, or to the end. */
  #readPlain(text: string, first: number): number {
    let i = first;
    while (this.#apart && i < text.length) {
      const end = Math.min(text.length, i + stretch);
      const stop = this.#decoded!.read(text, i, end, 1, true);
      this.#plain.read(text, i, stop);
      if (stop > i && this.#decoded!.agreesWith(this.#plain)) this.#join();
      if (stop < end) return stop;
      i = stop;
    }
    return i === text.length ? i : this.#plain.read(text, i, text.length, 1, true);
  }

  take(unit: number, from: number, to: number): void {
    const spelled = to - from > 1;
    if (spelled && !this.#apart) this.#part(from);
    if (!this.#apart) return;
    this.#catchUp(from);
    this.#readTo(to);
    if (spelled) this.#decoded!.readSpelled(unit, to);
    else this.#decoded!.read(String.fromCharCode(unit), 0, 1);
  }

  hide(from: number, to: number): void {
    if (!this.#apart) this.#part(from);
    this.#catchUp(to);
  }

  last(): number {
    if (this.#apart) return this.#decoded!.last;
    this.#readTo(this.#decoder.open(this.#end));
    return this.#plain.last;
  }

  /** The second reading goes on from where the first one is at an offset. */
  #part(from: number): void {
    this.#readTo(from);
    this.#decoded ??= new Reading(this.#engine, this.#coverage, this.#source, true);
    this.#decoded.takeOver(this.#plain);
    this.#apart = true;
  }

  #join(): void {
    this.#decoded!.abandon();
    this.#apart = false;
  }

  /** What is not decoded up to an offset stands for nothing, or for itself. */
  #catchUp(to: number): void {
    this.#readTo(to);
    if (this.#apart && this.#decoded!.end < to) this.#decoded!.hide(to);
  }

  #readTo(to: number): void {
    const from = this.#plain.end;
    if (from < to) this.#plain.read(this.#source.slice(from, to), 0, to - from);
  }

  /** The text has ended. */
  finish(): void {
    this.#decoder.finish(this.#end);
    this.#catchUp(this.#end);
    this.#plain.finish();
    if (!this.#apart) return;
    this.#decoded!.finish();
    this.#join();
  }

  /** Where the earliest undecided value begins, as far as nothing of it is reported; an open spelling is not read yet. */
  undecided(): number {
    const from = this.#plain.undecided();
    return this.#apart ? Math.min(from, this.#decoded!.undecided()) : from;
  }

  /** Where the earliest value begins that is yet to be validated, or `offset`. */
  unchecked(offset: number): number {
    const from = this.#plain.unchecked(offset);
    return this.#apart ? this.#decoded!.unchecked(from) : from;
  }

  /** What lies before `offset` is released. */
  release(offset: number): void {
    this.#plain.release(offset);
    if (this.#apart) this.#decoded!.release(offset);
  }

  /** Begins a new text, after `finish`. */
  reset(): void {
    this.#plain.reset();
    this.#end = 0;
  }
}
