import { GatewayError } from '../../errors.ts';
import type { Json, JsonObject } from '../../model/json.ts';
import { principalKey } from '../../model/principal.ts';
import type { AdminInput } from '../../model/projection.ts';
import { type ApprovalShown, listApprovals, showApproval, summarise } from '../approvals.ts';
import { difference } from '../difference.ts';
import { gistOf } from '../gist.ts';
import type { ApprovalView, Difference, Fact, Scope } from '../models.ts';
import { formFields } from '../session_csrf.ts';
import { laidOut, parseSpelled } from '../spelled.ts';
import type { Loaded, Visit } from './visit.ts';

const COMMENT_CHARACTERS = 500;
const scopes: readonly Scope[] = ['once', 'session', 'time_boxed'];

/** One approval with exactly what it is bound to. Rejects with NOT_FOUND or POLICY_DENIED. */
export async function loadApproval(visit: Visit): Promise<Loaded> {
  const { api, actor, request, options } = visit;
  const approval = await showApproval(api, actor, request.params.id ?? '');
  const { requirements } = approval;
  const content = parseSpelled(approval.content);
  const view: ApprovalView = {
    page: 'approval',
    approval: summarise(approval, gistOf(approval.kind, content), options.policy.sources()),
    fingerprint: approval.fingerprint,
    content,
    raw: laidOut(approval.content),
    facts: factsOf(approval.facts),
    difference: await lastApproved(visit, approval),
    groups: [...new Set(requirements.flatMap(({ groups }) => groups))],
    scopes: scopes.filter((scope) => requirements.every((requirement) => requirement.scopes.includes(scope))),
    grantSeconds: Math.min(...requirements.map(({ grant_s }) => grant_s)),
    commentRequired: requirements.some(({ reason_required }) => reason_required),
    verdicts: approval.verdicts,
    exchange: approval.exchange,
    revision: approval.policy.revision,
    barred: barredFrom(visit, approval),
  };
  return { title: `${approval.summary} for ${approval.requester.function ?? approval.requester.subject}`, view };
}

/**
 * Carries out a form: a verdict on exactly the fingerprint that was shown. Resolves to the page to show then. Rejects
 * with what the admin API refuses: a fingerprint that is out of date, a person who may not decide, a login too old.
 */
export async function decide({ api, actor, request }: Visit): Promise<string> {
  const form = formFields(request);
  const id = request.params.id ?? '';
  const verdict = form.get('verdict');
  const scope = form.get('scope') ?? 'once';
  const comment = (form.get('comment') ?? '').replaceAll('\r\n', '\n').trim();
  if (verdict !== 'approve' && verdict !== 'deny') throw new GatewayError('ADMIN_INPUT', 'Say approve or deny.');
  if (!scopes.includes(scope as Scope)) throw new GatewayError('ADMIN_INPUT', 'That is no scope.');
  if (comment.length > COMMENT_CHARACTERS) throw new GatewayError('ADMIN_INPUT', 'The comment is too long.');
  await api.call('POST', '/admin/v1/approvals/{id}/decisions', {
    actor,
    params: { id },
    body: { verdict, scope, fingerprint: form.get('fingerprint') ?? '', ...(comment !== '' && { comment }) },
  });
  return `/approvals/${encodeURIComponent(id)}`;
}

/** Why policy would not take the viewer's verdict, in its own words; null where it would. */
function barredFrom({ actor, options }: Visit, approval: ApprovalShown): string | null {
  const decisions: NonNullable<AdminInput['approval']>['decisions'] = approval.verdicts.map(({ person, verdict }) => ({
    person,
    verdict,
  }));
  const { effect, reasons } = options.mayAct(actor.principal, 'approval.decide', {
    requester: approval.requester,
    approval: {
      rule_ids: approval.reasons.map(({ id }) => id),
      action: approval.action,
      scope: null,
      quorum: Math.max(1, ...approval.requirements.map(({ quorum }) => quorum)),
      decisions,
    },
  });
  if (effect === 'allow') return null;
  const text = reasons.map(({ message }) => message).filter((message) => message !== '');
  return text.length > 0 ? text.join('; ') : 'policy does not let you decide on this';
}

/** Against what was last approved of the same kind for the same caller. */
async function lastApproved({ api, actor }: Visit, approval: ApprovalShown): Promise<Difference | null> {
  const key = principalKey(approval.requester);
  const earlier = (await listApprovals(api, actor, 'approved'))
    .filter(
      (other) =>
        other.id !== approval.id &&
        other.kind === approval.kind &&
        other.summary === approval.summary &&
        other.openedAt < approval.openedAt &&
        principalKey(other.requester) === key,
    )
    .sort((a, b) => b.openedAt - a.openedAt)[0];
  if (!earlier) return null;
  const shown = await showApproval(api, actor, earlier.id);
  const lines = difference(laidOut(shown.content), laidOut(approval.content));
  const approver = shown.verdicts.find(({ verdict }) => verdict === 'approve');
  return (
    lines && { approvedAt: earlier.settledAt ?? earlier.openedAt, approvedBy: approver?.person ?? 'somebody', lines }
  );
}

/** What policy saw, as far as it helps a person to judge: commands, paths, hosts, what was found in the text. */
function factsOf(facts: JsonObject): Fact[] {
  const input = asObject(facts.input);
  const commands = list(input.commands).map((argv) => list(argv).map(quoted).join(' '));
  const paths = list(input.paths).map((entry) => {
    const { path, write, absolute, traversal } = asObject(entry);
    const marks = [write && 'write', absolute && 'absolute', traversal && 'climbs out'].filter(Boolean);
    return `${path}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`;
  });
  const found = Object.entries(asObject(asObject(facts.detections).all ?? facts.detections))
    .filter(([, count]) => typeof count === 'number' && count > 0)
    .map(([name, count]) => `${count} × ${name}`);
  const made: Fact[] = [
    { name: 'commands', values: commands, code: true },
    {
      name: 'not readable',
      values: input.opaque === true ? ['some of what would run cannot be known'] : [],
      code: false,
    },
    { name: 'paths', values: paths, code: true },
    { name: 'hosts', values: list(input.hosts).map(String), code: true },
    { name: 'found in it', values: found, code: false },
  ];
  return made.filter(({ values }) => values.length > 0);
}

/** An argument so that it can be told apart from its neighbours. */
function quoted(argument: Json): string {
  const text = String(argument);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : JSON.stringify(text);
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}
