import type { EventKind } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';
import { Change, type Context, channel } from './context.ts';

/** How long the events of another node wait for that node before this one writes them. */
const TAKEOVER_MS = 15 * 60_000;
const AT_ONCE = 100;

/** Changes of state with their audit events: written in one transaction, then into the journal of a node. */
export interface Changes {
  /**
   * Runs a change in a transaction; afterwards tells all nodes and writes its events into the journal. A journal that
   * takes no writes undoes nothing: the events follow as soon as it does. Rejects with what `work` or the store throws.
   */
  change<Result>(work: (change: Change) => Promise<Result>): Promise<Result>;
  /** Writes what is not in a journal yet: this node's own events, and those of a node that is gone. */
  flush(): Promise<void>;
}

/** Makes the changes of a room. */
export function createChanges(context: Context): Changes {
  const { query, store, journal, clock } = context;
  let running: Promise<void> | null = null;
  let again = false;

  const writeSome = async (): Promise<boolean> => {
    const rows = await query
      .selectFrom('approval_event')
      .selectAll()
      .where('journaled', '=', 0)
      .where((where) => where.or([where('node', '=', store.node), where('at', '<', clock() - TAKEOVER_MS)]))
      .orderBy('id')
      .limit(AT_ONCE)
      .execute();
    if (rows.length === 0) return false;
    // At once, so that the journal can commit them together; in order, since it takes them in the order of the calls.
    await Promise.all(
      rows.map((row) =>
        journal.append({
          kind: row.kind as EventKind,
          exchange: row.exchange,
          body: { ...(JSON.parse(row.body_json) as JsonObject), event: row.id },
        }),
      ),
    );
    // A crash in front of this line repeats the events at the next start; their ids tell.
    const ids = rows.map((row) => row.id);
    await query.updateTable('approval_event').set({ journaled: 1 }).where('id', 'in', ids).execute();
    return rows.length === AT_ONCE;
  };
  const writeAll = async (): Promise<void> => {
    do {
      again = false;
      while (await writeSome());
    } while (again);
  };
  const flush = (): Promise<void> => {
    again = true;
    running ??= writeAll().finally(() => {
      running = null;
    });
    return running;
  };

  return {
    async change(work) {
      const result = await query.transaction().execute((tx) => work(new Change(tx, context)));
      store.hint(channel);
      await flush().catch(() => undefined);
      return result;
    },
    flush,
  };
}
