import { z } from 'zod';
import { GatewayError } from '../errors.ts';
import type { Actor, AdminRequest, AdminRoute } from '../model/admin.ts';
import type { Context } from './context.ts';
import { type Desk, isBehind } from './desk.ts';
import { listApprovals, listInput } from './list.ts';
import { noticeRoutes } from './notice_routes.ts';
import type { Questions } from './questions.ts';
import { shownWhole } from './shown.ts';
import type { ApprovalRow, DecisionRow } from './tables.ts';

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

/**
 * The admin API of approvals. All but the notices need a personal login:
 *
 * - `GET /admin/v1/approvals?state&kind&subject&rule&review&before&limit`: a page, see `listApprovals`
 * - `GET /admin/v1/approvals/{id}`: with the exact content
 * - `POST /admin/v1/approvals/{id}/decisions` `{verdict, comment?, scope?, fingerprint}`
 * - `POST /admin/v1/approvals/{id}/cancel` `{comment?}`
 * - `POST /admin/v1/approvals/{id}/break-glass` `{reason, fingerprint}`, `…/review` `{comment}`
 * - `POST /admin/v1/grants/{id}/revoke` `{comment?}`
 */
export function approvalRoutes(context: Context, questions: Questions, desk: Desk): readonly AdminRoute[] {
  const path = '/admin/v1/approvals';
  const visible = async (actor: Actor, row: ApprovalRow, decisions?: readonly DecisionRow[]): Promise<boolean> => {
    if (row.tenant !== actor.principal.tenant) return false;
    if (isBehind(actor.principal, row)) return true;
    return desk.permit(actor, 'approval.view', row, null, decisions).then(
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
        const { tenant } = actor.principal;
        return listApprovals(context, questions, parse(listInput, request.query), tenant, (row, decisions) =>
          visible(actor, row, decisions),
        );
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

function parse<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new GatewayError('ADMIN_INPUT', z.prettifyError(parsed.error));
  return parsed.data;
}
