import type { Kysely } from 'kysely';
import { StartError } from '../errors.ts';
import type { Migrations } from './migrations.ts';

interface AgreementTables {
  store_agreement: { name: string; value: string };
}

/** What all nodes of a fleet must have alike, as the first of them had it. */
export const agreementMigrations: Migrations = {
  '001_agreement': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('store_agreement')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('value', 'text', (column) => column.notNull())
        .execute();
    },
  },
};

/** Records `value` under `name`, or throws `StartError` where another node recorded another one. */
export async function agreeOn(kysely: Kysely<unknown>, name: string, value: string): Promise<void> {
  const query = kysely as Kysely<AgreementTables>;
  await query
    .insertInto('store_agreement')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
  const recorded = await query
    .selectFrom('store_agreement')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow();
  if (recorded.value !== value) {
    throw new StartError(
      `${name} of this node is ${value}, but the fleet that keeps its state in store.url has ${recorded.value}. ` +
        'Give every node the same keys (store.keys_dir)',
    );
  }
}
