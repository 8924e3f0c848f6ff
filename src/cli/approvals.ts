import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { AdminClient } from './admin_client.ts';
import { cell, plain, table } from './table.ts';
import { laidOut, visible } from './visible.ts';

const path = '/admin/v1/approvals';
/** Approvals of one list. */
const LISTED = 50;
/** Digits of a fingerprint that stand for all of it where a person types it. */
const LEAST_DIGITS = 8;

/** What `approvals list` and `approvals watch` take from the command line. */
export interface ApprovalsListOptions {
  readonly state?: string;
  readonly rule?: string;
  readonly subject?: string;
  readonly json?: boolean;
}

/** What a verdict takes from the command line. */
export interface VerdictOptions {
  /** The first digits of the fingerprint that `show` printed. */
  readonly fingerprint?: string;
  readonly scope?: string;
  readonly comment?: string;
  readonly json?: boolean;
}

/** `sallyport approvals list`: what waits (or waited) for humans, newest first. That there are more is said in `notes`. */
export async function approvalsListCommand(
  options: ApprovalsListOptions,
  admin: AdminClient,
  output: Writable,
  notes: Writable = process.stderr,
): Promise<number> {
  const { state = 'pending', rule, subject } = options;
  const query = { state: state === 'all' ? undefined : state, rule, subject };
  const approvals: JsonObject[] = [];
  let before: string | undefined;
  let more = true;
  while (more && approvals.length < LISTED) {
    const page = (await admin.get(path, { ...query, before, limit: String(LISTED - approvals.length) })) as {
      readonly approvals: readonly JsonObject[];
      readonly next: string | null;
    };
    approvals.push(...page.approvals);
    more = page.next !== null;
    before = page.next ?? undefined;
  }
  if (options.json) output.write(`${JSON.stringify(approvals, null, 2)}\n`);
  else if (approvals.length === 0) output.write('no approval matches\n');
  else output.write(table(head, approvals.map(rowOf)));
  if (more) notes.write('there are more: narrow --state, --rule or --subject\n');
  return 0;
}

/**
 * `sallyport approvals show ID`: exactly the content that a verdict is bound to, with everything that helps to judge it.
 * Rejects with `StartError` where the content is not what the fingerprint is of.
 */
export async function approvalsShowCommand(
  id: string,
  options: { readonly json?: boolean },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const approval = await fetchShown(id, admin);
  output.write(options.json ? `${JSON.stringify(approval, null, 2)}\n` : shownText(approval));
  return 0;
}

/**
 * `sallyport approvals approve ID --fingerprint DIGITS` and `… deny ID`: a personal verdict, bound to what was shown. An
 * approval takes the digits that `show` printed, so that nobody approves unseen.
 */
export async function approvalsVerdictCommand(
  id: string,
  verdict: 'approve' | 'deny',
  options: VerdictOptions,
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const shown = await fetchShown(id, admin);
  const fingerprint = String(shown.fingerprint);
  if (verdict === 'approve' || options.fingerprint !== undefined) requireDigits(id, options.fingerprint, fingerprint);
  const after = (await admin.post(`${path}/${encodeURIComponent(id)}/decisions`, {
    verdict,
    fingerprint,
    ...(verdict === 'approve' && { scope: options.scope ?? 'once' }),
    ...(options.comment !== undefined && { comment: options.comment }),
  })) as JsonObject;
  if (options.json) {
    output.write(`${JSON.stringify(after, null, 2)}\n`);
    return 0;
  }
  const waits = after.state === 'pending' ? `, which goes on waiting: ${progress(after)}` : '';
  output.write(`${plain(`${verdict === 'approve' ? 'approved' : 'denied'} ${id}${waits}`)}\n`);
  return 0;
}

