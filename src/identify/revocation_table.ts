import type { Kysely } from 'kysely';
import type { Migrations } from '../store/index.ts';
import type { RevocationKind } from './revocation_marks.ts';

/** One entry of the list. Times are epoch milliseconds. */
export interface Revocation {
  /** Follows from kind, issuer and value: revoking the same twice is one entry. */
  readonly id: string;
  readonly kind: RevocationKind;
  /** Exact `iss`, or empty for every issuer. */
  readonly issuer: string;
  readonly value: string;
  /** When it ends by itself, or null for never. */
  readonly until: number | null;
  readonly at: number;
  /** Who revoked. */
  readonly by: string;
}

/** Tables of the revocation list. */
export interface RevocationTables {
  readonly revocation: Revocation;
  /** One row; its number rises with every change of the list, so that a poll costs one small read. */
  readonly revocation_change: { readonly number: number };
}

/** Schema steps of these tables; one that was released never changes. */
export const revocationMigrations: Migrations = {
  '001_revocations': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('revocation')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('issuer', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addColumn('until', 'bigint')
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('by', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('revocation_change')
        .addColumn('number', 'integer', (column) => column.notNull())
        .execute();
      await (db as Kysely<RevocationTables>).insertInto('revocation_change').values({ number: 0 }).execute();
    },
  },
};
