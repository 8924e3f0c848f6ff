import { LRUCache } from 'lru-cache';
import type { TokenEntry, TokenTables } from '../model/token.ts';
import { type Keys, openOne, sealOne } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import { conversationMigrations, type Tables } from './tables.ts';

const sealContext = 'token value';
/** Milliseconds after which a token stays a token; a conversation that goes on begins them anew. */
const lifeMs = 7 * 24 * 3600_000;

/**
 * Opens the tokens of a store: makes the tables. Values are sealed at rest and end after a week without use. Rejects
 * with StartError.
 *
 * @param now epoch milliseconds
 */
export async function openTokens(store: Store, keys: Keys, now: () => number): Promise<TokenTables> {
  await store.migrate('conversation', conversationMigrations);
  const query = store.query<Tables>();
  await query.deleteFrom('token_value').where('until', '<', now()).execute();
  // As for ledgers: other nodes of a fleet add tokens, too.
  const ttl = store.kind === 'postgres' ? 5_000 : 0;
  const cache = new LRUCache<string, { readonly entries: readonly TokenEntry[] }>({ max: 2_000, ttl });

  const boundTo = (conversation: string, token: string) => JSON.stringify([conversation, token]);

  const load = async (conversation: string): Promise<readonly TokenEntry[]> => {
    const rows = await query
      .selectFrom('token_value')
      .selectAll()
      .where('conversation', '=', conversation)
      .where('until', '>=', now())
      .orderBy('place')
      .execute();
    if (rows.some(({ until }) => until < now() + lifeMs / 2)) {
      await query
        .updateTable('token_value')
        .set({ until: now() + lifeMs })
        .where('conversation', '=', conversation)
        .execute();
    }
    const entries = rows.map((row) => {
      const value = openOne(keys.sealing, sealContext, boundTo(conversation, row.token), row).toString();
      return { token: row.token, class: row.class, value };
    });
    cache.set(conversation, { entries });
    return entries;
  };

  return {
    of: (conversation) => cache.get(conversation)?.entries ?? load(conversation),
    async add(conversation, entries) {
      const known = cache.get(conversation)?.entries ?? [];
      cache.set(conversation, { entries: [...known, ...entries] });
      const rows = entries.map(({ token, class: className, value }, at) => {
        const sealed = sealOne(keys.sealing, sealContext, boundTo(conversation, token), value);
        const place = known.length + at;
        return { conversation, token, class: className, place, ...sealed, until: now() + lifeMs };
      });
      await query
        .insertInto('token_value')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['conversation', 'token']).doUpdateSet({ until: now() + lifeMs }))
        .execute();
    },
  };
}
