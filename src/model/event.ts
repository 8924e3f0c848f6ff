import type { Json, JsonObject } from './json.ts';

/** Closed list of audit event kinds. */
export type EventKind =
  | 'exchange.intent'
  | 'exchange.outcome'
  | 'exchange.refused'
  | 'tool_use.decided'
  | 'input.rejected'
  | 'identity.raw_credential'
  | 'identity.revoked'
  | 'identity.login'
  | 'identity.logout'
  | 'identity.token_issued'
  | 'session.viewed'
  | 'bundle.activated'
  | 'bundle.refused'
  | 'bundle.accepted'
  | 'credential.changed'
  | 'approval.opened'
  | 'approval.decided'
  | 'approval.expired'
  | 'approval.cancelled'
  | 'approval.superseded'
  | 'approval.break_glass'
  | 'approval.reviewed'
  | 'grant.taken'
  | 'grant.returned'
  | 'grant.spent'
  | 'grant.revoked'
  | 'grant.expired'
  | 'gateway.started'
  | 'gateway.stopped';

/** An audit event before the journal gave it a number. `body` holds no text of prompts or answers. */
export interface AuditEvent {
  readonly kind: EventKind;
  /** The exchange it belongs to, or null. */
  readonly exchange: string | null;
  readonly body: { readonly [key: string]: Json };
}

/** The append-only journal of this node. A promise resolves when the event is durable. */
export interface Journal {
  /** Throws `GatewayError` AUDIT_UNAVAILABLE (as a rejection) when the event cannot be made durable. */
  append(event: AuditEvent): Promise<void>;
  /** False once a write has failed, until one succeeds again. */
  readonly healthy: boolean;
}

/** How an exchange ended, for its outcome event. */
export interface Outcome {
  /** HTTP status sent to the caller, or 0 when none was. */
  readonly status: number;
  /** `unknown` is written at the next start for an exchange that a crash cut off. */
  readonly end: 'complete' | 'refused' | 'denied' | 'upstream_error' | 'fault' | 'client_gone' | 'unknown';
  /** Error code where there was one. */
  readonly code: string | null;
  /** Null where the recording should use what it read in the answer itself. */
  readonly usage: Usage | null;
  /** Null where the recording should use what it read in the answer itself. */
  readonly stopReason: string | null;
  readonly [key: string]: Json | Usage;
}

/** Tokens as Claude counted them. */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly [key: string]: number;
}

/**
 * The sealed recording of one exchange. Frames are `[seq, dt, kind, index, payload]`: sequence number, milliseconds
 * since the exchange began, kind, content block index (-1 for none) and payload.
 */
export interface Recording {
  /** Takes a frame; the payload is text as delivered (bytes of an SSE event without its blank line) or an object. */
  frame(kind: FrameKind, index: number, payload: Uint8Array | string | JsonObject): void;
  /** Makes all frames so far durable. */
  flush(): Promise<void>;
  /** A failure to write, if there was one; in strict mode the answer must stop. */
  readonly fault: Error | null;
  /**
   * Seals the last segment and writes the outcome event in the same transaction; the first call counts. Rejects with
   * AUDIT_UNAVAILABLE when that could not be made durable now; it is then written as soon as it can be.
   */
  end(outcome: Outcome): Promise<void>;
}

export type FrameKind = 'request' | 'head' | 'event' | 'block' | 'mask' | 'decision' | 'error' | 'mark';