/** `sallyport approvals break-glass ID --fingerprint DIGITS --reason TEXT`: alone and at once; reviewed afterwards. */
export async function approvalsBreakGlassCommand(
  id: string,
  options: { readonly fingerprint?: string; readonly reason: string },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const shown = await fetchShown(id, admin);
  requireDigits(id, options.fingerprint, String(shown.fingerprint));
  const body = { reason: options.reason, fingerprint: String(shown.fingerprint) };
  await admin.post(`${path}/${encodeURIComponent(id)}/break-glass`, body);
  output.write(`${plain(`glass broken for ${id}: one use, soon; another person has to review it`)}\n`);
  return 0;
}

/** `sallyport approvals revoke GRANT`: takes a grant back. */
export async function approvalsRevokeCommand(
  grant: string,
  options: { readonly comment?: string },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const comment = options.comment === undefined ? {} : { comment: options.comment };
  const after = (await admin.post(`/admin/v1/grants/${encodeURIComponent(grant)}/revoke`, comment)) as JsonObject;
  output.write(`${plain(`revoked ${grant} of approval ${cell(after.id)}`)}\n`);
  return 0;
}

/** What watching needs besides the API. */
export interface Watching {
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Waits between two looks. */
  readonly wait: () => Promise<unknown>;
}

/**
 * `sallyport approvals watch`: a line for each approval that comes to wait, and for what becomes of it, until ended;
 * with `json` each line is one JSON object.
 */
export async function approvalsWatchCommand(
  options: Pick<ApprovalsListOptions, 'rule' | 'subject' | 'json'>,
  admin: AdminClient,
  output: Writable,
  { signal, wait }: Watching,
): Promise<number> {
  const tell = (approval: JsonObject) =>
    output.write(options.json ? `${JSON.stringify(approval)}\n` : watchLine(approval));
  let pending = new Map<string, JsonObject>();
  while (!signal.aborted) {
    const { approvals } = (await admin.get(path, {
      state: 'pending',
      rule: options.rule,
      subject: options.subject,
    })) as {
      readonly approvals: readonly JsonObject[];
    };
    const now = new Map(approvals.map((approval) => [String(approval.id), approval]));
    for (const [id, approval] of [...now].reverse()) if (!pending.has(id)) tell(approval);
    for (const id of pending.keys()) {
      if (!now.has(id)) tell((await admin.get(`${path}/${encodeURIComponent(id)}`)) as JsonObject);
    }
    pending = now;
    await wait();
  }
  return 0;
}

const head = ['OPENED (UTC)', 'STATE', 'FUNCTION', 'SUBJECT', 'ASKS FOR', 'RULES', 'ID'];

function rowOf(approval: JsonObject): string[] {
  const requester = approval.requester as JsonObject;
  return [
    time(approval.openedAt),
    cell(approval.state),
    cell(requester.function),
    cell(requester.subject),
    `${cell(approval.action)} ${cell(approval.summary)}`,
    cell(approval.rules),
    cell(approval.id),
  ];
}

function watchLine(approval: JsonObject): string {
  return `${plain(rowOf(approval).join('  '))}\n`;
}

async function fetchShown(id: string, admin: AdminClient): Promise<JsonObject> {
  const approval = (await admin.get(`${path}/${encodeURIComponent(id)}`)) as JsonObject;
  if (typeof approval.content !== 'string') return approval;
  const { fingerprintOf } = await import('../approve/index.ts');
  if (fingerprintOf(approval.content) !== approval.fingerprint) {
    throw new StartError(`The gateway shows a content for ${id} that the fingerprint is not of. Decide nothing by it.`);
  }
  return approval;
}

function requireDigits(id: string, given: string | undefined, fingerprint: string): void {
  if (given === undefined) {
    throw new StartError(
      `Look at it first (sallyport approvals show ${id}), then add --fingerprint with the first digits shown there.`,
    );
  }
  const digits = given.replaceAll(' ', '').toLowerCase();
  if (digits.length < LEAST_DIGITS) throw new StartError(`--fingerprint takes at least ${LEAST_DIGITS} digits.`);
  if (!fingerprint.startsWith(digits))
    throw new StartError('The fingerprint is not that of this approval. Show it again.');
}

