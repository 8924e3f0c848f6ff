import type { JsonObject } from '../model/json.ts';
import type { Asked } from './asked.ts';
import type { ErrorType } from './refusal.ts';

/** A passage the answer quotes. */
export interface Quote {
  readonly title: string;
  readonly text: string;
  /** Where it was found, for a web search; a document of the request otherwise. */
  readonly url?: string;
}

/** What the stand-in does next. Each `say`, `think`, `call` and `search` is a content block of its own. */
export type Step =
  | {
      readonly kind: 'say';
      readonly text: string;
      /** The deltas, where the script itself chooses them. */
      readonly pieces?: readonly string[];
      readonly quotes?: readonly Quote[];
      /** A text that no single delta may hold whole. */
      readonly split?: string;
      /** The block is never finished: what follows must be `cut` or `fail`. */
      readonly unfinished?: boolean;
    }
  | { readonly kind: 'think'; readonly text: string; readonly redacted?: boolean }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly input: JsonObject;
      /** How the input is spelled as JSON; must parse to `input`. */
      readonly spelling?: string;
      readonly split?: string;
    }
  | { readonly kind: 'search'; readonly query: string; readonly quotes: readonly Quote[] }
  /** Turns the request away before the answer. */
  | {
      readonly kind: 'refuse';
      readonly type: ErrorType;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** An `error` event; in a JSON answer, an error instead of it. */
  | { readonly kind: 'fail'; readonly type: ErrorType; readonly message: string }
  /** The connection breaks; as the first step, before any answer. */
  | { readonly kind: 'cut' }
  /** Nothing for a while. */
  | { readonly kind: 'stall'; readonly milliseconds: number }
  /** From here on, a wait before every event. */
  | { readonly kind: 'pace'; readonly milliseconds: number }
  | { readonly kind: 'stop'; readonly reason: string; readonly details?: JsonObject };

/**
 * Writes the part of the stand-in.
 *
 * @param asked what the request says
 * @param turn how many times the model has already spoken since the user's last prompt
 */
export type Script = (asked: Asked, turn: number) => readonly Step[];
