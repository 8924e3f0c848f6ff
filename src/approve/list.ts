import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonObject } from '../model/json.ts';
import type { Context } from './context.ts';
import type { Questions } from './questions.ts';
import { shownList } from './shown.ts';
import type { ApprovalRow, DecisionRow } from './tables.ts';

/** Approvals read in one go; between two goes other work of the process runs. */
const PAGE_ROWS = 50;
/** Approvals looked through for one answer; a filter that finds little goes on with the next page. */
const LOOKED_ROWS = 1_000;

const states = ['pending', 'approved', 'denied', 'expired', 'cancelled', 'superseded'] as const;

/** Which approvals are asked for. Every condition given must hold. */
export const listInput = z.strictObject({
  state: z.enum(states).optional(),
  kind: z.enum(['request', 'tool_call']).optional(),
  subject: z.string().optional(),
  rule: z.string().optional(),
  review: z.enum(['open']).optional(),
  /** `next` of the page before. */
  before: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/**
 * Lists approvals of a tenant, newest first, those that `visible` lets: `{approvals, more, next}`. `next` is the `before`
 * of the page after it, null at the end; a page may be short, or empty, and still have one. What is due expires here.
 */
export async function listApprovals(
  context: Context,
  questions: Questions,
  input: z.output<typeof listInput>,
  tenant: string,
  visible: (row: ApprovalRow, decisions: readonly DecisionRow[]) => Promise<boolean>,
): Promise<JsonObject> {
  const found: ApprovalRow[] = [];
  const page = async (next: string | null) => ({
    approvals: await shownList(context, found),
    more: next !== null,
    next,
  });
  let before = input.before ?? null;
  for (let looked = 0; looked < LOOKED_ROWS; looked += PAGE_ROWS) {
    const rows = await read(context, input, tenant, before);
    const decisions = await decisionsOf(context, rows);
    for (const row of rows) {
      if (matches(row, input) && (await visible(row, decisions.get(row.id) ?? []))) {
        // One more than asked for tells that there is another page.
        if (found.length === input.limit) return page(found.at(-1)!.id);
        const due = row.state === 'pending' && (await questions.expireIfDue(row));
        found.push(due ? (await questions.approvalRow(row.id))! : row);
      }
      before = row.id;
    }
    if (rows.length < PAGE_ROWS) return page(null);
    await setImmediate();
  }
  return page(before);
}

/** The rows behind `before`, of whom policy has not been asked yet. Ids are ordered by time. */
function read(
  { query, clock }: Context,
  { state, kind, review }: z.output<typeof listInput>,
  tenant: string,
  before: string | null,
): Promise<ApprovalRow[]> {
  let rows = query.selectFrom('approval').selectAll().where('tenant', '=', tenant).orderBy('id', 'desc');
  if (state !== undefined) rows = rows.where('state', '=', state);
  if (state === 'pending') rows = rows.where('expires_at', '>', clock());
  if (kind !== undefined) rows = rows.where('kind', '=', kind);
  if (before !== null) rows = rows.where('id', '<', before);
  if (review !== undefined) {
    const open = query.selectFrom('approval_review').select('approval').where('closed_at', 'is', null);
    rows = rows.where('id', 'in', open);
  }
  return rows.limit(PAGE_ROWS).execute();
}

function matches(row: ApprovalRow, { rule, subject }: z.output<typeof listInput>): boolean {
  if (rule !== undefined && !(JSON.parse(row.rules_json) as string[]).includes(rule)) return false;
  return subject === undefined || (JSON.parse(row.requester_json) as { readonly subject: string }).subject === subject;
}

async function decisionsOf({ query }: Context, rows: readonly ApprovalRow[]): Promise<Map<string, DecisionRow[]>> {
  const ids = rows.map((row) => row.id);
  if (ids.length === 0) return new Map();
  const decisions = await query.selectFrom('approval_decision').selectAll().where('approval', 'in', ids).execute();
  return Map.groupBy(decisions, ({ approval }) => approval);
}
