import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { AdminClient } from './admin_client.ts';
import { cell, table, utc } from './table.ts';
import { readRange } from './times.ts';

/** What `audit list` takes from the command line. */
export interface AuditListOptions {
  readonly from?: string;
  readonly to?: string;
  readonly function?: string;
  /** Subject, person or owner. */
  readonly principal?: string;
  readonly effect?: string;
  /** Most exchanges to show; 50 where absent. */
  readonly limit?: string;
  readonly json?: boolean;
}

const PAGE = 500;

/**
 * `sallyport audit list`: who called Claude when, what policy said, how it ended; newest first. That there are more is
 * said in `notes`, so that a program that reads JSON is told as well.
 */
export async function auditListCommand(
  options: AuditListOptions,
  admin: AdminClient,
  output: Writable,
  notes: Writable = process.stderr,
): Promise<number> {
  const limit = readLimit(options.limit);
  const { function: named, principal, effect } = options;
  const filter = { ...readRange(options), function: named, principal, effect };
  const exchanges: JsonObject[] = [];
  let before: string | undefined;
  let more = true;
  while (more && exchanges.length < limit) {
    const asked = { ...filter, before, limit: String(Math.min(limit - exchanges.length, PAGE)) };
    const page = (await admin.get('/admin/v1/exchanges', asked)) as {
      readonly exchanges: readonly JsonObject[];
      readonly next: string | null;
    };
    exchanges.push(...page.exchanges);
    more = page.next !== null;
    before = page.next ?? undefined;
  }
  if (options.json) output.write(`${JSON.stringify(exchanges, null, 2)}\n`);
  else output.write(exchanges.length === 0 ? 'no exchange matches\n' : report(exchanges));
  if (more) notes.write(`there are more: raise --limit (now ${exchanges.length}) or narrow --from and --to\n`);
  return 0;
}

function report(exchanges: readonly JsonObject[]): string {
  const head = [
    'TIME (UTC)',
    'FUNCTION',
    'SUBJECT',
    'MODEL',
    'EFFECT',
    'RULES',
    'REVISION',
    'END',
    'CALLS',
    'MASKED',
    'TOKENS',
    'SESSION',
    'ID',
  ];
  const rows = exchanges.map((exchange) => {
    const usage = exchange.usage as JsonObject | null;
    return [
      utc(exchange.at),
      cell(exchange.function),
      cell(exchange.subject),
      exchange.model === null ? cell(exchange.action) : cell(exchange.model),
      cell(exchange.effect),
      cell(exchange.rules),
      revision(exchange),
      ending(exchange),
      calls(exchange.calls as JsonObject | null),
      masked(exchange.masks as readonly JsonObject[]),
      usage ? `${cell(usage.input_tokens)}/${cell(usage.output_tokens)}` : '-',
      cell(exchange.session).slice(0, 12),
      cell(exchange.id),
    ];
  });
  return table(head, rows);
}

/** The first characters of the revision that decided, as the table and `sessions show` print it. */
export function revision(exchange: JsonObject): string {
  return cell((exchange.policy as JsonObject | null)?.revision).slice(0, 12);
}

/** How it ended, with the code of the fault or the status Claude answered with where it did not go well. */
export function ending(exchange: JsonObject): string {
  if (exchange.end === null) return 'running';
  if (exchange.code !== null) return `${cell(exchange.end)} ${cell(exchange.code)}`;
  return Number(exchange.status) >= 400 ? `${cell(exchange.end)} ${cell(exchange.status)}` : cell(exchange.end);
}

/** Tool calls of the answer: how many passed, and how many policy or a human denied. */
function calls(counts: JsonObject | null): string {
  const { allow = 0, deny = 0 } = counts ?? {};
  const parts = [...(allow === 0 ? [] : [cell(allow)]), ...(deny === 0 ? [] : [`${cell(deny)} denied`])];
  return parts.join(', ') || '-';
}

/** How many values were masked on both ways. */
function masked(marks: readonly JsonObject[]): string {
  return String(marks.reduce((sum, { count }) => sum + Number(count), 0) || '-');
}

function readLimit(text = '50'): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new StartError('--limit: write a number from 1 to 999999.');
  return Number(text);
}
