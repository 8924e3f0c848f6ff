import type { Scanned, Span, TextScanner } from '../model/scan.ts';
import { Coverage } from './coverage.ts';
import type { Engine, Source } from './reading.ts';
import { Readings } from './readings.ts';

/**
 * Scans one stream of text. A character leaves when no text that may follow can change what is found at it: it lies
 * before every value that has begun and is undecided, or inside a masked one. Both depend on the text alone, so the
 * result is the same for every way of cutting it.
 */
export class Scanner implements TextScanner, Source {
  readonly #masked: (className: string) => boolean;
  readonly #coverage = new Coverage();
  readonly #readings: Readings;
  /** Text not released yet, and the stream offsets of its first unit and of its end. */
  #text = '';
  #start = 0;
  #end = 0;

  constructor(engine: Engine, masked: (className: string) => boolean) {
    this.#masked = masked;
    this.#readings = new Readings(engine, this.#coverage, this);
  }

  get held(): number {
    return this.#end - this.#start;
  }

  write(text: string): Scanned {
    this.#scan(text);
    return this.#release(this.#covered(Math.max(this.#readings.undecided(), this.#start)));
  }

  /** The last text and the end in one. */
  finish(text: string): Scanned {
    this.#scan(text);
    return this.end();
  }

  end(): Scanned {
    this.#readings.finish();
    return this.#release(this.#end);
  }

  /** What is in a text of its own; the scanner is as new then, so that one serves many short texts. */
  whole(text: string): readonly Span[] {
    const { spans } = this.finish(text);
    this.#readings.reset();
    this.#coverage.clear();
    this.#start = 0;
    this.#end = 0;
    return spans;
  }

  slice(from: number, to: number): string {
    return this.#text.slice(from - this.#start, to - this.#start);
  }

  #scan(text: string): void {
    this.#text = this.#text === '' ? text : this.#text + text;
    this.#end += text.length;
    this.#readings.read(text);
  }

  /** Goes on from `offset` as far as masked stretches cover: masked is masked, whatever follows. */
  #covered(offset: number): number {
    const to = this.#coverage.end(offset, this.#masked);
    // A check of the whole value still needs its text.
    return Math.min(to, Math.max(offset, this.#readings.unchecked(to)));
  }

  #release(to: number): Scanned {
    const start = this.#start;
    const all = to === this.#end;
    const text = all ? this.#text : this.#text.slice(0, to - start);
    const spans = this.#coverage.release(start, to);
    this.#text = all ? '' : this.#text.slice(to - start);
    this.#start = to;
    this.#readings.release(to);
    return { text, spans };
  }
}
