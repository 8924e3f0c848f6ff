/**
 * The input documents policy sees: small, versioned, facts instead of text. Every field is always present, null when
 * absent. `decide/contract.ts` states the same as schemas, which are published in `policies/schemas/`.
 *
 * They are type aliases, not interfaces: an alias is a JSON value to the compiler, so none has to be cast where policy
 * is asked.
 */
import type { Principal } from './principal.ts';

/** UTC time in whole minutes, so that a decision stays a function of its input. */
export type ProjectedNow = {
  /** Whole minutes since the epoch. */
  readonly minutes: number;
  /** 1 Monday … 7 Sunday. */
  readonly weekday: number;
  /** 0 … 23. */
  readonly hour: number;
};

/** What policy is told of a principal, named here one by one: what a principal gains later does not reach policy by itself. */
export type ProjectedPrincipal = Pick<
  Principal,
  'tenant' | 'issuer' | 'subject' | 'kind' | 'person' | 'owner' | 'groups' | 'function' | 'actors' | 'strength'
>;

/** Counts of detector hits by class. */
export type Counts = {
  readonly [className: string]: number;
};

export type RequestInput = {
  readonly v: 1;
  readonly now: ProjectedNow;
  readonly principal: ProjectedPrincipal;
  readonly action: string;
  /** The pattern of the route, e.g. `/v1/messages`. */
  readonly route: string;
  readonly client: { readonly app: string | null; readonly version: string | null; readonly class: string | null };
  readonly request: {
    readonly model: string | null;
    readonly max_tokens: number | null;
    readonly stream: boolean;
    /** Names of the tools that run at the client. */
    readonly tools: readonly string[];
    /** Tools that run inside Claude, and every type the gateway does not know. */
    readonly server_tools: readonly { readonly type: string; readonly name: string | null }[];
    readonly mcp_servers: readonly { readonly name: string | null; readonly host: string | null }[];
    /** Hosts that Claude is asked to fetch content from. */
    readonly url_sources: readonly string[];
    readonly file_ids: readonly string[];
    readonly message_count: number;
    readonly bytes: number;
    readonly media: { readonly images: number; readonly documents: number };
    /** Bytes of base64 content, which no detector reads. */
    readonly opaque_bytes: number;
    readonly betas: readonly string[];
    /** Top-level members of the body that this version does not know. */
    readonly unknown_fields: readonly string[];
  };
  readonly detections: { readonly new: { readonly [origin: string]: Counts }; readonly all: Counts };
  /** What the principal has used; null until budgets are kept. */
  readonly usage: null;
  readonly conversation: { readonly id: string; readonly turn: number };
  /** The newest text of the user, redacted; null where the bundle's manifest does not ask for it. */
  readonly excerpt: string | null;
};

/** A path that a tool call names, without `.` and `..` where they could be resolved. */
export type ProjectedPath = {
  readonly path: string;
  /** Starts at the root, a drive or a home directory. */
  readonly absolute: boolean;
  /** Was spelled with a `..` segment. */
  readonly traversal: boolean;
  /** Whether the call may write, create or remove it. */
  readonly write: boolean;
};

export type ToolUseInput = {
  readonly v: 1;
  readonly now: ProjectedNow;
  readonly principal: ProjectedPrincipal;
  readonly conversation: { readonly id: string; readonly turn: number };
  readonly tool: {
    readonly name: string;
    readonly kind: 'shell' | 'file' | 'mcp' | 'other';
    /** The MCP server of a name `mcp__server__tool`. */
    readonly server: string | null;
  };
  readonly input: {
    readonly bytes: number;
    /** Every simple command that would run, wrappers such as `sudo` and `xargs` opened, as argument lists. */
    readonly commands: readonly (readonly string[])[];
    /** Places in `commands` of those with an argument that is known only when it runs: a variable, a pattern, `xargs`. */
    readonly expanded: readonly number[];
    /** Programs in the language of an interpreter (`python -c`, a here-document), each cut to 4096 characters. */
    readonly inline: readonly { readonly program: string; readonly code: string }[];
    /** True when some of what would run cannot be known: not parseable, `eval`, an expansion as the command, a pipe into a shell. */
    readonly opaque: boolean;
    readonly paths: readonly ProjectedPath[];
    readonly hosts: readonly string[];
  };
  readonly detections: Counts;
  /** Position among the tool calls of this answer, from 0. */
  readonly answer: { readonly call_index: number };
  /** The input as JSON text, redacted and cut; null where the bundle's manifest does not ask for it. */
  readonly excerpt: string | null;
};

export type AdminInput = {
  readonly v: 1;
  readonly now: ProjectedNow;
  readonly actor: ProjectedPrincipal;
  /** e.g. `approval.decide`, `session.view`, `bundle.accept`. */
  readonly action: string;
  /** Who asked for what is decided on; null where nobody did. */
  readonly requester: ProjectedPrincipal | null;
  readonly approval: {
    readonly rule_ids: readonly string[];
    readonly action: string;
    readonly scope: 'once' | 'session' | 'time_boxed' | null;
    readonly quorum: number;
    /** Verdicts so far. */
    readonly decisions: readonly { readonly person: string | null; readonly verdict: 'approve' | 'deny' }[];
  } | null;
};
