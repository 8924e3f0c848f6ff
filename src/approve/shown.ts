import type { ApprovalRequirement } from '../model/decision.ts';
import type { JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import { readContent } from './content.ts';
import type { Context } from './context.ts';
import { differences } from './diff.ts';
import type { Questions } from './questions.ts';
import { met, termsOf } from './requirement.ts';
import { approvalOf, grantOf } from './rows.ts';
import type { ApprovalRow, DecisionRow, GrantRow } from './tables.ts';
import { openingHolds, provenApprovals } from './verdict.ts';

/** Approvals in a list of the admin API: `Approval` with the verdicts so far. Times are epoch milliseconds. */
export async function shownList(context: Context, rows: readonly ApprovalRow[]): Promise<readonly JsonObject[]> {
  if (rows.length === 0) return [];
  const decisions = await context.query
    .selectFrom('approval_decision')
    .selectAll()
    .where(
      'approval',
      'in',
      rows.map((row) => row.id),
    )
    .orderBy('at')
    .execute();
  return rows.map((row) => ({
    ...listed(context, row),
    verdicts: decisions.filter((decision) => decision.approval === row.id).map((decision) => shownVerdict(decision)),
  }));
}

function listed(context: Context, row: ApprovalRow): JsonObject {
  const approval = approvalOf(row, context.consoleUrl());
  const shown = { ...approval, rules: JSON.parse(row.rules_json) as string[] };
  // Every member of an approval is JSON; its interfaces only lack an index signature.
  return shown as unknown as JsonObject;
}

/**
 * Everything about one approval: the exact content that a verdict is bound to, what is required and decided, the
 * grants, and what differs from the last content that was approved for the same rules and principal.
 */
export async function shownWhole(context: Context, questions: Questions, row: ApprovalRow): Promise<JsonObject> {
  const { keys, query, clock } = context;
  const requirements = JSON.parse(row.requirements_json) as ApprovalRequirement[];
  const decisions = await questions.decisionRows(row.id);
  const proven = provenApprovals(keys.verdicts, row, decisions, Math.min(clock(), row.settled_at ?? clock()));
  const grants = await query
    .selectFrom('approval_grant')
    .selectAll()
    .where('approval', '=', row.id)
    .orderBy('created_at')
    .limit(200)
    .execute();
  const review = await query
    .selectFrom('approval_review')
    .selectAll()
    .where('approval', '=', row.id)
    .executeTakeFirst();
  const shown = await readContent(query, keys, row);
  return {
    ...listed(context, row),
    intact: openingHolds(keys.verdicts, row),
    requirements: requirements.map((requirement) => ({ ...requirement, met: met([requirement], proven) })),
    allowedScopes: termsOf(requirements, context.config).scopes,
    content: shown?.content ?? null,
    facts: shown?.facts ?? null,
    verdicts: decisions.map((decision) => ({
      ...shownVerdict(decision),
      // A denial permits nothing, so nothing has to be proven of it.
      proven: decision.verdict === 'deny' ? null : proven.some((one) => one.row.id === decision.id),
    })),
    grants: grants.map(shownGrant),
    review: review ? { openedAt: review.opened_at, closedAt: review.closed_at, comment: review.comment } : null,
    difference: shown === null ? null : await differenceFromLast(context, row, shown.content),
    verdictKey: { id: keys.verdicts.id, publicKey: keys.verdicts.publicKey },
  };
}

function shownVerdict(row: DecisionRow): JsonObject {
  const approver = JSON.parse(row.approver_json) as Principal;
  return {
    id: row.id,
    person: row.person,
    subject: approver.subject,
    issuer: approver.issuer,
    verdict: row.verdict,
    scope: row.verdict === 'approve' ? row.scope : null,
    comment: row.comment === '' ? null : row.comment,
    breakGlass: row.break_glass === 1,
    at: row.at,
    via: row.via,
  };
}

function shownGrant(row: GrantRow): JsonObject {
  return {
    ...grantOf(row),
    parent: row.parent,
    createdAt: row.created_at,
    exchange: row.exchange,
    dispatches: row.dispatches,
    takenAt: row.taken_at,
    settledAt: row.settled_at,
    revokedAt: row.revoked_at,
    ended: row.ended,
  };
}

async function differenceFromLast(context: Context, row: ApprovalRow, content: string): Promise<JsonObject | null> {
  const last = await context.query
    .selectFrom('approval')
    .selectAll()
    .where('state', '=', 'approved')
    .where('kind', '=', row.kind)
    .where('principal_key', '=', row.principal_key)
    .where('rules_json', '=', row.rules_json)
    .where('opened_at', '<', row.opened_at)
    .where('id', '!=', row.id)
    .orderBy('opened_at', 'desc')
    .executeTakeFirst();
  const before = last ? await readContent(context.query, context.keys, last) : null;
  if (!last || !before) return null;
  const { changes, more } = differences(before.content, content);
  return { approval: last.id, approvedAt: last.settled_at, changes, more };
}
