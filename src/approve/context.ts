import { randomUUIDv7 } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import type { Config } from '../config/index.ts';
import type { MayAct, Released } from '../model/approval.ts';
import type { EventKind, Journal } from '../model/event.ts';
import type { JsonObject } from '../model/json.ts';
import type { Keys } from '../seal/index.ts';
import type { Store } from '../store/index.ts';
import type { ApprovalRow, Tables } from './tables.ts';

/** The part of the configuration that questions, grants and notices go by. */
export type DeskConfig = Pick<
  Config['approvals'],
  | 'expires_max_s'
  | 'grant_max_s'
  | 'denial_s'
  | 'break_glass_s'
  | 'grant_uses'
  | 'keep_days'
  | 'notify'
  | 'pending_most_per_caller'
>;

/** What the parts of this room share. */
export interface Context {
  readonly store: Store;
  readonly query: Kysely<Tables>;
  readonly keys: Keys;
  readonly config: DeskConfig;
  /** Address of the console as approvers reach it, without a slash at the end, or null. */
  readonly consoleUrl: () => string | null;
  readonly mayAct: MayAct;
  readonly journal: Pick<Journal, 'append'>;
  readonly onReleased: (released: Released) => void | Promise<void>;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** The channel of hints: some approval or grant has changed. */
export const channel = 'approvals';

/** A fresh id, ordered by time. */
export function newId(prefix: 'apr' | 'dec' | 'grt' | 'evt' | 'ntc'): string {
  return `${prefix}_${randomUUIDv7().replaceAll('-', '')}`;
}

/** One change of state in a transaction: its statements, and the audit events and notices that go with it. */
export class Change {
  readonly tx: Transaction<Tables>;
  readonly #context: Context;

  constructor(tx: Transaction<Tables>, context: Context) {
    this.tx = tx;
    this.#context = context;
  }

  /** The audit event of the change: in the same transaction, and from there into the journal. */
  async event(kind: EventKind, approval: ApprovalRow, body: JsonObject, exchange: string | null = null): Promise<void> {
    const { clock, store } = this.#context;
    const at = clock();
    const requester = JSON.parse(approval.requester_json) as { readonly subject: string };
    const about: JsonObject = {
      v: 1,
      approval: approval.id,
      kind: approval.kind,
      fingerprint: approval.fingerprint,
      tenant: approval.tenant,
      subject: requester.subject,
      action: approval.action,
      rules: JSON.parse(approval.rules_json) as string[],
      at: new Date(at).toISOString(),
      ...body,
    };
    await this.tx
      .insertInto('approval_event')
      .values({
        id: newId('evt'),
        approval: approval.id,
        kind,
        exchange: exchange ?? approval.exchange,
        at,
        node: store.node,
        body_json: JSON.stringify(about),
        journaled: 0,
      })
      .execute();
  }

  /** Announces the change on every configured channel. */
  async notice(event: NoticeEvent, approval: ApprovalRow, body: JsonObject): Promise<void> {
    const { clock, config } = this.#context;
    for (const { name } of config.notify) {
      await this.tx
        .insertInto('approval_notice')
        .values({
          id: newId('ntc'),
          approval: approval.id,
          event,
          channel: name,
          body_json: JSON.stringify(body),
          state: 'pending',
          attempts: 0,
          next_at: clock(),
          claimed_until: 0,
          reference: null,
          fault: null,
          created_at: clock(),
        })
        .execute();
    }
  }
}

/** What is announced. */
export type NoticeEvent =
  | 'approval.opened'
  | 'approval.approved'
  | 'approval.denied'
  | 'approval.expired'
  | 'approval.cancelled'
  | 'approval.superseded'
  | 'approval.break_glass';
