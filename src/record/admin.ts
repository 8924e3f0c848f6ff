import { GatewayError } from '../errors.ts';
import type { Actor, AdminRequest, AdminRoute } from '../model/admin.ts';
import type { SealingKey } from '../seal/index.ts';
import { type ExchangeQuery, listExchanges, readCursor } from './exchanges.ts';
import type { JournalReader } from './journal_reader.ts';
import { listSessions, showExchange, showSession } from './sessions.ts';
import { tally } from './tally.ts';

const LIMIT = 100;
const LIMIT_MOST = 1000;
const effects = ['allow', 'deny', 'require_approval', 'refused'];
const listNames = ['from', 'to', 'function', 'principal', 'effect', 'limit', 'before'];

type Asked = Pick<AdminRequest, 'query'>;

/** The operations over journal and recordings; whether a person may use them is asked before. */
export function adminRoutes(reader: JournalReader, sealing: SealingKey): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/v1/exchanges',
      handler: async ({ query, actor }) => ({ ...(await listExchanges(reader, readQuery(query, actor))) }),
    },
    {
      method: 'GET',
      path: '/admin/v1/exchanges/{id}',
      handler: ({ params, actor }) => showExchange(reader, sealing, params.id ?? '', tenantOf(actor)),
    },
    {
      method: 'GET',
      path: '/admin/v1/sessions',
      handler: ({ query, actor }) => listSessions(reader, readQuery(query, actor)),
    },
    {
      method: 'GET',
      path: '/admin/v1/sessions/{id}',
      handler: ({ params, query, actor }) =>
        showSession(reader, sealing, params.id ?? '', readWhole(query, 'after', 0), tenantOf(actor)),
    },
    { method: 'GET', path: '/admin/v1/tally', handler: ({ query }) => tally(reader, readTime(query, 'from') ?? 0) },
  ];
}

/** A person sees their own tenant; the operator, who is no person, sees all. */
function tenantOf(actor: Actor | null): string | null {
  return actor === null ? null : actor.principal.tenant;
}

function readQuery(query: Asked['query'], actor: Actor | null): ExchangeQuery {
  const unknown = Object.keys(query).find((name) => !listNames.includes(name));
  if (unknown !== undefined) throw input(`There is no parameter "${unknown}"; there are ${listNames.join(', ')}.`);
  const { effect = null, before } = query;
  if (effect !== null && !effects.includes(effect)) throw input(`"effect" is one of ${effects.join(', ')}.`);
  const position = before === undefined ? null : readCursor(before);
  if (before !== undefined && !position) throw input('"before" is the "next" of an earlier answer.');
  return {
    fromMs: readTime(query, 'from') ?? 0,
    toMs: readTime(query, 'to') ?? Number.MAX_SAFE_INTEGER,
    tenant: tenantOf(actor),
    function: query.function ?? null,
    principal: query.principal ?? null,
    effect,
    limit: Math.min(Math.max(readWhole(query, 'limit', LIMIT), 1), LIMIT_MOST),
    before: position,
  };
}

/** A time with its zone (`2026-01-05T02:15:00Z`) or a date (its midnight, UTC). */
function readTime(query: Asked['query'], name: string): number | null {
  const text = query[name];
  if (text === undefined) return null;
  const zoned = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const at = zoned ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw input(`"${name}" is a time such as 2026-01-05T02:15:00Z, or a date.`);
  return at;
}

function readWhole(query: Asked['query'], name: string, otherwise: number): number {
  const text = query[name];
  if (text === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(text)) throw input(`"${name}" is a whole number.`);
  return Number(text);
}

function input(text: string): GatewayError {
  return new GatewayError('ADMIN_INPUT', text);
}
