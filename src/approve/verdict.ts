import type { Principal } from '../model/principal.ts';
import type { SigningKey } from '../seal/index.ts';
import type { Approving } from './requirement.ts';
import type { ApprovalRow, DecisionRow, GrantRow } from './tables.ts';

/*
 * What is signed, so that who can write in the tables can still not give a permission: what is asked with what it
 * requires, every verdict, and the grant that came of them. Texts are JSON arrays of all columns that never change, in
 * a fixed order; a verdict holds the signature of the question it answers.
 */

type Opening = Omit<ApprovalRow, 'state' | 'settled_at' | 'comment' | 'signature' | 'version'>;
type Verdict = Omit<DecisionRow, 'signature'>;
type Given = Omit<
  GrantRow,
  | 'signature'
  | 'state'
  | 'uses_left'
  | 'node'
  | 'exchange'
  | 'dispatches'
  | 'taken_at'
  | 'settled_at'
  | 'revoked_at'
  | 'ended'
>;

/** Signs a question as it is opened. */
export function signOpening(key: SigningKey, row: Opening): string {
  return key.sign('approval', openingText(row));
}

/** Signs a verdict over approval, fingerprint, verdict, approver and expiry. */
export function signVerdict(key: SigningKey, approval: ApprovalRow, row: Verdict): string {
  return key.sign('verdict', verdictText(approval, row));
}

/** Signs a grant. */
export function signGrant(key: SigningKey, row: Given): string {
  return key.sign('grant', grantText(row));
}

/** Whether the question is as it was opened. */
export function openingHolds(key: SigningKey, row: ApprovalRow): boolean {
  return key.verify('approval', openingText(row), row.signature);
}

/** Whether the grant is as it was given, by verdicts that are still good. */
export function grantHolds(key: SigningKey, row: GrantRow): boolean {
  return key.verify('grant', grantText(row), row.signature);
}

/**
 * The approvals of a question whose signatures hold and that are still good at `now`. A row that was changed, or moved
 * from another approval, counts for nothing.
 */
export function provenApprovals(
  key: SigningKey,
  approval: ApprovalRow,
  rows: readonly DecisionRow[],
  now: number,
): readonly (Approving & { readonly row: DecisionRow })[] {
  if (!openingHolds(key, approval)) return [];
  return rows
    .filter((row) => row.verdict === 'approve' && row.approval === approval.id && now < row.expires_at)
    .filter((row) => key.verify('verdict', verdictText(approval, row), row.signature))
    .map((row) => {
      const { groups } = JSON.parse(row.approver_json) as Principal;
      return { person: row.person, groups, breakGlass: row.break_glass === 1, row };
    });
}

function openingText(row: Opening): string {
  return JSON.stringify([
    ...[row.id, row.kind, row.fingerprint, row.principal_key, row.tenant, row.conversation, row.exchange, row.action],
    ...[row.summary, row.requester_json, row.requirements_json, row.reasons_json, row.policy_json, row.rules_json],
    ...[row.releases_json, row.max_tokens, row.opened_at, row.expires_at],
  ]);
}

function verdictText(approval: ApprovalRow, row: Verdict): string {
  return JSON.stringify([
    ...[row.id, row.approval, approval.fingerprint, row.verdict, row.person, row.approver_json, row.scope, row.comment],
    ...[row.break_glass, row.at, row.authenticated_at, row.via, row.expires_at, approval.signature],
  ]);
}

function grantText(row: Given): string {
  return JSON.stringify([
    ...[row.id, row.approval, row.parent, row.scope, row.action, row.fingerprint, row.principal_key],
    ...[row.conversation, row.rules_json, row.max_tokens, row.break_glass, row.created_at, row.expires_at],
  ]);
}
