import { GatewayError } from '../../errors.ts';
import type { WebResponse } from '../../model/web.ts';
import { type ApprovalShown, concernedOf, showApproval, summarise } from '../approvals.ts';
import { bounded } from '../bounded.ts';
import { factsOf } from '../facts.ts';
import { gistOf } from '../gist.ts';
import { pageHeaders } from '../headers.ts';
import type { ApprovalView } from '../models.ts';
import { formFields } from '../session_csrf.ts';
import { laidOut, parseSpelled } from '../spelled.ts';
import { actsOf, carryOut, isBehind, writtenComment } from './approval_acts.ts';
import type { Loaded, Visit } from './visit.ts';

/** Characters of exact content that a page holds; more is a link away. */
const RAW_CHARACTERS = 100_000;

/** One approval with exactly what it is bound to. Rejects with NOT_FOUND. */
export async function loadApproval(visit: Visit): Promise<Loaded> {
  const { api, actor, request } = visit;
  const approval = await showApproval(api, actor, request.params.id ?? '');
  const { requirements } = approval;
  const parsed = approval.content === null ? null : parseSpelled(approval.content);
  const { value, leftOut } = parsed === null ? { value: null, leftOut: null } : bounded(parsed);
  const view: ApprovalView = {
    page: 'approval',
    approval: summarise(approval, parsed === null ? '' : gistOf(approval.kind, parsed), visit.rules()),
    fingerprint: approval.fingerprint,
    content: value,
    leftOut,
    raw: approval.content !== null && approval.content.length <= RAW_CHARACTERS ? laidOut(approval.content) : null,
    facts: approval.facts === null ? [] : factsOf(approval.facts),
    difference: approval.difference,
    groups: [...new Set(requirements.flatMap(({ groups }) => groups))],
    scopes: approval.allowedScopes,
    grantSeconds: Math.min(...requirements.map(({ grant_s }) => grant_s)),
    commentRequired: requirements.some(({ reason_required }) => reason_required),
    verdicts: approval.verdicts,
    grants: approval.grants,
    exchange: approval.exchange,
    revision: approval.policy.revision,
    barred: barredFrom(visit, approval),
    review: approval.review,
    acts: actsOf(visit, approval),
  };
  return { title: `${approval.summary} for ${approval.requester.function ?? approval.requester.subject}`, view };
}

/**
 * Carries out a form: a verdict on exactly the fingerprint that was shown, or another act. Resolves to the page to show then. Rejects
 * with what the admin API refuses: a fingerprint that is out of date, a person who may not decide, a login too old.
 */
export async function decide(visit: Visit): Promise<string> {
  const { api, actor, request } = visit;
  const form = formFields(request);
  const id = request.params.id ?? '';
  const page = `/approvals/${encodeURIComponent(id)}`;
  const act = form.get('act');
  if (act !== null) {
    await carryOut(visit, act);
    return page;
  }
  await api.call('POST', '/admin/v1/approvals/{id}/decisions', {
    actor,
    params: { id },
    body: {
      verdict: form.get('verdict'),
      scope: form.get('scope') ?? 'once',
      fingerprint: form.get('fingerprint'),
      comment: writtenComment(form),
    },
  });
  return page;
}

/** Exactly the text that the fingerprint is over, to keep or to check. Rejects with NOT_FOUND. */
export async function exactContent({ api, actor, request }: Visit): Promise<WebResponse> {
  const { content, id } = await showApproval(api, actor, request.params.id ?? '');
  if (content === null) throw new GatewayError('NOT_FOUND', 'The content is not kept any more.');
  const name: readonly [string, string] = ['content-disposition', `attachment; filename="${id}.json"`];
  return { status: 200, headers: [...pageHeaders('text/plain; charset=utf-8'), name], body: content };
}

/** Why the viewer's verdict would not be taken, in words; null where it would, as far as can be told before. */
function barredFrom(visit: Visit, approval: ApprovalShown): string | null {
  const { actor, options, now } = visit;
  if (approval.content === null) return 'What it is about is not kept any more, so nobody can decide on it.';
  if (!approval.intact)
    return 'What is stored is not what was signed when it was opened. It decides nothing; tell an operator.';
  if (approval.expiresAt <= now) return 'Its time is over.';
  if (approval.verdicts.some(({ person }) => person === actor.principal.person)) {
    return 'You have decided. It waits for somebody else.';
  }
  if (isBehind(visit, approval)) return 'It is yours, or one of your programs asks: another person has to decide.';
  const { effect, reasons } = options.mayAct(actor.principal, 'approval.decide', concernedOf(approval));
  if (effect === 'allow') return null;
  const text = reasons.map(({ message }) => message).filter((message) => message !== '');
  return text.length > 0 ? text.join('; ') : 'Policy does not let you decide on this.';
}
