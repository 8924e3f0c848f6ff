import type { RenamedCall } from '../model/answer.ts';
import type { MaskMode } from '../model/scan.ts';
import { type Keys, openOne, sealOne } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { type Pin, pinMs } from './pin.ts';
import { Readings } from './readings.ts';
import { conversationMigrations, type Tables } from './tables.ts';

/** What the gateway itself changed in one conversation. */
export interface Ledger {
  readonly dropBlock: boolean;
  /** By `tool_use` id. */
  readonly renamedCalls: ReadonlyMap<string, RenamedCall>;
  /** What its rewriting is pinned to, ended or not. */
  readonly pin: Pin | null;
}

/** Reads and writes ledgers; the store holds the truth, what was read lately spares the look-up. */
export interface Ledgers {
  read(conversation: string): Ledger | Promise<Ledger>;
  markDropBlock(conversation: string): Promise<void>;
  addRenamedCall(conversation: string, callId: string, call: RenamedCall): Promise<void>;
  /** Pins a conversation anew; null ends its pin. In force here at once, whether it can be stored or not. */
  pin(conversation: string, pin: Pin | null): Promise<void>;
  /** Digests of the rule sets that some pin still needs. */
  pinnedRules(): Promise<ReadonlySet<string>>;
  /** What `read` gave lately, without asking the store. */
  peek(conversation: string): Ledger | undefined;
}

const sealContext = 'renamed call';
/** The ledger of a conversation in which nothing was changed. */
export const nothingChanged: Ledger = { dropBlock: false, renamedCalls: new Map(), pin: null };

/** Opens the ledgers of a store. Inputs of renamed calls are sealed at rest. */
export async function openLedgers(store: Store, keys: Keys, now: () => number): Promise<Ledgers> {
  await store.migrate('conversation', conversationMigrations);
  const query = store.query<Tables>();
  // Other nodes of a fleet change ledgers too; a client rarely changes its node between two turns.
  const freshMs = store.kind === 'postgres' ? 5_000 : Number.POSITIVE_INFINITY;
  const readings = new Readings<Ledger>({ max: 10_000, freshMs });

  const load = async (conversation: string): Promise<Ledger> => {
    const mark = await query
      .selectFrom('conversation_mark')
      .select('drop_block')
      .where('conversation', '=', conversation)
      .executeTakeFirst();
    const rows = await query.selectFrom('renamed_call').selectAll().where('conversation', '=', conversation).execute();
    const renamedCalls = new Map<string, RenamedCall>();
    for (const row of rows) {
      const opened = openOne(keys.sealing, sealContext, row.call, row).toString();
      const [name, inputText] = JSON.parse(opened) as [string, string];
      renamedCalls.set(row.call, { name, inputText, shownAs: row.shown_as });
    }
    const pinned = await query
      .selectFrom('conversation_pin')
      .selectAll()
      .where('conversation', '=', conversation)
      .executeTakeFirst();
    const pin = pinned ? pinOf(pinned) : null;
    const changed = mark !== undefined || rows.length > 0 || pin !== null;
    return changed ? { dropBlock: mark?.drop_block === 1, renamedCalls, pin } : nothingChanged;
  };

  return {
    read: (conversation) => readings.fresh(conversation) ?? readings.read(conversation, () => load(conversation)),
    async markDropBlock(conversation) {
      await query
        .insertInto('conversation_mark')
        .values({ conversation, drop_block: 1, at: now() })
        .onConflict((conflict) => conflict.column('conversation').doUpdateSet({ drop_block: 1 }))
        .execute();
      readings.changed(conversation);
    },
    async addRenamedCall(conversation, callId, call) {
      const plain = JSON.stringify([call.name, call.inputText]);
      const { wrapped, sealed } = sealOne(keys.sealing, sealContext, callId, plain);
      await query
        .insertInto('renamed_call')
        .values({ conversation, call: callId, shown_as: call.shownAs, wrapped, sealed, at: now() })
        .onConflict((conflict) => conflict.columns(['conversation', 'call']).doNothing())
        .execute();
      readings.changed(conversation);
    },
    async pin(conversation, pin) {
      const known = readings.last(conversation);
      if (known) readings.set(conversation, { ...known, pin });
      if (pin === null) {
        await query.deleteFrom('conversation_pin').where('conversation', '=', conversation).execute();
        return;
      }
      const row = {
        rules: JSON.stringify(pin.rules),
        plan: JSON.stringify([...pin.plan]),
        organisation: pin.organisation,
        pinned_at: pin.pinnedAt,
        used_at: pin.usedAt,
      };
      await query
        .insertInto('conversation_pin')
        .values({ conversation, ...row })
        .onConflict((conflict) => conflict.column('conversation').doUpdateSet(row))
        .execute();
    },
    async pinnedRules() {
      await query
        .deleteFrom('conversation_pin')
        .where('pinned_at', '<', now() - 2 * pinMs)
        .execute();
      const rows = await query.selectFrom('conversation_pin').select('rules').distinct().execute();
      return new Set(rows.flatMap(({ rules }) => JSON.parse(rules) as string[]));
    },
    peek: (conversation) => readings.last(conversation),
  };
}

function pinOf(row: Tables['conversation_pin']): Pin {
  return {
    rules: JSON.parse(row.rules) as string[],
    plan: new Map(JSON.parse(row.plan) as [string, MaskMode][]),
    organisation: row.organisation,
    pinnedAt: row.pinned_at,
    usedAt: row.used_at,
  };
}
