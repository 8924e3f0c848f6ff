import { GatewayError } from '../../errors.ts';
import type { AdminAction } from '../../model/approval.ts';
import type { JsonObject } from '../../model/json.ts';
import { type ApprovalShown, concernedOf } from '../approvals.ts';
import type { Acts } from '../models.ts';
import { formFields } from '../session_csrf.ts';
import type { Visit } from './visit.ts';

/** What the viewer may do to an approval besides deciding. The admin API judges again when it is done. */
export function actsOf(visit: Visit, approval: ApprovalShown): Acts {
  const open = approval.state === 'pending' && approval.intact && approval.expiresAt > visit.now;
  const mine = isBehind(visit, approval);
  const unowned = approval.requester.person === null && approval.requester.owner === null;
  const glass =
    approval.content !== null &&
    !mine &&
    may(visit, approval, 'approval.break_glass') &&
    (!unowned || may(visit, approval, 'approval.decide_unowned'));
  return {
    cancel: open && (mine || may(visit, approval, 'approval.cancel')),
    breakGlass: open && glass,
    review:
      approval.review?.closedAt === null &&
      !mine &&
      !approval.verdicts.some(({ breakGlass, person }) => breakGlass && person === visit.actor.principal.person) &&
      may(visit, approval, 'approval.review'),
    revoke: mine || may(visit, approval, 'grant.revoke'),
  };
}

/** Whether the viewer asked, or owns the program that did. */
export function isBehind({ actor: { principal } }: Pick<Visit, 'actor'>, { requester }: ApprovalShown): boolean {
  const { person, tenant } = principal;
  return tenant === requester.tenant && person !== null && (requester.person === person || requester.owner === person);
}

/** Carries out a form that is no verdict: `act` says which. Rejects with what the admin API refuses. */
export async function carryOut({ api, actor, request }: Visit, act: string): Promise<void> {
  const form = formFields(request);
  const id = request.params.id ?? '';
  const comment = writtenComment(form);
  const post = (path: string, params: { readonly [name: string]: string }, body: JsonObject) =>
    api.call('POST', path, { actor, params, body });
  if (act === 'cancel') await post('/admin/v1/approvals/{id}/cancel', { id }, { comment });
  else if (act === 'revoke') await post('/admin/v1/grants/{id}/revoke', { id: form.get('grant') ?? '' }, { comment });
  else if (act === 'review') await post('/admin/v1/approvals/{id}/review', { id }, { comment });
  else if (act === 'break-glass') {
    const body = { reason: comment, fingerprint: form.get('fingerprint') };
    await post('/admin/v1/approvals/{id}/break-glass', { id }, body);
  } else throw new GatewayError('ADMIN_INPUT', 'The form asks for something that this page does not do.');
}

function may({ actor, options }: Visit, approval: ApprovalShown, action: AdminAction): boolean {
  return options.mayAct(actor.principal, action, concernedOf(approval)).effect === 'allow';
}

const COMMENT_CHARACTERS = 500;

/** What the form's comment says. Throws `GatewayError` ADMIN_INPUT where it is too long. */
export function writtenComment(form: URLSearchParams): string {
  const comment = (form.get('comment') ?? '').replaceAll('\r\n', '\n').trim();
  if (comment.length > COMMENT_CHARACTERS) throw new GatewayError('ADMIN_INPUT', 'The comment is too long.');
  return comment;
}
