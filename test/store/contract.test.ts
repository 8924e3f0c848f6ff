import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';

interface Tables {
  pet: { id: string; name: string; born_ms: number; tame: 0 | 1; picture: Uint8Array | null };
}

const migrations = {
  '001_pet': {
    async up(db: Kysely<unknown>) {
      await db.schema
        .createTable('pet')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('born_ms', 'bigint', (column) => column.notNull())
        .addColumn('tame', 'integer', (column) => column.notNull())
        .addColumn('picture', 'blob')
        .execute();
      await db.schema
        .createIndex('pet_tame')
        .on('pet')
        .column('name')
        .unique()
        .where(sql.ref('tame'), '=', sql.lit(1))
        .execute();
    },
  },
};
const pet = { id: 'p1', name: 'Grüße', born_ms: 1_800_000_000_123, tame: 1, picture: null } as const;

const { folder, reason } = postgresOrSkip();

describe.each(['sqlite', 'postgres'] as const)('the store on %s', (kind) => {
  describe.skipIf(kind === 'postgres' && folder === null)(
    `(${kind === 'postgres' && folder === null ? reason : 'real'})`,
    () => {
      let server: PostgresServer | null = null;
      let parent: string;
      let url: string;
      const opened: Store[] = [];

      /** Another node of the same store; SQLite has one alone. */
      async function open(node = 'a'): Promise<Store> {
        const given = kind === 'postgres' ? new Secret(url) : url;
        const store = await openStore({ dataDir: join(parent, node), url: given });
        opened.push(store);
        return store;
      }

      beforeAll(async () => {
        if (kind === 'postgres') server = await startPostgres(folder!);
      });
      afterAll(() => server?.close());
      beforeEach(async () => {
        parent = mkdtempSync(join(tmpdir(), 'store-'));
        url = server === null ? 'sqlite' : await server.database();
      });
      afterEach(async () => {
        for (const store of opened.splice(0)) await store.close();
        rmSync(parent, { recursive: true });
      });

      it('keeps rows over a restart, and applies a migration once', async () => {
        let store = await open();
        await store.migrate('pets', migrations);
        await store.query<Tables>().insertInto('pet').values(pet).execute();
        await store.close();
        store = await open();
        await store.migrate('pets', migrations);
        expect(await store.query<Tables>().selectFrom('pet').selectAll().execute()).toEqual([pet]);
      });

      it('names its node the same after a restart', async () => {
        const store = await open();
        const { node } = store;
        await store.close();
        expect((await open()).node).toBe(node);
      });

      it('gives bytes back as they were, and counts as numbers', async () => {
        const store = await open();
        await store.migrate('pets', migrations);
        const db = store.query<Tables>();
        const picture = Uint8Array.from({ length: 256 }, (_, byte) => byte);
        await db
          .insertInto('pet')
          .values({ ...pet, picture })
          .execute();
        const row = await db.selectFrom('pet').select('picture').executeTakeFirstOrThrow();
        expect(Buffer.from(row.picture!)).toEqual(Buffer.from(picture));
        const { rows } = await db
          .selectFrom('pet')
          .select((build) => build.fn.countAll<number>().as('rows'))
          .executeTakeFirstOrThrow();
        expect(rows).toBe(1);
      });

      it('gives back what a write returns and how much it changed', async () => {
        const store = await open();
        await store.migrate('pets', migrations);
        const db = store.query<Tables>();
        expect(await db.insertInto('pet').values(pet).returningAll().executeTakeFirst()).toEqual(pet);
        const updated = await db.updateTable('pet').set({ name: 'b' }).where('id', '=', 'p1').executeTakeFirst();
        expect(updated.numUpdatedRows).toBe(1n);
      });

      it('lets one of twenty concurrent takers have a row, by compare-and-set', async () => {
        const store = await open();
        await store.migrate('pets', migrations);
        const db = store.query<Tables>();
        await db
          .insertInto('pet')
          .values({ ...pet, name: 'free' })
          .execute();
        const won = await Promise.all(
          Array.from({ length: 20 }, async (_, taker) => {
            const name = `taken by ${taker}`;
            const result = await db.updateTable('pet').set({ name }).where('name', '=', 'free').executeTakeFirst();
            return Number(result.numUpdatedRows);
          }),
        );
        expect(won.reduce((sum, one) => sum + one)).toBe(1);
      });

      it('lets a partial unique index find or create', async () => {
        const store = await open();
        await store.migrate('pets', migrations);
        const db = store.query<Tables>();
        const made = await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            db
              .insertInto('pet')
              .values({ ...pet, id: `p${i}` })
              .onConflict((conflict) => conflict.doNothing())
              .returning('id')
              .execute(),
          ),
        );
        expect(made.flat()).toHaveLength(1);
        await db
          .insertInto('pet')
          .values({ ...pet, id: 'wild', tame: 0 })
          .execute();
      });

      it('undoes a transaction that throws', async () => {
        const store = await open();
        await store.migrate('pets', migrations);
        const db = store.query<Tables>();
        const failing = db.transaction().execute(async (tx) => {
          await tx.insertInto('pet').values(pet).execute();
          throw new Error('changed my mind');
        });
        await expect(failing).rejects.toThrow('changed my mind');
        expect(await db.selectFrom('pet').selectAll().execute()).toEqual([]);
      });

      it('leaves the fault of a statement as it is', async () => {
        const store = await open();
        await store.migrate('pets', migrations);
        const db = store.query<Tables>();
        await db.insertInto('pet').values(pet).execute();
        const twice = await db
          .insertInto('pet')
          .values(pet)
          .execute()
          .catch((fault: unknown) => fault);
        expect(twice).toBeInstanceOf(Error);
        expect(twice).not.toHaveProperty('code', 'STATE_UNAVAILABLE');
      });

      it('names the room whose migration failed, and leaves nothing of it', async () => {
        const store = await open();
        const broken = {
          '001': {
            async up(db: Kysely<unknown>) {
              await db.schema.createTable('half').addColumn('id', 'text').execute();
              await sql`nonsense`.execute(db);
            },
          },
        };
        await expect(store.migrate('pets', broken)).rejects.toThrow('tables of pets');
        await expect(sql`select * from half`.execute(store.query())).rejects.toThrow();
        await expect(store.migrate('no-room!', {})).rejects.toThrow(TypeError);
      });

      it('tells listeners of a channel, and nobody else', async () => {
        const store = await open();
        const told: string[] = [];
        const off = store.onHint('pets', () => told.push('pets'));
        store.onHint('toys', () => told.push('toys'));
        store.hint('pets');
        expect(told).toEqual(['pets']);
        off();
        store.hint('pets');
        expect(told).toEqual(['pets']);
        expect(() => store.hint('no channel; drop table')).toThrow(TypeError);
      });

      if (kind === 'postgres') {
        it('migrates once when several nodes start at the same time', async () => {
          const stores = await Promise.all(['a', 'b', 'c'].map((node) => open(node)));
          await Promise.all(stores.map((store) => store.migrate('pets', migrations)));
          await stores[0]!.query<Tables>().insertInto('pet').values(pet).execute();
          expect(await stores[2]!.query<Tables>().selectFrom('pet').selectAll().execute()).toEqual([pet]);
        });

        it('tells the listeners of other nodes, again after the connections broke', async () => {
          const [here, there] = [await open('a'), await open('b')];
          let heard = () => {};
          const next = () =>
            new Promise<void>((resolve) => {
              heard = resolve;
            });
          // The first call says that it listens now.
          const ready = next();
          there.onHint('pets', () => heard());
          await ready;
          const first = next();
          here.hint('pets');
          await first;
          const again = next();
          await server!.breakConnections();
          await again;
          const second = next();
          here.hint('pets');
          await second;
        });

        it('refuses a node whose keys are not those of the fleet', async () => {
          const [first, second] = [await open('a'), await open('b')];
          await first.agree('the sealing key', 'abc');
          await second.agree('the sealing key', 'abc');
          await expect(second.agree('the sealing key', 'xyz')).rejects.toThrow('the sealing key of this node is xyz');
        });

        it('says STATE_UNAVAILABLE while the server is gone, and serves again after', async () => {
          const store = await open();
          await store.migrate('pets', migrations);
          const db = store.query<Tables>();
          await server!.stop();
          try {
            for (let i = 0; i < 3; i++) {
              await expect(db.selectFrom('pet').selectAll().execute()).rejects.toMatchObject({
                code: 'STATE_UNAVAILABLE',
              });
            }
            await expect(db.transaction().execute(async () => {})).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE' });
          } finally {
            await server!.start();
          }
          expect(await db.selectFrom('pet').selectAll().execute()).toEqual([]);
        });

        it('says so too where the server takes no writes, as a standby or one without room', async () => {
          const store = await open();
          await store.migrate('pets', migrations);
          const db = store.query<Tables>();
          const writing = db.transaction().execute(async (tx) => {
            await sql`set transaction read only`.execute(tx);
            await tx.insertInto('pet').values(pet).execute();
          });
          await expect(writing).rejects.toMatchObject({
            code: 'STATE_UNAVAILABLE',
            detail: 'the store: SQLSTATE 25006',
          });
        });

        it('ends a statement that takes too long', async () => {
          const store = await open();
          const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(store.query());
          expect(rows).toEqual([{ statement_timeout: '5s' }]);
          const long = store
            .query()
            .transaction()
            .execute(async (tx) => {
              await sql`set local statement_timeout = 50`.execute(tx);
              await sql`select pg_sleep(30)`.execute(tx);
            });
          await expect(long).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE', detail: 'the store: SQLSTATE 57014' });
        });

        it('refuses to start without a server, and does not tell the password', async () => {
          const dead = 'postgres://me:hunter2secret@127.0.0.1:1/db';
          const refused = await openStore({ dataDir: join(parent, 'x'), url: dead }).catch((fault: unknown) => fault);
          expect(String(refused)).toContain('127.0.0.1:1/db cannot be used (ECONNREFUSED)');
          expect(String(refused)).not.toContain('hunter2secret');
        });
      } else {
        it('has nothing to agree on with others', async () => {
          const store = await open();
          await store.agree('the sealing key', 'abc');
          await store.agree('the sealing key', 'xyz');
        });
      }
    },
  );
});
