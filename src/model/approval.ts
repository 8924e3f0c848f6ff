import type { ApprovalRequirement, Decision, PolicyIdentity, Reason } from './decision.ts';
import type { JsonObject } from './json.ts';
import type { Principal } from './principal.ts';

/*
 * Approvals and grants as other rooms see them; implemented by `approve/`. An approval is a question to humans about
 * exactly one content, named by its fingerprint; a grant is the permission that results.
 */

/** `approved` becomes `superseded` only while its grant was not used. All but `pending` and `approved` are final. */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled' | 'superseded';

/** `in_flight`: one exchange holds it. `spent`, `revoked` and `expired` are final. */
export type GrantState = 'approved' | 'in_flight' | 'spent' | 'revoked' | 'expired';

/**
 * How wide a grant is: `once` for the exact fingerprint; `session` for whatever the same rules ask about in the same
 * conversation; `time_boxed` for whatever they ask about for the same principal, within the limits of the grant.
 */
export type GrantScope = 'once' | 'session' | 'time_boxed';

/**
 * What a verdict is bound to: `fingerprint` is the SHA-256 (hex) of the domain tag and `content`, so that whoever sees
 * the content can check that it is what the verdict is for. `content` is canonical JSON after restore and mask.
 */
export interface Bound {
  readonly kind: 'request' | 'tool_call';
  readonly fingerprint: string;
  readonly content: string;
}

/** What a grant is taken for. It is kept while a request goes on, so it holds nothing of the content. */
export interface Claim {
  readonly bound: Pick<Bound, 'fingerprint'>;
  readonly principal: Principal;
  /** Id of the conversation; part of the fingerprint of a tool call, and what a `session` grant is bound to. */
  readonly conversation: string;
  /** `messages.create` or `tool.use`. */
  readonly action: string;
  /** Why policy asks; their ids are the rules that wider grants are bound to. */
  readonly reasons: readonly Reason[];
  /** The `max_tokens` asked for (after policy lowered it); a request with more than was approved is asked anew. */
  readonly maxTokens: number | null;
}

/** What humans are asked. */
export interface Question extends Claim {
  readonly bound: Bound;
  /** The exchange that asks. */
  readonly exchange: string;
  /** One line without content, for lists and notifications: the model, or the name of the tool. */
  readonly summary: string;
  /** All must be met; at least one. Shortest expiry and narrowest scope win. */
  readonly requirements: readonly ApprovalRequirement[];
  readonly policy: PolicyIdentity;
  /** The projection that policy saw, for the approver; without an excerpt, since the content is shown whole. */
  readonly facts: JsonObject;
  /** Opaque marks (keyed hashes) of the texts that an approval releases; given back by `onReleased`. */
  readonly releases: readonly string[];
}

/** An approval without its content. Times are epoch milliseconds. */
export interface Approval {
  readonly id: string;
  readonly state: ApprovalState;
  readonly kind: Bound['kind'];
  readonly fingerprint: string;
  readonly tenant: string;
  readonly requester: Principal;
  readonly conversation: string;
  readonly exchange: string;
  readonly action: string;
  readonly summary: string;
  readonly requirements: readonly ApprovalRequirement[];
  readonly reasons: readonly Reason[];
  readonly policy: PolicyIdentity;
  readonly maxTokens: number | null;
  readonly openedAt: number;
  /** When it expires unless it is decided before. */
  readonly expiresAt: number;
  readonly settledAt: number | null;
  /** What the approver who denied wrote, for the caller; null otherwise. */
  readonly comment: string | null;
  /** Where a human decides, for the caller's text: a URL of the console, or null where none is configured. */
  readonly url: string | null;
}

/** A grant. Times are epoch milliseconds. */
export interface Grant {
  readonly id: string;
  readonly approval: string;
  readonly state: GrantState;
  readonly scope: GrantScope;
  /** The most `max_tokens` a request may ask for under it, or null for no bound. */
  readonly maxTokens: number | null;
  readonly expiresAt: number;
  /** Uses left of a wider grant, or null for no bound; 1 for `once`. */
  readonly usesLeft: number | null;
  readonly breakGlass: boolean;
}

/** Where a question stands now. */
export type Standing =
  /** Use it: `take` the grant, then dispatch. */
  | { readonly state: 'granted'; readonly approval: Approval; readonly grant: Grant }
  /** Granted, but another exchange holds the grant at the moment: attach to its parked answer, or wait. */
  | { readonly state: 'in_use'; readonly approval: Approval; readonly grant: Grant }
  | { readonly state: 'pending'; readonly approval: Approval }
  /** A human said no, not longer ago than the time a denial stands for resends. */
  | { readonly state: 'denied'; readonly approval: Approval }
  /** Nobody decided in time, or the question was taken back; asking again opens a new approval. */
  | { readonly state: 'expired' | 'cancelled' | 'superseded' | 'used'; readonly approval: Approval };

