import { type Kysely, sql } from 'kysely';
import type { ApprovalState, Bound, GrantScope, GrantState } from '../model/approval.ts';
import type { Migrations } from '../store/index.ts';

/** Tables of this room. Times are epoch milliseconds; `*_json` columns are signed as the text they hold. */
export interface Tables {
  approval: ApprovalRow;
  approval_content: { approval: string; wrapped: Uint8Array; sealed: Uint8Array; at: number };
  approval_decision: DecisionRow;
  approval_grant: GrantRow;
  approval_review: ReviewRow;
  approval_event: EventRow;
  approval_notice: NoticeRow;
}

export interface ApprovalRow {
  id: string;
  state: ApprovalState;
  kind: Bound['kind'];
  fingerprint: string;
  principal_key: string;
  tenant: string;
  conversation: string;
  exchange: string;
  action: string;
  summary: string;
  requester_json: string;
  requirements_json: string;
  reasons_json: string;
  policy_json: string;
  /** Sorted rule ids, as JSON. */
  rules_json: string;
  releases_json: string;
  max_tokens: number | null;
  opened_at: number;
  expires_at: number;
  settled_at: number | null;
  comment: string | null;
  /** Over everything above that never changes. */
  signature: string;
  /** Rises with every change, so that a change takes the row's lock first. */
  version: number;
}

export interface DecisionRow {
  id: string;
  approval: string;
  person: string;
  approver_json: string;
  verdict: 'approve' | 'deny';
  scope: GrantScope;
  comment: string;
  break_glass: 0 | 1;
  at: number;
  authenticated_at: number;
  via: 'token' | 'session';
  /** The latest time at which the verdict may be used. */
  expires_at: number;
  signature: string;
}

export interface GrantRow {
  id: string;
  approval: string;
  /** The wider grant it is one use of, or null. */
  parent: string | null;
  scope: GrantScope;
  action: string;
  /** What it is for exactly; null for a wider grant. */
  fingerprint: string | null;
  principal_key: string;
  conversation: string;
  rules_json: string;
  max_tokens: number | null;
  break_glass: 0 | 1;
  created_at: number;
  expires_at: number;
  /** Over everything above. */
  signature: string;
  state: GrantState;
  uses_left: number | null;
  node: string | null;
  exchange: string | null;
  dispatches: number;
  taken_at: number | null;
  settled_at: number | null;
  revoked_at: number | null;
  /** How it ended: `delivered`, `outcome_unknown`, `revoked`, `superseded`, `dispatches`, `uses`. */
  ended: string | null;
}

export interface ReviewRow {
  approval: string;
  opened_at: number;
  closed_at: number | null;
  reviewer_json: string | null;
  comment: string | null;
}

export interface EventRow {
  id: string;
  approval: string;
  kind: string;
  exchange: string | null;
  at: number;
  node: string;
  body_json: string;
  journaled: 0 | 1;
}

export interface NoticeRow {
  id: string;
  approval: string;
  event: string;
  channel: string;
  body_json: string;
  state: 'pending' | 'sent' | 'dead';
  attempts: number;
  next_at: number;
  /** Until when a worker has it; 0 for nobody. */
  claimed_until: number;
  /** What the channel calls the message that was written, where it can be updated. */
  reference: string | null;
  fault: string | null;
  created_at: number;
}

