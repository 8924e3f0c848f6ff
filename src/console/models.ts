/** What each page of the console shows: plain data, the same for the server's rendering and for the script's. */
import type { Json, JsonObject } from '../model/json.ts';

/** A page: what every one has, and what this one shows. */
export interface Page {
  /** Epoch milliseconds at which it was made; ages are counted from it. */
  readonly now: number;
  readonly path: string;
  readonly title: string;
  readonly viewer: Viewer;
  /** Approvals that wait for anybody, for the badge. */
  readonly waiting: number;
  readonly view: View;
}

export interface Viewer {
  /** How the person is called: name, address or subject. */
  readonly name: string;
  readonly tenant: string;
  readonly csrf: string;
  /** Pages that policy lets the person see. */
  readonly places: readonly Place[];
}

export type Place = 'waiting' | 'activity' | 'policy' | 'status';

export type View = WaitingView | ApprovalView | ActivityView | ExchangeView | PolicyView | StatusView | NoticeView;

/** Approvals that wait, the oldest first. */
export interface WaitingView {
  readonly page: 'waiting';
  readonly approvals: readonly ApprovalSummary[];
  /** Broken glass that the viewer may review, the newest first. */
  readonly reviews: readonly ReviewDue[];
}

export type ReviewDue = Pick<ApprovalSummary, 'id' | 'resource' | 'gist' | 'requester' | 'createdAt'>;

/** One approval in a list. */
export interface ApprovalSummary {
  readonly id: string;
  readonly action: string;
  /** Tool or model that is asked for. */
  readonly resource: string;
  /** The beginning of what is bound, in one line: the command, the path, the last words of the user. */
  readonly gist: string;
  readonly requester: Requester;
  readonly reasons: readonly ReasonShown[];
  /** Epoch milliseconds, as every time of an approval. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly approved: number;
  readonly quorum: number;
  readonly status: ApprovalStatus;
}

export type ApprovalStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled' | 'superseded';

export interface Requester {
  readonly function: string | null;
  readonly subject: string;
  readonly tenant: string;
  readonly person: string | null;
  readonly owner: string | null;
}

export interface ReasonShown {
  readonly id: string;
  readonly message: string;
  readonly policy: string;
  readonly severity: string;
  /** Where the rule is written, `commands/tool_use/tool_use.rego:12`, where the active bundle still has it. */
  readonly place: string | null;
}

/** One approval, with exactly what it is bound to. */
export interface ApprovalView {
  readonly page: 'approval';
  readonly approval: ApprovalSummary;
  readonly fingerprint: string;
  /** What is bound, as the requester will send or run it once it is approved; null where it is not kept any more. */
  readonly content: Json;
  /** What `content` leaves out of it, in words; null where it is whole. */
  readonly leftOut: string | null;
  /** The same whole, spelled exactly as the fingerprint is over it, on lines; null where it is too long for a page. */
  readonly raw: string | null;
  readonly facts: readonly Fact[];
  /** Against what was last approved for this requester by the same rules; null where nothing was. */
  readonly difference: Difference | null;
  readonly groups: readonly string[];
  readonly scopes: readonly Scope[];
  readonly grantSeconds: number;
  readonly commentRequired: boolean;
  readonly verdicts: readonly VerdictShown[];
  readonly grants: readonly GrantShown[];
  /** Exchange in which it was asked. */
  readonly exchange: string | null;
  readonly revision: string;
  /** Why the viewer cannot decide, in words; null where the form is shown. */
  readonly barred: string | null;
  /** Where the glass was broken: what the review of it says, null while it is open. Null where it was not. */
  readonly review: { readonly comment: string | null; readonly closedAt: number | null } | null;
  readonly acts: Acts;
}

/** What else the viewer may do to an approval. */
export interface Acts {
  readonly cancel: boolean;
  readonly revoke: boolean;
  /** Approve alone, in an emergency. */
  readonly breakGlass: boolean;
  /** Close the review that this left. */
  readonly review: boolean;
}

export type Scope = 'once' | 'session' | 'time_boxed';

/** A named fact in a list; `code` ones are shown in the typeface of code, one a line. */
export interface Fact {
  readonly name: string;
  readonly values: readonly string[];
  readonly code: boolean;
}

export interface Difference {
  readonly approvedAt: number | null;
  /** By path; JSON texts, null for a value that is not there. */
  readonly changes: readonly { readonly path: string; readonly before: string | null; readonly after: string | null }[];
  readonly more: boolean;
}

