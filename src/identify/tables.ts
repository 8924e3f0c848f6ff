import type { Kysely } from 'kysely';
import type { Migrations } from '../store/index.ts';
import { type RevocationTables, revocationMigrations } from './revocation_table.ts';

/** Tables of this room. Secrets are kept as SHA-256 digests only. */
export interface IdentifyTables extends RevocationTables {
  readonly used_id: { readonly id: string; readonly until: number };
  readonly device_request: {
    readonly id: string;
    readonly user_code: string;
    readonly client: string;
    readonly remote: string;
    readonly at: number;
    readonly until: number;
    readonly polled_at: number | null;
    readonly interval_s: number;
    readonly state: 'open' | 'approved' | 'denied' | 'used';
    /** JSON of `LoggedIn`, once a person has decided. */
    readonly person: string | null;
  };
  readonly device_login: {
    /** Its secret's digest. */
    readonly id: string;
    /** Public name, `ses_…`, by which it is revoked. */
    readonly name: string;
    readonly client: string;
    readonly at: number;
    readonly until: number;
    readonly person: string;
  };
}

/** Schema steps of these tables; one that was released never changes. */
export const identifyMigrations: Migrations = {
  ...revocationMigrations,
  '002_logins': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('used_id')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('device_request')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('user_code', 'text', (column) => column.notNull().unique())
        .addColumn('client', 'text', (column) => column.notNull())
        .addColumn('remote', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addColumn('polled_at', 'bigint')
        .addColumn('interval_s', 'integer', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('person', 'text')
        .execute();
      await db.schema
        .createTable('device_login')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('client', 'text', (column) => column.notNull())
        .addColumn('at', 'bigint', (column) => column.notNull())
        .addColumn('until', 'bigint', (column) => column.notNull())
        .addColumn('person', 'text', (column) => column.notNull())
        .execute();
    },
  },
};