/** Everything about an approval; what others chose is made visible, so that nothing can hide in it. */
function shownText(approval: JsonObject): string {
  const requester = approval.requester as JsonObject;
  const behind = cell(requester.person ?? requester.owner);
  const fingerprint = String(approval.fingerprint);
  const lines = [
    `${cell(approval.id)}  ${cell(approval.state)}, opened ${time(approval.openedAt)} UTC, expires ${time(approval.expiresAt)} UTC`,
    `  who          ${cell(requester.function)} as ${cell(requester.subject)} (${cell(requester.tenant)}), for ${behind}`,
    `  asks for     ${cell(approval.action)} ${cell(approval.summary)}${approval.maxTokens === null ? '' : `, at most ${cell(approval.maxTokens)} tokens`}`,
    ...objects(approval.reasons).map(
      (reason) => `  because      ${cell(reason.id)}: ${cell(reason.message)} (${cell(reason.severity)})`,
    ),
    ...objects(approval.requirements).map(
      (needs) =>
        `  needs        ${needText(needs)}${needs.met === true ? ', met' : ''}${needs.reason_required === true ? ', with a comment' : ''}`,
    ),
    `  may be       ${cell(approval.allowedScopes)}`,
    ...objects(approval.verdicts).map(verdictText),
    ...objects(approval.grants).map(
      (grant) =>
        `  grant        ${cell(grant.id)} ${cell(grant.scope)} ${cell(grant.state)}, until ${time(grant.expiresAt)} UTC`,
    ),
    ...(approval.intact === false ? ['  BROKEN       the stored approval was changed by somebody else'] : []),
    `  fingerprint  ${fingerprint}`,
  ].map((line) => visible(line.replaceAll('\n', ' ')));
  if (typeof approval.content !== 'string') lines.push('  content      not kept any more');
  else lines.push('  content, which the fingerprint is of:', indented(visible(laidOut(approval.content))));
  lines.push(...differenceLines(approval.difference as JsonObject | null));
  if (approval.state === 'pending') {
    lines.push(`approve: sallyport approvals approve ${cell(approval.id)} --fingerprint ${fingerprint.slice(0, 12)}`);
  }
  return `${lines.join('\n')}\n`;
}

function verdictText(verdict: JsonObject): string {
  const glass = verdict.breakGlass === true ? ' BY BREAKING THE GLASS' : '';
  const proof = verdict.proven === false ? ', SIGNATURE BROKEN' : '';
  const comment = verdict.comment === null ? '' : `: ${cell(verdict.comment)}`;
  const scope = verdict.scope === null ? '' : ` (${cell(verdict.scope)})`;
  return `  ${verdict.verdict === 'deny' ? 'denied by ' : 'approved by'}  ${cell(verdict.person)}${scope}, ${time(verdict.at)} UTC${glass}${proof}${comment}`;
}

function differenceLines(difference: JsonObject | null): string[] {
  if (difference === null) return [];
  const changes = objects(difference.changes).flatMap((change) => [
    `    ${cell(change.path)}`,
    ...(change.before === null ? [] : [`      - ${cell(change.before)}`]),
    ...(change.after === null ? [] : [`      + ${cell(change.after)}`]),
  ]);
  const title = `  differs from ${cell(difference.approval)}, approved ${time(difference.approvedAt)} UTC, in:`;
  return [title, ...changes, ...(difference.more === true ? ['    and more'] : [])].map((line) =>
    visible(line.replaceAll('\n', ' ')),
  );
}

/** What is still asked for, and who has approved. */
function progress(approval: JsonObject): string {
  const unmet = objects(approval.requirements).filter((needs) => needs.met !== true);
  const persons = objects(approval.verdicts).map(({ person }) => cell(person));
  return `it takes ${unmet.map(needText).join(' and ')}, so far ${persons.join(', ')}`;
}

function needText(needs: JsonObject): string {
  const groups = needs.groups as readonly string[];
  return `${cell(needs.quorum)} of ${groups.length === 0 ? 'anybody else' : groups.join(', ')}`;
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}

function indented(text: string): string {
  return text.replace(/^/gm, '    ');
}

function time(ms: Json | undefined): string {
  return typeof ms === 'number' ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '-';
}
