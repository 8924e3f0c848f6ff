import type { Actor } from '../model/admin.ts';
import type { Approval, GrantScope } from '../model/approval.ts';
import type { JsonObject } from '../model/json.ts';
import type { ApprovalSummary } from './models.ts';
import type { Api } from './ports.ts';
import { placesOf, writtenRules } from './rules.ts';

/** A verdict as the admin API gives it. */
export interface VerdictGiven {
  readonly person: string;
  readonly verdict: 'approve' | 'deny';
  readonly comment: string | null;
  readonly scope: GrantScope | null;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** An approval in a list of the admin API. */
export type ApprovalListed = Approval & { readonly verdicts: readonly VerdictGiven[] };

/** One approval of the admin API, with what it is bound to. */
export type ApprovalShown = ApprovalListed & {
  /** Canonical JSON, masked; what the fingerprint is over. */
  readonly content: string;
  readonly facts: JsonObject;
};

/** Approvals in one state, as the admin API lists them for a person. */
export async function listApprovals(api: Api, actor: Actor, state: string): Promise<readonly ApprovalListed[]> {
  const answer = (await api.call('GET', '/admin/v1/approvals', { actor, query: { state } })) as JsonObject;
  return answer.approvals as unknown as readonly ApprovalListed[];
}

/** One approval. Rejects with NOT_FOUND or POLICY_DENIED. */
export async function showApproval(api: Api, actor: Actor, id: string): Promise<ApprovalShown> {
  return (await api.call('GET', '/admin/v1/approvals/{id}', { actor, params: { id } })) as unknown as ApprovalShown;
}

/** What a list shows of an approval; `sources` is the Rego of the active bundle. */
export function summarise(
  approval: ApprovalListed,
  gist: string,
  sources: ReadonlyMap<string, string>,
): ApprovalSummary {
  const { requester } = approval;
  const places = placesOf(writtenRules(sources));
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
    reasons: approval.reasons.map((reason) => ({ ...reason, place: places.get(reason.id) ?? null })),
    createdAt: approval.openedAt,
    expiresAt: approval.expiresAt,
    approved: approval.verdicts.filter(({ verdict }) => verdict === 'approve').length,
    quorum: Math.max(1, ...approval.requirements.map(({ quorum }) => quorum)),
    status: approval.state,
  };
}
