import { hash } from 'node:crypto';
import type { Store } from '../store/index.ts';
import type { IdentifyTables } from './tables.ts';

/** Remembers what may be used once: assertions and one-time links, across restarts and nodes. */
export interface UsedIds {
  /** True the first time an id is given, false from then on until `untilMs` (epoch milliseconds). */
  take(kind: string, id: string, untilMs: number): Promise<boolean>;
}

/** The list in the shared store; what has ended is forgotten as new ids come. */
export function createUsedIds(store: Store, clock: () => number = Date.now): UsedIds {
  return {
    async take(kind, id, untilMs) {
      const query = store.query<IdentifyTables>();
      await query.deleteFrom('used_id').where('until', '<=', clock()).execute();
      const added = await query
        .insertInto('used_id')
        .values({ id: hash('sha256', JSON.stringify([kind, id])), until: untilMs })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      return (added.numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
  };
}
