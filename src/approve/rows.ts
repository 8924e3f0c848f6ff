import type { Approval, Grant } from '../model/approval.ts';
import type { ApprovalRequirement, PolicyIdentity, Reason } from '../model/decision.ts';
import type { Principal } from '../model/principal.ts';
import type { ApprovalRow, GrantRow } from './tables.ts';

/** The approval of a row. `consoleUrl` is the console's address without a slash at its end, or null. */
export function approvalOf(row: ApprovalRow, consoleUrl: string | null): Approval {
  return {
    id: row.id,
    state: row.state,
    kind: row.kind,
    fingerprint: row.fingerprint,
    tenant: row.tenant,
    requester: JSON.parse(row.requester_json) as Principal,
    conversation: row.conversation,
    exchange: row.exchange,
    action: row.action,
    summary: row.summary,
    requirements: JSON.parse(row.requirements_json) as ApprovalRequirement[],
    reasons: JSON.parse(row.reasons_json) as Reason[],
    policy: JSON.parse(row.policy_json) as PolicyIdentity,
    maxTokens: row.max_tokens,
    openedAt: row.opened_at,
    expiresAt: row.expires_at,
    settledAt: row.settled_at,
    comment: row.comment,
    url: consoleUrl === null ? null : `${consoleUrl}/approvals/${row.id}`,
  };
}

/** The grant of a row. */
export function grantOf(row: GrantRow): Grant {
  return {
    id: row.id,
    approval: row.approval,
    state: row.state,
    scope: row.scope,
    maxTokens: row.max_tokens,
    expiresAt: row.expires_at,
    usesLeft: row.uses_left,
    breakGlass: row.break_glass === 1,
  };
}