export interface GrantShown {
  readonly id: string;
  readonly state: string;
  readonly scope: Scope;
  readonly expiresAt: number;
}

export interface VerdictShown {
  readonly person: string;
  readonly verdict: 'approve' | 'deny';
  readonly comment: string | null;
  readonly scope: Scope | null;
  readonly breakGlass: boolean;
  readonly at: number;
}

/** Exchanges that match the filters, the newest first. */
export interface ActivityView {
  readonly page: 'activity';
  readonly filters: Filters;
  readonly exchanges: readonly ExchangeRow[];
  /** Query string of the page after this one, or null. */
  readonly next: string | null;
  /** What is wrong with the filters, in words. */
  readonly fault: string | null;
}

/** As typed; an empty string is no filter. */
export interface Filters {
  readonly from: string;
  readonly to: string;
  readonly function: string;
  readonly principal: string;
  readonly effect: string;
}

/** One exchange in a list, as the admin API gives it. */
export interface ExchangeRow {
  readonly id: string;
  readonly at: string;
  readonly function: string | null;
  readonly subject: string | null;
  readonly action: string | null;
  readonly model: string | null;
  readonly session: string | null;
  readonly effect: string;
  readonly rules: readonly string[];
  readonly policy: { readonly bundle: string; readonly version: string; readonly revision: string } | null;
  readonly lease: { readonly id: string; readonly role: string } | null;
  readonly status: number | null;
  readonly end: string | null;
  readonly code: string | null;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number } | null;
  readonly calls: { readonly allow: number; readonly deny: number } | null;
  readonly masks: readonly MaskShown[];
  readonly duration_ms: number | null;
}

export interface MaskShown {
  readonly detector: string;
  readonly class: string;
  readonly mode: string;
  readonly count: number;
}

/** One exchange in full, read from its sealed recording. */
export interface ExchangeView {
  readonly page: 'exchange';
  readonly exchange: ExchangeRow;
  readonly recording: {
    readonly state: 'whole' | 'open' | 'broken' | 'none';
    readonly fault: string | null;
    readonly frames: number;
  };
  readonly returned: Returned | null;
  readonly events: readonly {
    readonly seq: number;
    readonly at: string;
    readonly kind: string;
    readonly body: JsonObject;
  }[];
  /** Where each rule that spoke is written, by rule id. */
  readonly places: { readonly [rule: string]: string };
}

/** What came back to the caller, put together again. */
export interface Returned {
  readonly model: string | null;
  readonly stop_reason: string | null;
  readonly content: readonly JsonObject[];
  readonly calls: readonly JsonObject[];
  readonly masks: readonly JsonObject[];
  readonly errors: readonly Json[];
  readonly gaps: number;
}

/** The active policy, its rules and detectors, and what each did in the last day. */
export interface PolicyView {
  readonly page: 'policy';
  readonly active: {
    readonly bundle: string;
    readonly version: string;
    readonly revision: string;
    readonly bundleVersion: number;
    readonly activatedAt: number;
    readonly source: string;
    readonly expiresAt: number | null;
  } | null;
  readonly fault: string | null;
  readonly rules: readonly RuleRow[];
  readonly detectors: readonly DetectorRow[];
  /** How many exchanges the counts rest on, and whether there were more. */
  readonly counted: { readonly exchanges: number; readonly more: boolean };
}

export interface RuleRow {
  readonly id: string;
  readonly title: string;
  readonly package: string;
  readonly effect: string;
  readonly place: string;
  readonly fired: number;
  readonly lastAt: string | null;
}

export interface DetectorRow {
  readonly id: string;
  readonly class: string;
  readonly label: string;
  readonly masked: number;
  readonly lastAt: string | null;
}

/** How the gateway is. */
export interface StatusView {
  readonly page: 'status';
  readonly checks: readonly StatusCheck[];
  readonly sections: readonly { readonly title: string; readonly facts: readonly Fact[] }[];
}

export interface StatusCheck {
  readonly name: string;
  readonly fault: string | null;
}

/** Something to say instead of a page: not found, not allowed, out of date. */
export interface NoticeView {
  readonly page: 'notice';
  readonly heading: string;
  readonly text: string;
  readonly back: { readonly href: string; readonly text: string } | null;
}
