import type { AnswerPart } from './answer.ts';
import type { Claim, Held, Standing } from './approval.ts';
import type { Body } from './body.ts';
import type { ActivePolicy, Decision } from './decision.ts';
import type { Recording } from './event.ts';
import type { Json } from './json.ts';
import type { Lease } from './lease.ts';
import type { Identity } from './principal.ts';
import type { Detectors, MaskMark, MaskMode } from './scan.ts';

/**
 * One request with its answer. Each step of the way in proves one thing more about it, and its type says so: a step
 * takes the exchange as the steps before it left it and returns it with its own fields added. What forwards a
 * request takes a `Recorded`, so nothing reaches Claude that was not identified, decided and recorded.
 */
export interface Framed {
  /** `req_…`; also the `request-id` header of the answer. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly route: Route;
  readonly headers: RequestHeaders;
  readonly client: Client;
  /** The request body, not read yet. */
  readonly source: AsyncIterable<Uint8Array>;
  readonly reply: Reply;
  /** Aborted when the client is gone, or with a `GatewayError` as reason when the gateway stops the exchange. */
  readonly signal: AbortSignal;
  /** Notes for the record that steps leave as they go. */
  readonly notes: { [key: string]: Json };
}

export type Action = 'messages.create' | 'messages.count_tokens' | 'models.read';

export interface Route {
  /** The pattern of the closed table, e.g. `/v1/models/{id}`; a metric label. */
  readonly pattern: string;
  readonly action: Action;
  readonly method: 'GET' | 'POST';
  /** The raw request target: exact path and query, as forwarded. */
  readonly target: string;
}

/** Request headers: lower-case names, each singleton checked to occur once. */
export interface RequestHeaders {
  get(name: string): string | null;
  /** In the order of arrival, as spelled. */
  readonly raw: readonly (readonly [name: string, value: string])[];
}

/** What the caller says of itself: claims, never authority. */
export interface Client {
  /** `x-app`, e.g. `cli` for Claude Code; null when absent. */
  readonly app: string | null;
  /** The first product of the user agent, e.g. `claude-cli/2.1.330`; null when absent. */
  readonly version: string | null;
  /** `x-claude-code-request-class` where present; refined once the body is known. */
  readonly class: 'main' | 'subagent' | 'workflow' | 'compaction' | 'auxiliary' | null;
}

export interface Identified extends Framed {
  readonly identity: Identity;
}

export interface Read extends Identified {
  /** Null for requests without one. */
  readonly body: Body | null;
}

export interface Conversed extends Read {
  readonly conversation: Conversation;
}

/** One agent's thread. The id is a client claim, used for stability and grouping, never as authority. */
export interface Conversation {
  /** Keyed hash of tenant, principal and the client's id. */
  readonly id: string;
  /** User turns so far, this one included. */
  readonly turn: number;
  /** True once the gateway had to edit something a later thinking block is bound to. */
  readonly dropBlock: boolean;
}

export interface Scanned extends Conversed {
  readonly detectors: Detectors;
  readonly detections: Detections;
}

/** Counts of detector hits by class; `new` is what this request adds, by origin. */
export interface Detections {
  readonly new: { readonly [origin: string]: { readonly [className: string]: number } };
  readonly all: { readonly [className: string]: number };
}

export interface Decided extends Scanned {
  readonly policy: ActivePolicy;
  readonly decision: Decision;
  /** On the way back it is the answer's own, and grows by what is decided within the answer. */
  readonly maskPlan: Map<string, MaskMode>;
}

export interface Masked extends Decided {
  /** Masks applied in both directions, merged by detector. */
  readonly masks: MaskMark[];
}

export interface Approved extends Masked {
  /** The permission of humans that this request needs and has; null where policy asks for none. */
  readonly permission: Permission | null;
  /** The answer being given to an equal request: the caller gets that one, and Claude is not called again. */
  readonly attached: KeptAnswer | null;
  /** The answer to be: kept beyond its caller as soon as something in it waits for humans or runs under a grant. */
  readonly answer: KeptAnswer;
}

/** What an approved request was asked as, and the grant that allows it. */
export interface Permission {
  readonly claim: Claim;
  readonly standing: Standing & { readonly state: 'granted' };
}

/**
 * One answer of Claude as parts, from its first event. Once parked it is read on whether its caller stays or not, and
 * callers that send an equal request attach to it.
 */
export interface KeptAnswer {
  /** The exchange that asked Claude. */
  readonly exchange: string;
  readonly parts: readonly AnswerPart[];
  /** Response headers of Claude; empty until they are known. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The error that Claude gave instead of an answer; null where it gave none. */
  readonly refusal: Refusal | null;
  /** How it ended; null while it goes on. */
  readonly end: AnswerEnd | Error | null;
  readonly parked: boolean;
  /** True once it has outgrown what may be kept: its parts are gone, and only its first caller can have it. */
  readonly lost: boolean;
  /** Epoch milliseconds since which the caller is there that waits longest; null where none is there. */
  readonly attendedSince: number | null;
  /** Aborted, with the reason, when the answer breaks off. */
  readonly broken: AbortSignal;
  begin(headers: KeptAnswer['headers']): void;
  append(part: AnswerPart): void;
  refuse(refusal: Refusal): void;
  /** Counts a part that waits behind a held call; false where that is more than may be kept. */
  holdBack(part: AnswerPart): boolean;
  /** The part waits no longer. */
  letGo(part: AnswerPart): void;
  finish(end: AnswerEnd | Error): void;
  /** Parks it; false where too much of it has gone by to be repeated from its first event. */
  park(): Promise<boolean>;
  /** A caller takes it: the function returned says that the caller left, or has it to its end. */
  attend(): (left: 'gone' | 'delivered') => void;
  /** Resolves once a caller is there; undefined where one is. Rejects when the answer has run out. */
  attended(): Promise<void> | undefined;
  /** Resolves at the next part, or the end. */
  changed(): Promise<void>;
}

/** An error of Claude as callers get it. */
export interface Refusal {
  readonly status: number;
  readonly headers: KeptAnswer['headers'];
  readonly body: Uint8Array;
}

/** How an answer ended that was passed on. */
export type AnswerEnd = 'complete' | 'denied' | 'upstream_error';

export interface Credentialed extends Approved {
  readonly lease: Lease;
}

export interface Granted extends Credentialed {
  /** The grant, taken for this exchange alone; null where none is needed. */
  readonly held: Held | null;
}

export interface Recorded extends Granted {
  readonly recording: Recording;
}

/** The answer's way out to the caller. Bytes written are the caller's; an abort is never a clean end. */
export interface Reply {
  /** True once the status line is out. */
  readonly begun: boolean;
  /** Status that was sent, or 0. */
  readonly status: number;
  begin(status: number, headers: readonly (readonly [name: string, value: string])[]): void;
  /** Sends the headers now, before any byte of the body. */
  flush(): void;
  /** Of a stream: from now on a `ping` goes out after 15 s of silence. */
  keepAlive(): void;
  /** Undefined while the socket keeps up, otherwise a promise for when it does again. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  end(bytes?: Uint8Array): void;
  /** After `end`: resolves once everything was handed to the system, or the caller is gone. */
  done(): Promise<void>;
  /** Resets the connection. */
  abort(): void;
}
