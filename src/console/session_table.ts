import type { Kysely } from 'kysely';
import type { Migrations } from '../store/index.ts';

/** Tables of the console's sessions and logins. Of every secret only its SHA-256 digest is kept. */
export interface SessionTables {
  readonly console_session: {
    readonly id: string;
    /** Public name, `ses_…`. */
    readonly name: string;
    /** JSON of `Identity`. */
    readonly identity: string;
    readonly authenticated_at: number;
    readonly at: number;
    readonly last_at: number;
    readonly until: number;
  };
  readonly login_attempt: {
    readonly id: string;
    readonly browser: string;
    readonly provider: string;
    readonly kind: 'oidc' | 'saml';
    readonly request: string;
    readonly nonce: string;
    readonly verifier: string;
    readonly return_to: string;
    readonly again: number;
    readonly at: number;
    readonly until: number;
    /** JSON of `LoggedIn`, once a SAML response has proven it. */
    readonly person: string | null;
  };
}

/** Schema steps of these tables; one that was released never changes. */
export const sessionMigrations: Migrations = {
  '001_sessions': {
    async up(db: Kysely<unknown>) {
      const text = ['id', 'name', 'identity'] as const;
      let session = db.schema.createTable('console_session');
      for (const name of text) {
        session = session.addColumn(name, 'text', (column) => (name === 'id' ? column.primaryKey() : column.notNull()));
      }
      for (const name of ['authenticated_at', 'at', 'last_at', 'until']) {
        session = session.addColumn(name, 'bigint', (column) => column.notNull());
      }
      await session.execute();
      let attempt = db.schema.createTable('login_attempt').addColumn('id', 'text', (column) => column.primaryKey());
      for (const name of ['browser', 'provider', 'kind', 'request', 'nonce', 'verifier', 'return_to']) {
        attempt = attempt.addColumn(name, 'text', (column) => column.notNull());
      }
      for (const name of ['again', 'at', 'until']) {
        attempt = attempt.addColumn(name, 'bigint', (column) => column.notNull());
      }
      await attempt.addColumn('person', 'text').execute();
    },
  },
};