/** Schema steps of these tables; one that was released never changes. */
export const migrations: Migrations = {
  '001_approvals': {
    async up(db: Kysely<unknown>) {
      const { schema } = db;
      await schema
        .createTable('approval')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('fingerprint', 'text', (column) => column.notNull())
        .addColumn('principal_key', 'text', (column) => column.notNull())
        .addColumn('tenant', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('exchange', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('summary', 'text', (column) => column.notNull())
        .addColumn('requester_json', 'text', (column) => column.notNull())
        .addColumn('requirements_json', 'text', (column) => column.notNull())
        .addColumn('reasons_json', 'text', (column) => column.notNull())
        .addColumn('policy_json', 'text', (column) => column.notNull())
        .addColumn('rules_json', 'text', (column) => column.notNull())
        .addColumn('releases_json', 'text', (column) => column.notNull())
        .addColumn('max_tokens', 'bigint')
        .addColumn('opened_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('settled_at', 'bigint')
        .addColumn('comment', 'text')
        .addColumn('signature', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .execute();
      // The one pending approval of a fingerprint and a principal.
      await schema
        .createIndex('approval_pending')
        .on('approval')
        .columns(['fingerprint', 'principal_key'])
        .unique()
        .where(sql.ref('state'), '=', sql.lit('pending'))
        .execute();
      await schema.createIndex('approval_asked').on('approval').columns(['fingerprint', 'opened_at']).execute();
      await schema.createIndex('approval_due').on('approval').columns(['state', 'expires_at']).execute();
      await schema.createIndex('approval_settled').on('approval').columns(['state', 'settled_at']).execute();
      await schema.createIndex('approval_time').on('approval').columns(['tenant', 'opened_at']).execute();
      await schema
        .createTable('approval_content')
        .addColumn('approval', 'text', (column) => column.primaryKey())
        .addColumn('wrapped', 'blob', (column) => column.notNull())
        .addColumn('sealed', 'blob', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute();
      await schema
        .createTable('approval_decision')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('approval', 'text', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .addColumn('approver_json', 'text', (column) => column.notNull())
        .addColumn('verdict', 'text', (column) => column.notNull())
        .addColumn('scope', 'text', (column) => column.notNull())
        .addColumn('comment', 'text', (column) => column.notNull())
        .addColumn('break_glass', 'integer', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('authenticated_at', 'bigint', (column) => column.notNull())
        .addColumn('via', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('signature', 'text', (column) => column.notNull())
        .addUniqueConstraint('approval_decision_person', ['approval', 'person'])
        .execute();
      await schema
        .createTable('approval_grant')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('approval', 'text', (column) => column.notNull())
        .addColumn('parent', 'text')
        .addColumn('scope', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('fingerprint', 'text')
        .addColumn('principal_key', 'text', (column) => column.notNull())
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('rules_json', 'text', (column) => column.notNull())
        .addColumn('max_tokens', 'bigint')
        .addColumn('break_glass', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('signature', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('uses_left', 'integer')
        .addColumn('node', 'text')
        .addColumn('exchange', 'text')
        .addColumn('dispatches', 'integer', (column) => column.notNull())
        .addColumn('taken_at', 'bigint')
        .addColumn('settled_at', 'bigint')
        .addColumn('revoked_at', 'bigint')
        .addColumn('ended', 'text')
        .execute();
      await schema
        .createIndex('approval_grant_use')
        .on('approval_grant')
        .columns(['principal_key', 'fingerprint', 'state'])
        .execute();
      await schema.createIndex('approval_grant_due').on('approval_grant').columns(['state', 'expires_at']).execute();
      await schema.createIndex('approval_grant_of').on('approval_grant').column('approval').execute();
      await schema
        .createTable('approval_review')
        .addColumn('approval', 'text', (column) => column.primaryKey())
        .addColumn('opened_at', 'bigint', (column) => column.notNull())
        .addColumn('closed_at', 'bigint')
        .addColumn('reviewer_json', 'text')
        .addColumn('comment', 'text')
        .execute();
      await schema
        .createTable('approval_event')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('approval', 'text', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('exchange', 'text')
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('node', 'text', (column) => column.notNull())
        .addColumn('body_json', 'text', (column) => column.notNull())
        .addColumn('journaled', 'integer', (column) => column.notNull())
        .execute();
      await schema.createIndex('approval_event_due').on('approval_event').columns(['journaled', 'node']).execute();
      await schema.createIndex('approval_event_of').on('approval_event').column('approval').execute();
      await schema
        .createTable('approval_notice')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('approval', 'text', (column) => column.notNull())
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('channel', 'text', (column) => column.notNull())
        .addColumn('body_json', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('attempts', 'integer', (column) => column.notNull())
        .addColumn('next_at', 'bigint', (column) => column.notNull())
        .addColumn('claimed_until', 'bigint', (column) => column.notNull())
        .addColumn('reference', 'text')
        .addColumn('fault', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await schema.createIndex('approval_notice_due').on('approval_notice').columns(['state', 'next_at']).execute();
    },
  },
  '002_bounds': {
    async up({ schema }: Kysely<unknown>) {
      await schema
        .createIndex('approval_open')
        .on('approval')
        .columns(['principal_key'])
        .where(sql.ref('state'), '=', sql.lit('pending'))
        .execute();
      // Without it every sweep would read all contents to find the old ones.
      await schema.createIndex('approval_content_at').on('approval_content').column('at').execute();
      await schema.createIndex('approval_notice_at').on('approval_notice').column('created_at').execute();
    },
  },
};
