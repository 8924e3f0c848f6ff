import type { AnswerPart } from '../model/answer.ts';
import type { AnswerEnd, KeptAnswer } from '../model/exchange.ts';

/** Bytes of an answer that are remembered while nothing in it waits: enough for what precedes a first tool call. */
const unparkedMost = 256 * 1024;
/** Bytes of a parked answer. */
export const parkedMost = 8 * 1024 * 1024;

export interface KeptAnswerOptions {
  readonly exchange: string;
  /** Enters the answer into the parking, under the fingerprint of its request. */
  readonly enter: (answer: KeptAnswer) => Promise<void>;
  /** Told of each caller that left, and of the end. */
  readonly onChange: (left: 'gone' | 'delivered' | 'ended') => void;
}

/** See the model. An answer that is not parked remembers its parts only as far as they are few. */
export class Kept implements KeptAnswer {
  readonly exchange: string;
  headers: KeptAnswer['headers'] = [];
  end: AnswerEnd | Error | null = null;
  parked = false;
  readonly #options: KeptAnswerOptions;
  #parts: AnswerPart[] = [];
  #size = 0;
  #forgotten = false;
  #callers = 0;
  #waiting: (() => void)[] = [];

  constructor(options: KeptAnswerOptions) {
    this.exchange = options.exchange;
    this.#options = options;
  }

  get parts(): readonly AnswerPart[] {
    return this.#parts;
  }

  get callers(): number {
    return this.#callers;
  }

  get size(): number {
    return this.#size;
  }

  begin(headers: KeptAnswer['headers']): void {
    this.headers = headers;
    this.#wake();
  }

  append(part: AnswerPart): void {
    if (this.#forgotten) return;
    this.#parts.push(part);
    this.#size += sizeOf(part);
    if (!this.parked && this.#size > unparkedMost) {
      this.#forgotten = true;
      this.#parts = [];
      return;
    }
    if (this.#waiting.length > 0) this.#wake();
  }

  finish(end: AnswerEnd | Error): void {
    if (this.end !== null) return;
    this.end = end;
    this.#wake();
    this.#options.onChange('ended');
  }

  async park(): Promise<boolean> {
    if (this.parked) return true;
    if (this.#forgotten) return false;
    this.parked = true;
    await this.#options.enter(this);
    return true;
  }

  attend(): (left: 'gone' | 'delivered') => void {
    this.#callers += 1;
    this.#wake();
    let there = true;
    return (left) => {
      if (!there) return;
      there = false;
      this.#callers -= 1;
      this.#options.onChange(left);
    };
  }

  attended(): Promise<void> | undefined {
    if (this.#callers > 0) return undefined;
    return this.changed().then(() => {
      if (this.end instanceof Error) throw this.end;
      return this.attended();
    });
  }

  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function sizeOf(part: AnswerPart): number {
  if (part.kind === 'event') return part.bytes?.length ?? 512;
  if (part.original instanceof Uint8Array) return part.original.length;
  return 512 + (part.inputText?.length ?? 0) + (part.original?.reduce((sum, event) => sum + sizeOf(event), 0) ?? 0);
}
