import { GatewayError } from '../errors.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { SealingKey } from '../seal/index.ts';
import { breathe, type ExchangeQuery, listExchanges, object, outcomeOf, readCursor, summary } from './exchanges.ts';
import type { JournalReader, StoredEvent } from './journal_reader.ts';
import { rebuild, replay } from './replay.ts';

/** Exchanges shown of one session; a longer one is paged by `after`. */
const SESSION_EXCHANGES = 50;
/** Characters of a session's id that are enough to look for it. */
const LEAST_BEGINNING = 8;
/** Pages of exchanges looked through for a list of sessions. */
const LIST_PAGES = 20;

/** Sessions (conversations) with exchanges in a stretch of time, the one last used first. */
export async function listSessions(reader: JournalReader, query: ExchangeQuery): Promise<JsonObject> {
  const sessions = new Map<string, JsonObject[]>();
  let before = query.before;
  let more = false;
  for (let page = 0; page < LIST_PAGES; page++) {
    const { exchanges, next } = await listExchanges(reader, { ...query, before, limit: 500 });
    for (const exchange of exchanges) {
      const id = exchange.session;
      if (typeof id !== 'string') continue;
      const known = sessions.get(id);
      if (known) known.push(exchange);
      else if (sessions.size < query.limit) sessions.set(id, [exchange]);
      else more = true;
    }
    if (next === null) break;
    before = readCursor(next);
    if (page === LIST_PAGES - 1) more = true;
  }
  return { sessions: [...sessions].map(([id, exchanges]) => sessionSummary(id, exchanges)), more };
}

function sessionSummary(id: string, newestFirst: readonly JsonObject[]): JsonObject {
  const last = newestFirst[0]!;
  const tokens = (name: string) =>
    newestFirst.reduce((sum, exchange) => sum + Number(object(exchange.usage)[name] ?? 0), 0);
  return {
    id,
    first_at: newestFirst.at(-1)!.at ?? null,
    last_at: last.at ?? null,
    function: last.function ?? null,
    subject: last.subject ?? null,
    models: [...new Set(newestFirst.map((exchange) => exchange.model ?? null))],
    exchanges: newestFirst.length,
    refused: newestFirst.filter((exchange) => exchange.end === 'refused').length,
    input_tokens: tokens('input_tokens'),
    output_tokens: tokens('output_tokens'),
  };
}

/**
 * One session with what came back in each of its exchanges, oldest first. `after` continues behind an earlier page.
 * An exchange's own id, or the one that Claude gave its answer, shows that exchange alone; the first characters of a
 * session's id are enough where no other begins so. Throws NOT_FOUND, or ADMIN_INPUT where several do.
 */
export async function showSession(
  reader: JournalReader,
  sealing: SealingKey,
  id: string,
  after: number,
  tenant: string | null,
): Promise<JsonObject> {
  // The id of a conversation is a hash over its tenant, so its exchanges are all of one.
  const intents = reader.ofConversation(id, after, SESSION_EXCHANGES).filter((intent) => isOf(intent, tenant));
  if (intents.length === 0 && after === 0) {
    const exchange = reader.ofExchange(id).length > 0 ? id : reader.ofUpstream(id);
    if (exchange !== null)
      return { id, exchanges: [await showExchange(reader, sealing, exchange, tenant)], next: null };
  }
  if (intents.length === 0 && (tenant !== null || reader.ofConversation(id, 0, 1).length === 0)) {
    // People of a tenant have whole ids from their console; a beginning could be that of another tenant's.
    if (tenant !== null && after === 0) throw notFound(id);
    if (tenant === null) return showSession(reader, sealing, sessionLike(reader, id), after, tenant);
  }
  const exchanges: Json[] = [];
  for (const intent of intents) {
    exchanges.push(await shown(reader, sealing, intent, outcomeOf(reader, intent)));
    await breathe();
  }
  return { id, exchanges, next: intents.length === SESSION_EXCHANGES ? intents.at(-1)!.seq : null };
}

function notFound(id: string): GatewayError {
  return new GatewayError(
    'NOT_FOUND',
    `There is no session or exchange ${id}. A session is named by its first 8 characters at least, as lists print it.`,
  );
}

/** The only session whose id begins so. Throws as `showSession`. */
function sessionLike(reader: JournalReader, beginning: string): string {
  const [found, other] = beginning.length < LEAST_BEGINNING ? [] : reader.conversationsLike(beginning);
  if (found === undefined) throw notFound(beginning);
  if (other !== undefined)
    throw new GatewayError('ADMIN_INPUT', `More than one session begins with ${beginning}; give more of its id.`);
  return found;
}

/** One exchange with its events and what was returned. Throws NOT_FOUND, also for one of another tenant. */
export async function showExchange(
  reader: JournalReader,
  sealing: SealingKey,
  id: string,
  tenant: string | null,
): Promise<JsonObject> {
  const events = reader.ofExchange(id);
  const beginning = events.find(({ kind }) => kind === 'exchange.intent' || kind === 'exchange.refused');
  if (!beginning || !isOf(beginning, tenant)) throw new GatewayError('NOT_FOUND', `There is no exchange ${id}.`);
  const outcome = events.find(({ kind }) => kind === 'exchange.outcome') ?? null;
  return {
    ...(await shown(reader, sealing, beginning, outcome)),
    events: events.map(({ seq, atMs, kind, body }) => ({ seq, at: new Date(atMs).toISOString(), kind, body })),
  };
}

/** Whether an exchange began in this tenant; null stands for all. */
function isOf(beginning: StoredEvent, tenant: string | null): boolean {
  return tenant === null || object(beginning.body.principal).tenant === tenant;
}

async function shown(
  reader: JournalReader,
  sealing: SealingKey,
  beginning: StoredEvent,
  outcome: StoredEvent | null,
): Promise<JsonObject> {
  const expected = object(outcome?.body.recording).frames;
  const { frames, state, fault } = await replay(
    reader,
    sealing,
    beginning.exchange ?? '',
    typeof expected === 'number' ? expected : null,
  );
  return {
    ...summary(beginning, outcome),
    humans: humansOf(reader.ofExchange(beginning.exchange ?? '')),
    recording: { state, fault, frames: frames.length },
    returned: frames.length > 0 ? await rebuild(frames) : null,
  };
}

/** What humans had to do with an exchange: verdicts on what it asked for, or an earlier permission that it used. */
function humansOf(events: readonly StoredEvent[]): readonly JsonObject[] {
  const parts = events.flatMap(({ kind, body }) => {
    const { approval = null, at = null, person = null, rules = null, scope = null } = body;
    switch (kind) {
      case 'approval.decided':
        return [{ at, what: body.verdict === 'deny' ? 'denied' : 'approved', person, scope, approval, rules }];
      case 'approval.break_glass':
        return [{ at, what: 'broke the glass', person, scope, approval, rules }];
      case 'grant.taken':
        return [{ at, what: 'earlier approval used', person, scope, approval, rules }];
      default:
        return [];
    }
  });
  const decidedHere = new Set(parts.filter(({ person }) => person !== null).map(({ approval }) => approval));
  return parts.filter(({ person, approval }) => person !== null || !decidedHere.has(approval));
}
