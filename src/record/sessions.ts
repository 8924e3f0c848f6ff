import { GatewayError } from '../errors.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { SealingKey } from '../seal/index.ts';
import { breathe, type ExchangeQuery, listExchanges, object, outcomeOf, readCursor, summary } from './exchanges.ts';
import type { JournalReader, StoredEvent } from './journal_reader.ts';
import { rebuild, replay } from './replay.ts';

/** Exchanges shown of one session; a longer one is paged by `after`. */
const SESSION_EXCHANGES = 50;
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
 * Throws NOT_FOUND for an id that no exchange in the journal carries; an exchange's own id shows that exchange alone.
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
    if (reader.ofExchange(id).length === 0) throw new GatewayError('NOT_FOUND', `There is no session ${id}.`);
    return { id, exchanges: [await showExchange(reader, sealing, id, tenant)], next: null };
  }
  const exchanges: Json[] = [];
  for (const intent of intents) {
    exchanges.push(await shown(reader, sealing, intent, outcomeOf(reader, intent)));
    await breathe();
  }
  return { id, exchanges, next: intents.length === SESSION_EXCHANGES ? intents.at(-1)!.seq : null };
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
    recording: { state, fault, frames: frames.length },
    returned: frames.length > 0 ? await rebuild(frames) : null,
  };
}
