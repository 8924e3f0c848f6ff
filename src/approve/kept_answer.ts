import { GatewayError } from '../errors.ts';
import type { AnswerPart } from '../model/answer.ts';
import type { AnswerEnd, KeptAnswer, Refusal } from '../model/exchange.ts';

export interface KeptAnswerOptions {
  readonly exchange: string;
  /** Enters the answer into the parking, under the fingerprint of its request. */
  readonly enter: (answer: KeptAnswer) => void | Promise<void>;
  /** Takes room for parts, or gives it back (negative bytes); false where there is none left. */
  readonly room: (bytes: number) => boolean;
  /** The most bytes of this answer: while nothing in it waits, and once it is parked. */
  readonly most: { readonly unparked: number; readonly parked: number };
  /** Told of each caller that left, of the end, and when the answer was lost. */
  readonly onChange: (change: 'gone' | 'delivered' | 'ended' | 'lost') => void;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** See the model. An answer that is not parked remembers its parts too: a call in it may have to wait. */
export class Kept implements KeptAnswer {
  readonly exchange: string;
  headers: KeptAnswer['headers'] = [];
  refusal: Refusal | null = null;
  end: AnswerEnd | Error | null = null;
  lost = false;
  readonly #options: KeptAnswerOptions;
  #parked = false;
  #parts: AnswerPart[] = [];
  /** Bytes of the parts, and of those that wait behind a call. */
  #size = 0;
  readonly #callers = new Set<{ readonly since: number }>();
  #waiting: (() => void)[] = [];
  #broken: AbortController | null = null;

  constructor(options: KeptAnswerOptions) {
    this.exchange = options.exchange;
    this.#options = options;
  }

  get parts(): readonly AnswerPart[] {
    return this.#parts;
  }

  get parked(): boolean {
    return this.#parked && !this.lost;
  }

  get attendedSince(): number | null {
    for (const { since } of this.#callers) return since;
    return null;
  }

  get broken(): AbortSignal {
    this.#broken ??= new AbortController();
    if (this.end instanceof Error) this.#broken.abort(this.end);
    return this.#broken.signal;
  }

  begin(headers: KeptAnswer['headers']): void {
    this.headers = headers;
    this.#wake();
  }

  append(part: AnswerPart): void {
    if (this.lost) {
      if (this.#parked && this.#callers.size === 0) {
        throw new GatewayError('OVERLOADED', 'an answer without a caller outgrew what may be kept');
      }
      return;
    }
    if (!this.#take(sizeOf(part))) {
      this.#lose();
      return;
    }
    this.#parts.push(part);
    if (this.#waiting.length > 0) this.#wake();
  }

  refuse(refusal: Refusal): void {
    this.refusal = refusal;
  }

  holdBack(part: AnswerPart): boolean {
    return !this.lost && this.#take(sizeOf(part));
  }

  letGo(part: AnswerPart): void {
    if (this.lost) return;
    const bytes = sizeOf(part);
    this.#options.room(-bytes);
    this.#size -= bytes;
  }

  finish(end: AnswerEnd | Error): void {
    if (this.end !== null) return;
    this.end = end;
    if (end instanceof Error) this.#broken?.abort(end);
    this.#wake();
    if (this.#parked) this.#options.onChange('ended');
    else this.leave();
  }

  async park(): Promise<boolean> {
    if (this.#parked || this.lost) return this.parked;
    this.#parked = true;
    await this.#options.enter(this);
    return this.parked;
  }

  attend(): (left: 'gone' | 'delivered') => void {
    const caller = { since: this.#options.clock() };
    this.#callers.add(caller);
    this.#wake();
    return (left) => {
      if (this.#callers.delete(caller) && this.#parked) this.#options.onChange(left);
    };
  }

  attended(): Promise<void> | undefined {
    if (this.#callers.size > 0) return undefined;
    if (this.end instanceof Error) return Promise.reject(this.end);
    return this.changed().then(() => this.attended());
  }

  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Nobody will ask for it any more: what it took is free. Callers that are there keep its parts to their end. */
  leave(): void {
    this.#options.room(-this.#size);
    this.#size = 0;
  }

  #take(bytes: number): boolean {
    const { most, room } = this.#options;
    if (this.#size + bytes > (this.#parked ? most.parked : most.unparked) || !room(bytes)) return false;
    this.#size += bytes;
    return true;
  }

  #lose(): void {
    this.leave();
    this.#parts = [];
    this.lost = true;
    this.#wake();
    if (this.#parked) this.#options.onChange('lost');
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** What a part costs in memory, about: its bytes, and the objects made of them. */
function sizeOf(part: AnswerPart): number {
  if (part.kind === 'event') return 512 + (part.bytes?.length ?? 512);
  if (part.original instanceof Uint8Array) return 512 + part.original.length;
  return 512 + (part.inputText?.length ?? 0) + (part.original?.reduce((sum, event) => sum + sizeOf(event), 0) ?? 0);
}
