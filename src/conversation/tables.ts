import type { Kysely } from 'kysely';
import type { Migrations } from '../store/index.ts';

/** Tables of this room. Times are epoch milliseconds; principals and conversations are keyed hashes. */
export interface Tables {
  readonly conversation_mark: { readonly conversation: string; readonly drop_block: number; readonly at: number };
  readonly renamed_call: {
    readonly conversation: string;
    readonly call: string;
    readonly shown_as: string;
    readonly wrapped: Uint8Array;
    readonly sealed: Uint8Array;
    readonly at: number;
  };
  readonly conversation_pin: {
    readonly conversation: string;
    /** Digests of rule sets, a JSON array. */
    readonly rules: string;
    /** Classes with their modes, a JSON array of pairs. */
    readonly plan: string;
    readonly organisation: string | null;
    readonly pinned_at: number;
    readonly used_at: number;
  };
  /** Texts that were forwarded for a principal. */
  readonly released_text: { readonly principal: string; readonly mark: string; readonly until: number };
  /** Texts that a human approved for a principal, found again by their first hit. */
  readonly approved_text: {
    readonly principal: string;
    /** Keyed hash of the first hit. */
    readonly anchor: string;
    /** Keyed hash of the whole text. */
    readonly mark: string;
    readonly length: number;
    /** Where in the text its first hit begins. */
    readonly anchor_at: number;
    readonly until: number;
  };
  readonly withheld_text: {
    readonly principal: string;
    /** Keyed hash of the text. */
    readonly mark: string;
    /** 1 once the text was allowed or approved after all. */
    readonly ended: number;
    readonly wrapped: Uint8Array;
    readonly sealed: Uint8Array;
    readonly until: number;
  };
  /** Values that Claude sees as tokens. */
  readonly token_value: {
    readonly conversation: string;
    readonly token: string;
    readonly class: string;
    /** Their order. */
    readonly place: number;
    readonly wrapped: Uint8Array;
    readonly sealed: Uint8Array;
    readonly until: number;
  };
  /** One row; its number rises with every change of withheld texts, so that a poll costs one small read. */
  readonly withheld_change: { readonly number: number };
}

/** Schema steps of these tables; one that was released never changes. */
export const conversationMigrations: Migrations = {
  '001_ledger': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('conversation_mark')
        .addColumn('conversation', 'text', (column) => column.primaryKey())
        .addColumn('drop_block', 'integer', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('renamed_call')
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('call', 'text', (column) => column.notNull())
        .addColumn('shown_as', 'text', (column) => column.notNull())
        .addColumn('wrapped', 'blob', (column) => column.notNull())
        .addColumn('sealed', 'blob', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('renamed_call_key', ['conversation', 'call'])
        .execute();
    },
  },
  '002_content': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('released_text')
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('mark', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('released_text_key', ['principal', 'mark'])
        .execute();
      await db.schema
        .createTable('approved_text')
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('anchor', 'text', (column) => column.notNull())
        .addColumn('mark', 'text', (column) => column.notNull())
        .addColumn('length', 'integer', (column) => column.notNull())
        .addColumn('anchor_at', 'integer', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('approved_text_key', ['principal', 'anchor', 'mark'])
        .execute();
      await db.schema
        .createTable('withheld_text')
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('mark', 'text', (column) => column.notNull())
        .addColumn('ended', 'integer', (column) => column.notNull())
        .addColumn('wrapped', 'blob', (column) => column.notNull())
        .addColumn('sealed', 'blob', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('withheld_text_key', ['principal', 'mark'])
        .execute();
      await db.schema
        .createTable('withheld_change')
        .addColumn('number', 'integer', (column) => column.notNull())
        .execute();
      await (db as Kysely<Tables>).insertInto('withheld_change').values({ number: 0 }).execute();
    },
  },
  '003_pin': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('conversation_pin')
        .addColumn('conversation', 'text', (column) => column.primaryKey())
        .addColumn('rules', 'text', (column) => column.notNull())
        .addColumn('plan', 'text', (column) => column.notNull())
        .addColumn('organisation', 'text')
        .addColumn('pinned_at', 'bigint', (column) => column.notNull())
        .addColumn('used_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '004_token': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('token_value')
        .addColumn('conversation', 'text', (column) => column.notNull())
        .addColumn('token', 'text', (column) => column.notNull())
        .addColumn('class', 'text', (column) => column.notNull())
        .addColumn('place', 'integer', (column) => column.notNull())
        .addColumn('wrapped', 'blob', (column) => column.notNull())
        .addColumn('sealed', 'blob', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('token_value_key', ['conversation', 'token'])
        .execute();
    },
  },
};
