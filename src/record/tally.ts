import type { Json, JsonObject } from '../model/json.ts';
import { breathe, object } from './exchanges.ts';
import type { JournalReader, Position } from './journal_reader.ts';

const PAGE_EVENTS = 500;
/** Events looked through for one answer. */
const LOOKED_EVENTS = 30_000;

const kinds = ['exchange.intent', 'exchange.refused', 'exchange.outcome', 'tool_use.decided'];

interface Counted {
  count: number;
  /** When it last happened. */
  readonly last: string;
}

/**
 * How often each rule spoke and each detector masked since a moment (epoch milliseconds), the newest events first;
 * `more` says that older ones were left out.
 */
export async function tally(reader: JournalReader, fromMs: number): Promise<JsonObject> {
  const rules = new Map<string, Counted>();
  const detectors = new Map<string, Counted & { readonly class: Json }>();
  let exchanges = 0;
  let before: Position | null = null;
  let more = true;
  for (let looked = 0; looked < LOOKED_EVENTS && more; looked += PAGE_EVENTS) {
    const page = reader.ofKinds(kinds, fromMs, before, PAGE_EVENTS);
    for (const { seq, atMs, kind, body } of page) {
      before = { seq, atMs };
      const last = new Date(atMs).toISOString();
      if (kind === 'exchange.intent' || kind === 'exchange.refused') exchanges++;
      for (const id of rulesOf(body)) add(rules, id, 1, { last });
      if (kind !== 'exchange.outcome') continue;
      for (const mark of list(body.masks).map(object)) {
        add(detectors, String(mark.detector), Number(mark.count), { last, class: mark.class ?? null });
      }
    }
    more = page.length === PAGE_EVENTS;
    await breathe();
  }
  return { exchanges, more, rules: plain(rules), detectors: plain(detectors) };
}

/** Rule ids of a decision, of a refusal or of a tool call's verdict. */
function rulesOf(body: JsonObject): string[] {
  const reasons = list(object(body.decision).reasons).map((reason) => object(reason).id);
  const ids = reasons.length > 0 ? reasons : list(body.rules);
  return ids.filter((id) => typeof id === 'string');
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function add<Row extends Counted>(counts: Map<string, Row>, id: string, count: number, row: Omit<Row, 'count'>): void {
  const known = counts.get(id);
  if (known) known.count += count;
  else counts.set(id, { ...row, count } as Row);
}

function plain(counts: ReadonlyMap<string, object>): JsonObject {
  return Object.fromEntries(counts) as JsonObject;
}