/** What became of the dispatch that a grant was taken for. */
export type Dispatch =
  /** Delivered to its end, its tool call released, or its parked answer ran out: the grant is spent. */
  | 'delivered'
  /** No byte was sent, upstream answered non-2xx, or cut its answer: the grant may be used again, three times in all. */
  | 'not_sent'
  | 'upstream_refused'
  | 'upstream_cut';

/** A grant that one exchange holds. */
export interface Held {
  readonly grant: Grant;
  /** True while it may go on: not revoked meanwhile. Ask at the release of a held tool call. Rejects with STATE_UNAVAILABLE. */
  stands(): Promise<boolean>;
  /** Says what became of the dispatch; the first call counts. Rejects with STATE_UNAVAILABLE; then it settles later by itself. */
  settle(dispatch: Dispatch): Promise<void>;
}

/**
 * The approvals of one gateway. Every method rejects with GatewayError STATE_UNAVAILABLE where the shared store cannot
 * be reached; nothing is allowed then.
 */
export interface Approvals {
  /**
   * False where nothing is open, granted or lately denied for the conversation or the principal, so that no
   * fingerprint has to be computed. May say true for nothing. From memory in most cases.
   */
  mayConcern(principal: Principal, conversation: string): boolean | Promise<boolean>;
  /** Where a fingerprint stands without opening anything; null where nothing is known of it. For side requests. */
  look(question: Question): Promise<Standing | null>;
  /**
   * Finds the usable grant, the standing denial or the pending approval of this question, or opens one. One pending
   * approval per fingerprint and principal, whoever asks at the same time. Signatures are checked before `granted`.
   * A grant or a pending approval whose verdicts no longer meet the question's requirements or `max_tokens` is superseded.
   * Rejects with GatewayError OVERLOADED where its caller has too many open questions.
   */
  ask(question: Question): Promise<Standing>;
  /**
   * Resolves when the approval is no longer pending, and at the deadline (epoch milliseconds) with what holds then.
   * Rejects with the signal's reason when that aborts. Costs a few hundred bytes while it waits.
   */
  wait(approval: string, signal: AbortSignal, deadline: number): Promise<Standing>;
  /**
   * Takes the grant for one exchange by compare-and-set, after its signatures were checked; null where another one was
   * faster or it ended. Durable in the shared store when it resolves: then write the intent, then send.
   */
  take(standing: Standing & { readonly state: 'granted' }, claim: Claim, exchange: string): Promise<Held | null>;
  /**
   * After a wait, when the active bundle decided again. True: the recorded verdicts meet the new requirements (or none
   * are left), go on. False: the approval was superseded; `ask` again in the same hold.
   */
  recheck(approval: string, decision: Decision, bound: Claim['bound']): Promise<boolean>;
  /** Ends a pending approval whose question is moot, e.g. because policy now denies it. */
  supersede(approval: string, why: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * What an exchange left in the journal of this node, for the grants it held when the process died. `intent` also where
 * the journal does not go back to `since` (epoch milliseconds), when it took its grant.
 */
export type Traces = (
  exchange: string,
  since: number,
) => Promise<'nothing' | 'intent' | 'delivered' | 'upstream_error'>;

/** The texts that a human approved: they count as released for the principal. */
export interface Released {
  readonly principal: Principal;
  readonly marks: readonly string[];
}

/**
 * Whether a person may do something to an approval: the policy point `sallyport/admin`, asked with `AdminInput`.
 * Throws GatewayError POLICY_UNAVAILABLE.
 */
export type MayAct = (actor: Principal, action: AdminAction, concerned: Concerned) => Decision;

/**
 * `approval.decide_unowned` is asked besides `approval.decide` where a workload without a known owner asked.
 */
export type AdminAction =
  | 'approval.view'
  | 'approval.decide'
  | 'approval.decide_unowned'
  | 'approval.cancel'
  | 'approval.break_glass'
  | 'approval.review'
  | 'grant.revoke'
  | 'identity.revoke'
  | 'bundle.accept'
  | 'session.view'
  | 'policy.view'
  | 'status.view';

/** What policy is told of an approval; the members of `AdminInput.approval` and its requester. */
export interface Concerned {
  readonly requester: Principal | null;
  readonly approval: {
    readonly rule_ids: readonly string[];
    readonly action: string;
    readonly scope: GrantScope | null;
    readonly quorum: number;
    readonly decisions: readonly { readonly person: string | null; readonly verdict: 'approve' | 'deny' }[];
  } | null;
}
