import type { Reason } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { ApprovalRow } from './tables.ts';

/** What a notice says of an approval: who asks for what by which rules, and nothing of the content. */
export function announcement(row: ApprovalRow): JsonObject {
  const requester = JSON.parse(row.requester_json) as Principal;
  return {
    id: row.id,
    kind: row.kind,
    tenant: row.tenant,
    requester: { subject: requester.subject, kind: requester.kind, function: requester.function },
    action: row.action,
    summary: row.summary,
    rules: JSON.parse(row.rules_json) as string[],
    reasons: (JSON.parse(row.reasons_json) as Reason[]).map(({ id, message }) => ({ id, message })),
    fingerprint: row.fingerprint.slice(0, 12),
    opened_at: new Date(row.opened_at).toISOString(),
    expires_at: new Date(row.expires_at).toISOString(),
  };
}
