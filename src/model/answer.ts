import type { Decision, Reason } from './decision.ts';
import type { JsonObject } from './json.ts';
import type { Span } from './scan.ts';

/**
 * The answer of Claude on its way back, in parts. Every step of the way back is a function from parts to parts, and
 * the same steps serve a stream and a whole JSON answer.
 */
export type AnswerPart = StreamEvent | HeldBlock;

/** One event of the stream. In a JSON answer only `message_start`, `message_delta` and `message_stop` occur. */
export interface StreamEvent {
  readonly kind: 'event';
  /** The `type` of its data, which equals the SSE event name. */
  readonly type: string;
  /** Content block index, or -1 for an event of the whole message. */
  readonly index: number;
  readonly data: JsonObject;
  /** The original bytes of the event, its blank line included; null once a step has changed or made it. */
  readonly bytes: Uint8Array | null;
  /** What else its bytes say: comments and fields that no client of Claude reads. Absent where there is nothing. */
  readonly aside?: string;
  /** What the detectors found in the text that this event releases; set by the scan step. */
  readonly spans: readonly Span[];
}

/**
 * One content block, whole: a tool call of a stream that was held until its last event, any block of a JSON answer,
 * or a block the gateway made.
 */
export interface HeldBlock {
  readonly kind: 'block';
  readonly index: number;
  /** The block as in a JSON answer; for a tool call `input` is the parsed input. */
  readonly block: JsonObject;
  /** For a tool call: its input as JSON text, spelled as Claude spelled it; null for other blocks. */
  readonly inputText: string | null;
  /** Whether it is a call of a tool that runs at the client. */
  readonly call: boolean;
  /** Its original events (stream) or its original bytes (JSON answer); null once a step has changed or made it. */
  readonly original: readonly StreamEvent[] | Uint8Array | null;
  readonly spans: readonly Span[];
  /** What policy said of this call; set by the decide step, null for blocks that are no call. */
  readonly verdict: CallVerdict | null;
}

/**
 * The outcome of a tool call's decision, as the record and the client's text name it. A call that waits for humans has
 * `require_approval` with what they are asked; the approve step turns it into one of the other two.
 */
export interface CallVerdict {
  readonly effect: 'allow' | 'deny' | 'require_approval';
  readonly tool: string;
  readonly callId: string;
  /** Which call of the answer it is, from 0. */
  readonly callIndex: number;
  readonly reasons: readonly Pick<Reason, 'id' | 'message'>[];
  /** The decision behind `require_approval`; null for the others. */
  readonly decision: Decision | null;
  /** The approval that a human decided, where one did. */
  readonly approval: string | null;
}

/** A denied call that went to the client under another name, as Claude made it. */
export interface RenamedCall {
  readonly name: string;
  /** JSON text of its input, as Claude spelled it; in the ledger as it goes upstream. */
  readonly inputText: string;
  /** The name the client saw. */
  readonly shownAs: string;
}

/** Something to wait for, or nothing: a step that does not wait costs no turn of the event loop. */
export type Wait = Promise<void> | undefined;

/** Passes a part on to the next step. */
export type Next = (part: AnswerPart) => Wait;

/** One step of the way back for one answer; its state lives in the closure. */
export type WayBackStep = (part: AnswerPart, next: Next) => Wait;

/** Passes several parts on, in turn, waiting where a later step waits. */
export function inTurn(parts: readonly AnswerPart[], next: Next): Wait {
  for (let i = 0; i < parts.length; i++) {
    const wait = next(parts[i]!);
    if (wait) return wait.then(() => inTurn(parts.slice(i + 1), next));
  }
  return undefined;
}
