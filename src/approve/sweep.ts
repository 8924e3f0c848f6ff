import { setImmediate } from 'node:timers/promises';
import type { Traces } from '../model/approval.ts';
import type { Context } from './context.ts';
import type { Changes } from './events.ts';
import type { Grants } from './grants.ts';
import type { Questions } from './questions.ts';

/** An exchange of another node that held a grant this long is taken for dead. */
const ABANDONED_MS = 15 * 60_000;
const AT_ONCE = 100;
const DAY_MS = 86_400_000;

/** What has to happen without anybody asking. */
export class Sweeper {
  readonly #context: Context;
  readonly #changes: Changes;
  readonly #questions: Questions;
  readonly #grants: Grants;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(context: Context, changes: Changes, questions: Questions, grants: Grants) {
    this.#context = context;
    this.#changes = changes;
    this.#questions = questions;
    this.#grants = grants;
  }

  /** Sweeps every `everyMs` until closed. A sweep that fails is made up for by the next one. */
  start(everyMs: number): void {
    const sweep = () => {
      this.#running = this.sweep().catch(() => undefined);
      void this.#running.then(() => {
        this.#timer?.refresh();
      });
    };
    this.#timer = setTimeout(sweep, everyMs).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  /** Expires, settles and clears what is due. Rejects where the store fails. */
  async sweep(): Promise<void> {
    await this.#grants.settleLate();
    await this.#expire();
    await this.#settleAbandoned();
    await this.#changes.flush();
    await this.#clear();
  }

  /**
   * Settles what this node held when it died, before it serves: an exchange that left nothing in the journal sent
   * nothing, so its grant may be used again; one with an intent and no outcome may have been sent, so it is spent. A
   * tool call may have reached its caller however the answer around it ended.
   */
  async settleOwn(traces: Traces): Promise<void> {
    const rows = await this.#context.query
      .selectFrom('approval_grant')
      .selectAll()
      .where('state', '=', 'in_flight')
      .where('node', '=', this.#context.store.node)
      .execute();
    for (const row of rows) {
      const approval = await this.#questions.approvalRow(row.approval);
      if (!approval) continue;
      const trace = await traces(row.exchange ?? '', row.taken_at ?? 0);
      const returns = row.action !== 'tool.use';
      await this.#changes.change((change) => {
        if (returns && trace === 'nothing') return this.#grants.finish(change, approval, row, 'not_sent', null);
        if (returns && trace === 'upstream_error')
          return this.#grants.finish(change, approval, row, 'upstream_refused', null);
        const ended = trace === 'delivered' ? 'delivered' : 'outcome_unknown';
        return this.#grants.finish(change, approval, row, 'delivered', ended);
      });
    }
  }

  async #expire(): Promise<void> {
    const { query, clock } = this.#context;
    const due = await query
      .selectFrom('approval')
      .selectAll()
      .where('state', '=', 'pending')
      .where('expires_at', '<=', clock())
      .limit(AT_ONCE)
      .execute();
    for (const row of due) {
      await this.#questions.expireIfDue(row);
      await setImmediate();
    }
    const grants = await query
      .selectFrom('approval_grant')
      .select(['id', 'approval'])
      .where('state', '=', 'approved')
      .where('expires_at', '<=', clock())
      .limit(AT_ONCE)
      .execute();
    for (const grant of grants) {
      const approval = await this.#questions.approvalRow(grant.approval);
      if (approval) await this.#questions.expireGrant(approval, grant.id);
      await setImmediate();
    }
  }

  async #settleAbandoned(): Promise<void> {
    const { query, clock, store } = this.#context;
    const rows = await query
      .selectFrom('approval_grant')
      .selectAll()
      .where('state', '=', 'in_flight')
      .where('node', '!=', store.node)
      .where('taken_at', '<=', clock() - ABANDONED_MS)
      .limit(AT_ONCE)
      .execute();
    for (const row of rows) {
      const approval = await this.#questions.approvalRow(row.approval);
      if (!approval) continue;
      await this.#changes.change((change) =>
        this.#grants.finish(change, approval, row, 'delivered', 'outcome_unknown'),
      );
    }
  }

  /** Content of what was settled long ago is not kept, nor are its notices; who decided what is. */
  async #clear(): Promise<void> {
    const { query, clock, config } = this.#context;
    const before = clock() - config.keep_days * DAY_MS;
    await query
      .deleteFrom('approval_content')
      .where('at', '<', before)
      .where('approval', 'not in', query.selectFrom('approval').select('id').where('state', '=', 'pending'))
      .execute();
    // Those that were given up too, and those of a channel that is not configured any more.
    await query.deleteFrom('approval_notice').where('created_at', '<', before).execute();
  }
}
