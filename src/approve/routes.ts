import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { Actor, AdminRequest, AdminRoute } from '../model/admin.ts';
import type { JsonObject } from '../model/json.ts';
import type { Context } from './context.ts';
import { type Desk, isBehind } from './desk.ts';
import { noticeRoutes } from './notice_routes.ts';
import type { Questions } from './questions.ts';
import { shownList, shownWhole } from './shown.ts';
import type { ApprovalRow } from './tables.ts';

const fingerprint = z.string().regex(/^[0-9a-f]{64}$/, { message: 'not a fingerprint: 64 hex digits' });
const comment = z.string().max(2_000);

const verdictInput = z.strictObject({
  verdict: z.enum(['approve', 'deny']),
  comment: comment.default(''),
  scope: z.enum(['once', 'session', 'time_boxed']).default('once'),
  fingerprint,
});
const glassInput = z.strictObject({ reason: comment, fingerprint });
const commentInput = z.strictObject({ comment: comment.default('') });

const states = ['pending', 'approved', 'denied', 'expired', 'cancelled', 'superseded'] as const;
const listInput = z.strictObject({
  state: z.enum(states).optional(),
  kind: z.enum(['request', 'tool_call']).optional(),
  subject: z.string().optional(),
  rule: z.string().optional(),
  review: z.enum(['open']).optional(),
  /** Approvals opened before this one, for the next page. */
  before: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/**
 * The admin API of approvals. All but the notices need a personal login:
 *
 * - `GET /admin/v1/approvals?state&kind&subject&rule&review&before&limit`
 * - `GET /admin/v1/approvals/{id}`: with the exact content
 * - `POST /admin/v1/approvals/{id}/decisions` `{verdict, comment?, scope?, fingerprint}`
 * - `POST /admin/v1/approvals/{id}/cancel` `{comment?}`
 * - `POST /admin/v1/approvals/{id}/break-glass` `{reason, fingerprint}`, `…/review` `{comment}`
 * - `POST /admin/v1/grants/{id}/revoke` `{comment?}`
 */
export function approvalRoutes(context: Context, questions: Questions, desk: Desk): readonly AdminRoute[] {
  const path = '/admin/v1/approvals';
  const visible = async (actor: Actor, row: ApprovalRow): Promise<boolean> => {
    if (row.tenant !== actor.principal.tenant) return false;
    if (isBehind(actor.principal, row)) return true;
    return desk.permit(actor, 'approval.view', row).then(
      () => true,
      (thrown: unknown) => {
        if (thrown instanceof GatewayError && thrown.code === 'APPROVAL_FORBIDDEN') return false;
        throw thrown;
      },
    );
  };
  const find = async (request: AdminRequest): Promise<{ readonly actor: Actor; readonly row: ApprovalRow }> => {
    const actor = desk.person(request.actor);
    const row = await questions.approvalRow(request.params.id ?? '');
    // What somebody may not see looks like what is not there.
    if (!row || !(await visible(actor, row))) throw new GatewayError('NOT_FOUND', 'There is no such approval.');
    return { actor, row };
  };
  const post = <Input>(
    suffix: string,
    schema: z.ZodType<Input>,
    act: (actor: Actor, id: string, input: Input) => Promise<ApprovalRow | null>,
  ): AdminRoute => ({
    method: 'POST',
    path: suffix.startsWith('/admin') ? suffix : `${path}/{id}${suffix}`,
    async handler(request) {
      const actor = desk.person(request.actor);
      const id = request.params.id ?? '';
      const row = await act(actor, id, parse(schema, request.body));
      return shownWhole(context, questions, row ?? (await questions.approvalRow(id))!);
    },
  });

  return [
    {
      method: 'GET',
      path,
      async handler(request) {
        const actor = desk.person(request.actor);
        return list(context, parse(listInput, request.query), actor, (row) => visible(actor, row));
      },
    },
    {
      method: 'GET',
      path: `${path}/{id}`,
      async handler(request) {
        const { row } = await find(request);
        if (row.state === 'pending' && (await questions.expireIfDue(row))) {
          return shownWhole(context, questions, (await questions.approvalRow(row.id))!);
        }
        return shownWhole(context, questions, row);
      },
    },
    post('/decisions', verdictInput, (actor, id, input) => desk.decide(actor, id, input)),
    post('/cancel', commentInput, (actor, id, input) => desk.cancel(actor, id, input.comment)),
    post('/break-glass', glassInput, (actor, id, input) => desk.breakGlass(actor, id, input)),
    post('/review', commentInput, async (actor, id, input) => {
      await desk.review(actor, id, input.comment);
      return null;
    }),
    post('/admin/v1/grants/{id}/revoke', commentInput, (actor, id, input) => desk.revoke(actor, id, input.comment)),
    ...noticeRoutes(context),
  ];
}

async function list(
  context: Context,
  input: z.output<typeof listInput>,
  actor: Actor,
  visible: (row: ApprovalRow) => Promise<boolean>,
): Promise<JsonObject> {
  let query = context.query
    .selectFrom('approval')
    .selectAll()
    .where('tenant', '=', actor.principal.tenant)
    .orderBy('id', 'desc');
  if (input.state !== undefined) query = query.where('state', '=', input.state);
  if (input.state === 'pending') query = query.where('expires_at', '>', context.clock());
  if (input.kind !== undefined) query = query.where('kind', '=', input.kind);
  if (input.before !== undefined) query = query.where('id', '<', input.before);
  if (input.review !== undefined) {
    const open = context.query.selectFrom('approval_review').select('approval').where('closed_at', 'is', null);
    query = query.where('id', 'in', open);
  }
  const found: ApprovalRow[] = [];
  // One more than asked for tells whether there is another page. Ids are ordered by time.
  let before: string | null = null;
  for (;;) {
    const page: ApprovalRow[] = await (before === null ? query : query.where('id', '<', before)).limit(200).execute();
    for (const row of page) {
      before = row.id;
      if (input.rule !== undefined && !(JSON.parse(row.rules_json) as string[]).includes(input.rule)) continue;
      const requester = JSON.parse(row.requester_json) as { readonly subject: string };
      if (input.subject !== undefined && requester.subject !== input.subject) continue;
      if (!(await visible(row))) continue;
      if (found.length === input.limit) return { approvals: await shownList(context, found), more: true };
      found.push(row);
    }
    if (page.length < 200) return { approvals: await shownList(context, found), more: false };
  }
}

function parse<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new GatewayError('ADMIN_INPUT', z.prettifyError(parsed.error));
  return parsed.data;
}
