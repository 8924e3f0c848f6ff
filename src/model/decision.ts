import type { Json } from './json.ts';
import type { MaskMode } from './scan.ts';

/** The points at which policy is asked; each is one entrypoint `sallyport/<point>` of the bundle. */
export type Point = 'request' | 'chunk' | 'tool_use' | 'admin';

export type Effect = 'allow' | 'deny' | 'require_approval';

export interface Reason {
  /** Rule id, unique in its policy. */
  readonly id: string;
  /** Text for the caller; may be empty for an allow. */
  readonly message: string;
  /** Policy name: `policies.<name>`. */
  readonly policy: string;
  readonly severity: 'low' | 'medium' | 'high' | 'critical';
}

/** A mask that policy asks for. */
export interface MaskDirective {
  /** Detector classes. */
  readonly detectors: readonly string[];
  readonly mode: MaskMode;
  /** Where a token may become its value again: nowhere, in text, or in the input of the named tools. */
  readonly restore: 'none' | 'text' | readonly string[];
}

/** What the request decision hoists out of the stream, so that an ordinary delta costs a look-up. */
export interface StreamDirective {
  readonly chunk: 'off' | 'on_detection' | 'every';
  readonly deny_tools: readonly string[];
  readonly thresholds: { readonly [name: string]: number };
  readonly thinking: 'omit' | 'pass' | 'refuse';
}

export interface ApprovalRequirement {
  readonly groups: readonly string[];
  readonly quorum: number;
  readonly scopes: readonly ('once' | 'session' | 'time_boxed')[];
  readonly expires_s: number;
  readonly grant_s: number;
  readonly reason_required: boolean;
}

/** What policy decided, merged by the aggregator and checked against the decision schema. */
export interface Decision {
  readonly effect: Effect;
  readonly reasons: readonly Reason[];
  readonly mask: readonly MaskDirective[];
  /** The credential role to use, or null for the configured default role. */
  readonly credential: string | null;
  readonly record: 'full' | 'metadata' | 'none';
  readonly limits: { readonly max_output_tokens: number | null };
  readonly stream: StreamDirective;
  readonly approval: readonly ApprovalRequirement[];
  readonly withhold: 'none' | 'detected' | 'turn';
  readonly on_tool_deny: 'replace' | 'continue';
}

/** Identity of the policy that decided: recorded with every decision. */
export interface PolicyIdentity {
  readonly bundle: string;
  /** The semver of the manifest. */
  readonly version: string;
  /** sha256 over the sorted `name hash` lines of all files but `.signatures.json`, hex. */
  readonly revision: string;
}

/**
 * The active policy as other rooms see it. Implemented by `decide/` over a bundle that `bundle/` verified.
 * An exchange takes one `ActivePolicy` when it is decided and keeps it to its end, so no exchange mixes revisions.
 */
export interface ActivePolicy extends PolicyIdentity {
  /** Evaluates one point. Throws `GatewayError` POLICY_UNAVAILABLE on a throw, an undefined or an invalid result. */
  decide(point: Point, input: { readonly [key: string]: Json }): Decision;
  /** The chunk decision, cached by its short key. */
  decideChunk(input: ChunkInput): Decision;
}

/** The chunk projection: only what changes, so that its cache key is short. */
export interface ChunkInput {
  readonly v: 1;
  readonly kind: string;
  readonly detections: { readonly [className: string]: number };
  readonly thresholds: { readonly [name: string]: number };
}
