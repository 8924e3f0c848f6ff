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

/** How many characters of text the bundle's manifest asks for at a point; null where it asks for none. */
export interface ExcerptLengths {
  readonly request: number | null;
  readonly chunk: number | null;
  readonly tool_use: number | null;
}

/** Identity of the policy that decided: recorded with every decision. */
export type PolicyIdentity = {
  readonly bundle: string;
  /** The semver of the manifest. */
  readonly version: string;
  /** sha256 over the sorted `name hash` lines of all files but `.signatures.json`, hex. */
  readonly revision: string;
};

/**
 * The active policy as other rooms see it. Implemented by `decide/` over a bundle that `bundle/` verified.
 * An exchange takes one `ActivePolicy` when it is decided and keeps it to its end, so no exchange mixes revisions.
 */
export interface ActivePolicy extends PolicyIdentity {
  readonly excerpts: ExcerptLengths;
  /**
   * The decision at one point, cached where the bundle says what it reads. Throws `GatewayError` POLICY_UNAVAILABLE on a
   * throw, an undefined or an invalid result.
   */
  decide(point: Point, input: { readonly [key: string]: Json }): Decision;
  /** The chunk decision, cached by its short key; with an excerpt every one is made anew. */
  decideChunk(input: ChunkInput): Decision;
}

/** A bundle whose content was verified: what the engine needs of it. */
export interface PolicyBundle extends PolicyIdentity {
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly data: Json;
  /** Compiled detector tables, or null where the bundle brings none. */
  readonly detectors: Uint8Array | null;
  /** What its entrypoints read, or null where the bundle does not say; decisions are then not cached. */
  readonly reads: PolicyReads | null;
  /** Its rules take effect at once, also in conversations that are pinned to older ones. */
  readonly urgentRules: boolean;
  readonly excerpts: ExcerptLengths;
  /** The bundle's own examples with the decisions they must give. */
  readonly corpus: readonly CorpusCase[];
}

/**
 * What is read of a value: all of it (`value`); only how it compares with the numbers of the policy, where it is a number
 * (`order`); or only some members, each in its own way, `each` being what is read of all others.
 */
export type Reads =
  | 'value'
  | 'order'
  | { readonly members: { readonly [name: string]: Reads }; readonly each: Reads | null };

/** What entrypoints can read of their input: two inputs that agree in that get the same decision. */
export interface PolicyReads {
  /** sha256 of the module that this was told of, hex. */
  readonly module: string;
  /** Constants of the policy that numbers of the input may be compared with; those of the bundle's data come on top. */
  readonly numbers: readonly number[];
  /** By entrypoint, e.g. `sallyport/request`; one that is missing may read anything. */
  readonly entrypoints: { readonly [entrypoint: string]: Reads };
}

/** One example of the corpus: what is stated of the decision must hold, nothing more is compared. */
export interface CorpusCase {
  readonly name: string;
  readonly point: Point;
  readonly input: { readonly [key: string]: Json };
  readonly effect: Effect;
  /** Rule ids of the reasons, in any order; null when only the effect is stated. */
  readonly rules: readonly string[] | null;
}

/**
 * Compiles, checks and warms a bundle and runs its corpus. Implemented by `decide/`, used by `bundle/`. Throws an Error
 * whose message names what is wrong; nothing is active then.
 */
export type LoadPolicy = (bundle: PolicyBundle) => ActivePolicy;

/** Where the active policy comes from. Implemented by `bundle/`. */
export interface PolicySource {
  /** The policy to decide with now. Throws `GatewayError` POLICY_UNAVAILABLE where there is none that may be used. */
  current(): ActivePolicy;
  status(): PolicyStatus;
  close(): Promise<void>;
}

/** The state of the policy source, for the admin API and `/readyz`; an alias, so that it is a JSON value as it is. */
export type PolicyStatus = {
  readonly source: 'builtin' | 'directory';
  readonly active: (PolicyIdentity & { readonly bundle_version: number; readonly activated_at: number }) | null;
  /** Why `current()` would throw, or null. */
  readonly unavailable: string | null;
  /** Epoch milliseconds of the last look at the source that found a usable bundle. */
  readonly checked_at: number | null;
  /** The last refusal, until a bundle is accepted again. */
  readonly refused: { readonly reason: string; readonly detail: string; readonly at: number } | null;
  /** The least `bundle_version` that is taken, or null where there is none or it cannot be read. */
  readonly floor: number | null;
  /** Epoch seconds at which the active bundle expires, or null. */
  readonly expires_at: number | null;
};

/** The chunk projection: only what changes, so that its cache key is short. `excerpt` as in the other projections. */
export type ChunkInput = {
  readonly v: 1;
  readonly kind: string;
  readonly detections: { readonly [className: string]: number };
  readonly thresholds: { readonly [name: string]: number };
  readonly excerpt: string | null;
};
