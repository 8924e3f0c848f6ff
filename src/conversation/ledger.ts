import { LRUCache } from 'lru-cache';
import { type Keys, makeDataKey, openPart, sealPart, unwrapDataKey } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { conversationMigrations, type Tables } from './tables.ts';

/** A tool call that was denied under another name, as Claude made it. */
export interface RenamedCall {
  readonly name: string;
  /** JSON text of its input, as it goes upstream. */
  readonly inputText: string;
  /** The name the client saw. */
  readonly shownAs: string;
}

/** What the gateway itself changed in one conversation. */
export interface Ledger {
  readonly dropBlock: boolean;
  /** By `tool_use` id. */
  readonly renamedCalls: ReadonlyMap<string, RenamedCall>;
}

/** Reads and writes ledgers; the store holds the truth, a bounded cache spares the look-up. */
export interface Ledgers {
  read(conversation: string): Ledger | Promise<Ledger>;
  markDropBlock(conversation: string): Promise<void>;
  addRenamedCall(conversation: string, callId: string, call: RenamedCall): Promise<void>;
}

const sealContext = 'renamed call';
/** The ledger of a conversation in which nothing was changed. */
export const nothingChanged: Ledger = { dropBlock: false, renamedCalls: new Map() };

/** Opens the ledgers of a store. Inputs of renamed calls are sealed at rest. */
export async function openLedgers(store: Store, keys: Keys, now: () => number): Promise<Ledgers> {
  await store.migrate('conversation', conversationMigrations);
  const query = store.query<Tables>();
  const cache = new LRUCache<string, Ledger>({ max: 10_000 });

  const load = async (conversation: string): Promise<Ledger> => {
    const mark = await query
      .selectFrom('conversation_mark')
      .select('drop_block')
      .where('conversation', '=', conversation)
      .executeTakeFirst();
    const rows = await query.selectFrom('renamed_call').selectAll().where('conversation', '=', conversation).execute();
    const renamedCalls = new Map<string, RenamedCall>();
    for (const row of rows) {
      const key = unwrapDataKey(keys.sealing, sealContext, row.wrapped);
      const opened = openPart(key, 0, Buffer.from(row.call), row.sealed).toString();
      const [name, inputText] = JSON.parse(opened) as [string, string];
      renamedCalls.set(row.call, { name, inputText, shownAs: row.shown_as });
    }
    const ledger = mark || rows.length > 0 ? { dropBlock: mark?.drop_block === 1, renamedCalls } : nothingChanged;
    cache.set(conversation, ledger);
    return ledger;
  };

  return {
    read: (conversation) => cache.get(conversation) ?? load(conversation),
    async markDropBlock(conversation) {
      await query
        .insertInto('conversation_mark')
        .values({ conversation, drop_block: 1, at: now() })
        .onConflict((conflict) => conflict.column('conversation').doUpdateSet({ drop_block: 1 }))
        .execute();
      cache.delete(conversation);
    },
    async addRenamedCall(conversation, callId, call) {
      const { key, wrapped } = makeDataKey(keys.sealing, sealContext);
      const plain = Buffer.from(JSON.stringify([call.name, call.inputText]));
      const sealed = sealPart(key, 0, Buffer.from(callId), plain);
      await query
        .insertInto('renamed_call')
        .values({ conversation, call: callId, shown_as: call.shownAs, wrapped, sealed, at: now() })
        .onConflict((conflict) => conflict.columns(['conversation', 'call']).doNothing())
        .execute();
      cache.delete(conversation);
    },
  };
}
