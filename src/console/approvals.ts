import type { Actor } from '../model/admin.ts';
import type { Approval, Concerned, Grant, GrantScope } from '../model/approval.ts';
import type { JsonObject } from '../model/json.ts';
import type { ApprovalSummary } from './models.ts';
import type { Api } from './ports.ts';
import { placeOf, type WrittenRule } from './rules.ts';

/** Most approvals of one list. */
const MOST = '200';
const MOST_REVIEWS = '20';

/** A verdict as the admin API gives it. */
export interface VerdictGiven {
  readonly person: string;
  readonly verdict: 'approve' | 'deny';
  readonly comment: string | null;
  readonly scope: GrantScope | null;
  readonly breakGlass: boolean;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** An approval in a list of the admin API. */
export type ApprovalListed = Approval & { readonly verdicts: readonly VerdictGiven[] };

/** One approval of the admin API, with what it is bound to. */
export type ApprovalShown = ApprovalListed & {
  /** False where what is stored is not what was signed when it was opened. */
  readonly intact: boolean;
  /** Canonical JSON, masked; what the fingerprint is over. Null where it is not kept any more. */
  readonly content: string | null;
  readonly facts: JsonObject | null;
  readonly allowedScopes: readonly GrantScope[];
  readonly grants: readonly Grant[];
  /** What somebody who broke the glass left to be looked at; null where nobody did. Times in epoch milliseconds. */
  readonly review: {
    readonly openedAt: number;
    readonly closedAt: number | null;
    readonly comment: string | null;
  } | null;
  readonly difference: {
    readonly approvedAt: number | null;
    readonly changes: readonly {
      readonly path: string;
      readonly before: string | null;
      readonly after: string | null;
    }[];
    readonly more: boolean;
  } | null;
};

interface ApprovalList {
  readonly approvals: readonly ApprovalListed[];
}

/** Pending approvals that the person may see. */
export async function listPending(api: Api, actor: Actor): Promise<readonly ApprovalListed[]> {
  const query = { state: 'pending', limit: MOST };
  const { approvals } = await api.call<ApprovalList>('GET', '/admin/v1/approvals', { actor, query });
  return approvals;
}

/** Approvals for which somebody broke the glass and nobody has reviewed it yet, the newest first. */
export async function listUnreviewed(api: Api, actor: Actor): Promise<readonly ApprovalListed[]> {
  const query = { review: 'open', limit: MOST_REVIEWS };
  const { approvals } = await api.call<ApprovalList>('GET', '/admin/v1/approvals', { actor, query });
  return approvals;
}

/** One approval. Rejects with NOT_FOUND, also where the person may not see it. */
export function showApproval(api: Api, actor: Actor, id: string): Promise<ApprovalShown> {
  return api.call<ApprovalShown>('GET', '/admin/v1/approvals/{id}', { actor, params: { id } });
}

/** What a list shows of an approval; `rules` are those of the active bundle. */
export function summarise(approval: ApprovalListed, gist: string, rules: readonly WrittenRule[]): ApprovalSummary {
  const { requester } = approval;
  return {
    id: approval.id,
    action: approval.action,
    resource: approval.summary,
    gist,
    requester: {
      function: requester.function,
      subject: requester.subject,
      tenant: requester.tenant,
      person: requester.person,
      owner: requester.owner,
    },
    reasons: approval.reasons.map((reason) => ({ ...reason, place: placeOf(rules, reason.id, 'require_approval') })),
    createdAt: approval.openedAt,
    expiresAt: approval.expiresAt,
    approved: approval.verdicts.filter(({ verdict }) => verdict === 'approve').length,
    quorum: Math.max(1, ...approval.requirements.map(({ quorum }) => quorum)),
    status: approval.state,
  };
}

/** What policy is told of an approval. */
export function concernedOf(approval: ApprovalListed): Concerned {
  const { requester, requirements, reasons, action, verdicts } = approval;
  return {
    requester,
    approval: {
      rule_ids: reasons.map(({ id }) => id),
      action,
      scope: null,
      quorum: Math.max(1, ...requirements.map(({ quorum }) => quorum)),
      decisions: verdicts.map(({ person, verdict }) => ({ person, verdict })),
    },
  };
}
