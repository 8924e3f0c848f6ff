import { isEmphasis } from './emphasis.ts';
import { isHexLead, isNesting, recognise } from './escapes.ts';
import { foldTable, isIgnorableHalf, TRANSPARENT } from './fold.ts';
import { characterOf, END, HIDDEN, lengthOf, MORE, NONE } from './recognised.ts';

/** Where decoded text goes. Offsets are those of the stream; what lies between two units is invisible. */
export interface Sink {
  /** A unit, and the places it takes; it is spelled where they are more than one. */
  take(unit: number, from: number, to: number): void;
  /** Places that stand for nothing. */
  hide(from: number, to: number): void;
  /** The last visible unit that was taken, here or before, or with 2 the one before it; -1 for none. */
  last(back: 1 | 2): number;
}

/** More places than this spell no character; so much is held back at most until a spelling is told. */
export const spellingMax = 40;

/**
 * Reads what encoded characters stand for, from the first unit that may begin a spelling to where none is open. What
 * a spelling stands for may begin another one, so that nested ones are read to the end.
 */
export class Decoder {
  readonly #sink: Sink;
  /** Units that may be spellings, and the places of each. */
  readonly #units: number[] = [];
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  #half = false;
  /** Whether the last unit was part of a run of hexadecimal text. */
  inHex = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Whether nothing is open: then text without a lead needs no decoding. */
  get idle(): boolean {
    return this.#units.length === 0 && !this.inHex;
  }

  /** Offset of the first unit that is open, or `end`. */
  open(end: number): number {
    return this.#from[0] ?? end;
  }

  /** Whether what is open may stand for nothing, but for no other character. */
  get mayHide(): boolean {
    return this.#units.length > 0 && isEmphasis(this.#units[0]!) && isEmphasis(this.#units.at(-1)!);
  }

  /** The next unit of the text, at `offset`. */
  push(raw: number, offset: number): void {
    const unit = this.#half && raw >= 0xdc00 && raw <= 0xdfff ? TRANSPARENT : foldTable[raw]!;
    this.#half = isIgnorableHalf(raw);
    if (unit !== TRANSPARENT) this.#add(unit, offset, offset + 1);
    this.#settle(offset + 1);
  }

  /** The text has ended at `offset`. */
  finish(offset: number): void {
    this.#add(END, offset, offset);
    this.#settle(offset);
    this.reset();
  }

  reset(): void {
    this.#drop(this.#units.length);
    this.#half = false;
    this.inHex = false;
  }

  last(back: 1 | 2): number {
    return this.#sink.last(back);
  }

  #settle(end: number): void {
    while (this.#units.length > 0) {
      const recognised = end - this.#from[0]! > spellingMax ? NONE : recognise(this.#units, this);
      if (recognised === MORE) return;
      if (recognised === NONE) {
        this.inHex = false;
        if (this.#units[0] !== END) this.#sink.take(this.#units[0]!, this.#from[0]!, this.#to[0]!);
        this.#drop(1);
      } else this.#spelled(characterOf(recognised), lengthOf(recognised));
    }
  }

  #spelled(character: number, length: number): void {
    const from = this.#from[0]!;
    const to = this.#to[length - 1]!;
    this.inHex ||= isHexLead(this.#units[0]!);
    this.#drop(length);
    if (character === HIDDEN) this.#sink.hide(from, to);
    else if (isNesting(character) && !this.inHex) this.#nest(character, from, to);
    else if (character <= 0xffff) this.#sink.take(character, from, to);
    else {
      const [high, low] = [0xd800 + ((character - 0x10000) >> 10), 0xdc00 + (character & 0x3ff)];
      this.#sink.take(high, from, from + 2);
      this.#sink.take(low, from + 2, to);
    }
  }

  #add(unit: number, from: number, to: number): void {
    this.#units.push(unit);
    this.#from.push(from);
    this.#to.push(to);
  }

  #nest(unit: number, from: number, to: number): void {
    this.#units.unshift(unit);
    this.#from.unshift(from);
    this.#to.unshift(to);
  }

  #drop(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#units.shift();
      this.#from.shift();
      this.#to.shift();
    }
  }
}
