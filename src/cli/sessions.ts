import type { Writable } from 'node:stream';
import type { Json, JsonObject } from '../model/json.ts';
import type { AdminClient } from './admin_client.ts';
import { ending, revision } from './audit.ts';
import { cell, plain, table, utc } from './table.ts';
import { readRange } from './times.ts';

/** What `sessions list` takes from the command line. */
export interface SessionsListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly function?: string;
  readonly principal?: string;
  readonly json?: boolean;
}

/**
 * `sallyport sessions list`: conversations with their callers and tokens, the one last used first. That there are more
 * is said in `notes`.
 */
export async function sessionsListCommand(
  options: SessionsListOptions,
  admin: AdminClient,
  output: Writable,
  notes: Writable = process.stderr,
): Promise<number> {
  const { function: named, principal } = options;
  const answer = await admin.get('/admin/v1/sessions', { ...readRange(options), function: named, principal });
  const { sessions, more } = answer as { readonly sessions: readonly JsonObject[]; readonly more: boolean };
  if (options.json) output.write(`${JSON.stringify(sessions, null, 2)}\n`);
  else if (sessions.length === 0) output.write('no session matches\n');
  else {
    const head = ['LAST (UTC)', 'FIRST (UTC)', 'FUNCTION', 'SUBJECT', 'EXCHANGES', 'REFUSED', 'TOKENS', 'ID'];
    const rows = sessions.map((session) => [
      utc(session.last_at),
      utc(session.first_at),
      cell(session.function),
      cell(session.subject),
      cell(session.exchanges),
      cell(session.refused),
      `${cell(session.input_tokens)}/${cell(session.output_tokens)}`,
      cell(session.id),
    ]);
    output.write(table(head, rows));
  }
  if (more) notes.write('there are more: narrow --from and --to\n');
  return 0;
}

/** `sallyport sessions show ID`: what came back in each exchange of a session (or in the one exchange of that id). */
export async function sessionsShowCommand(
  id: string,
  options: { readonly json?: boolean },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const shown: JsonObject[] = [];
  let after: string | undefined;
  do {
    const page = (await admin.get(`/admin/v1/sessions/${encodeURIComponent(id)}`, { after })) as {
      readonly exchanges: readonly JsonObject[];
      readonly next: number | null;
    };
    if (options.json) shown.push(...page.exchanges);
    else for (const exchange of page.exchanges) output.write(`${exchangeText(exchange)}\n`);
    after = page.next === null ? undefined : String(page.next);
  } while (after !== undefined);
  if (options.json) output.write(`${JSON.stringify(shown, null, 2)}\n`);
  return 0;
}

function exchangeText(exchange: JsonObject): string {
  const decided = [exchange.effect, exchange.rules, revision(exchange)].map(cell).join(' ');
  const lines = [
    `${utc(exchange.at)} UTC  ${cell(exchange.id)}`,
    `  who      ${cell(exchange.function)} as ${cell(exchange.subject)} (${cell(exchange.tenant)})`,
    `  asked    ${cell(exchange.action)} ${cell(exchange.model)}`,
    `  decided  ${decided}`,
    ...(exchange.humans as readonly JsonObject[]).map(humanLine),
    `  ended    ${ending(exchange)}`,
    ...recordingLines(exchange.recording as JsonObject),
  ].map((line) => plain(line));
  const returned = exchange.returned as JsonObject | null;
  const masked = (exchange.masks as readonly JsonObject[]).map((mark) =>
    plain(`  masked   ${cell(mark.count)} x ${cell(mark.class)} (${cell(mark.detector)})`),
  );
  return [...lines, ...masked, ...(returned ? returnedLines(returned) : [])].join('\n').concat('\n');
}

/** Who allowed it, or who did not. */
function humanLine({ what, person, scope, approval, at }: JsonObject): string {
  const who = person === null ? '' : ` by ${cell(person)}`;
  const how = scope === null ? '' : ` (${cell(scope)})`;
  return `  human    ${cell(what)}${who}${how} at ${utc(at).slice(11)}, ${cell(approval)}`;
}

/** Said only where something is missing: a recording that is whole needs no word. */
function recordingLines(recording: JsonObject): string[] {
  switch (recording.state) {
    case 'broken':
      return [`  RECORD   BROKEN: ${cell(recording.fault)}`];
    case 'open':
      return ['  record   not finished'];
    case 'none':
      return ['  record   no content recorded'];
    default:
      return [];
  }
}

function returnedLines(returned: JsonObject): string[] {
  const calls = new Map((returned.calls as readonly JsonObject[]).map((call) => [call.index, call]));
  const lines = (returned.content as readonly JsonObject[]).flatMap((block) => {
    const call = calls.get(block.index ?? null);
    calls.delete(block.index ?? null);
    return [...(call ? [callLine(call)] : []), ...blockLines(block)];
  });
  for (const call of calls.values()) lines.push(callLine(call));
  for (const error of returned.errors as readonly Json[]) lines.push(plain(`  error    ${JSON.stringify(error)}`));
  if (returned.gaps !== 0) lines.push(`  GAP      ${cell(returned.gaps)} stretches were not recorded`);
  return lines;
}

function callLine(call: JsonObject): string {
  return plain(`  ${call.effect === 'deny' ? 'DENIED ' : 'allowed'}  ${cell(call.tool)} by ${cell(call.rules)}`);
}

function blockLines(block: JsonObject): string[] {
  if (typeof block.text === 'string') return labelled('text', block.text);
  if (typeof block.thinking === 'string') return labelled('thinking', block.thinking);
  if (block.input !== undefined) return labelled('call', `${cell(block.name)} ${JSON.stringify(block.input)}`);
  return labelled(cell(block.type), JSON.stringify(block));
}

function labelled(label: string, text: string): string[] {
  return plain(text, true)
    .split('\n')
    .map((line, at) => `  ${(at === 0 ? label : '').padEnd(8)} ${line}`.trimEnd());
}
