import type { Json, JsonObject } from '../model/json.ts';
import type { JournalReader, Position, StoredEvent } from './journal_reader.ts';

/** Events read in one go; between two goes other work of the process runs. */
const PAGE_EVENTS = 200;
/** Events looked through for one answer; a filter that finds little goes on with the next page. */
const LOOKED_EVENTS = 20_000;

/** Which exchanges are asked for. Every condition given must hold. */
export interface ExchangeQuery {
  /** Epoch milliseconds, inclusive. */
  readonly fromMs: number;
  /** Epoch milliseconds, exclusive. */
  readonly toMs: number;
  /** The only tenant to be shown, or null for all. */
  readonly tenant: string | null;
  readonly function: string | null;
  /** Subject, person or owner of the principal. */
  readonly principal: string | null;
  readonly effect: string | null;
  readonly limit: number;
  readonly before: Position | null;
}

/** A page, newest first; `next` is the cursor of the page after it, or null at the end. */
export interface ExchangePage {
  readonly exchanges: readonly JsonObject[];
  readonly next: string | null;
}

/** Lists exchanges, refused ones included, each with its decision and, if it has ended, its outcome. */
export async function listExchanges(reader: JournalReader, query: ExchangeQuery): Promise<ExchangePage> {
  const exchanges: JsonObject[] = [];
  let before = query.before;
  for (let looked = 0; looked < LOOKED_EVENTS; looked += PAGE_EVENTS) {
    const page = reader.beginnings({ ...query, before, limit: PAGE_EVENTS });
    for (const event of page) {
      before = { atMs: event.atMs, seq: event.seq };
      if (!matches(event, query)) continue;
      exchanges.push(summary(event, outcomeOf(reader, event)));
      if (exchanges.length === query.limit) return { exchanges, next: cursor(before) };
    }
    if (page.length < PAGE_EVENTS) return { exchanges, next: null };
    await breathe();
  }
  return { exchanges, next: before && cursor(before) };
}

/** Lets other work run between two pages. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function cursor({ atMs, seq }: Position): string {
  return `${atMs}-${seq}`;
}

/** The position that `cursor` wrote, or null for any other text. */
export function readCursor(text: string): Position | null {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text);
  return match ? { atMs: Number(match[1]), seq: Number(match[2]) } : null;
}

export function outcomeOf(reader: JournalReader, beginning: StoredEvent): StoredEvent | null {
  return beginning.kind === 'exchange.intent' && beginning.exchange ? reader.outcome(beginning.exchange) : null;
}

/** One exchange in a list: who, what, when, how decided, how ended. `end` is null while it runs. */
export function summary(beginning: StoredEvent, outcome: StoredEvent | null): JsonObject {
  const { body } = beginning;
  const refused = beginning.kind === 'exchange.refused';
  const principal = object(body.principal);
  const decision = object(body.decision);
  return {
    id: beginning.exchange,
    at: new Date(beginning.atMs).toISOString(),
    function: principal.function ?? null,
    subject: principal.subject ?? null,
    tenant: principal.tenant ?? null,
    kind: principal.kind ?? null,
    action: body.action ?? null,
    model: body.model ?? null,
    session: object(body.conversation).id ?? null,
    effect: effectOf(body),
    rules: ruleIds(decision, body),
    policy: body.policy ?? null,
    lease: body.lease ?? null,
    status: (refused ? body.status : outcome?.body.status) ?? null,
    end: refused ? 'refused' : (outcome?.body.end ?? null),
    code: (refused ? body.code : outcome?.body.code) ?? null,
    usage: outcome?.body.usage ?? null,
    calls: outcome?.body.calls ?? null,
    masks: outcome?.body.masks ?? body.masks ?? [],
    duration_ms: outcome?.body.duration_ms ?? null,
  };
}

function matches({ body }: StoredEvent, query: ExchangeQuery): boolean {
  const principal = object(body.principal);
  if (query.tenant !== null && principal.tenant !== query.tenant) return false;
  if (query.function !== null && principal.function !== query.function) return false;
  if (query.effect !== null && effectOf(body) !== query.effect) return false;
  const { subject, person, owner } = principal;
  return query.principal === null || [subject, person, owner].includes(query.principal);
}

/** What policy said; `refused` where the exchange ended before policy was asked, or for a reason that is not policy's. */
function effectOf(body: JsonObject): Json {
  return object(body.decision).effect ?? (body.reason === 'policy' ? 'deny' : 'refused');
}

function ruleIds(decision: JsonObject, body: JsonObject): Json {
  const reasons = Array.isArray(decision.reasons) ? decision.reasons : [];
  const ids = reasons.map((reason: Json) => object(reason).id ?? null);
  return ids.length > 0 ? ids : (body.rules ?? []);
}

/** The object in a stored field, or an empty one. */
export function object(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}
