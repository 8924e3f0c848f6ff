import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../src/store/index.ts';

interface Tables {
  pet: { id: string; name: string; born_ms: number; tame: 0 | 1 };
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
        .execute();
    },
  },
};

let parent: string;
let dataDir: string;
const opened: Store[] = [];

async function open(): Promise<Store> {
  const store = await openStore({ dataDir, url: 'sqlite' });
  opened.push(store);
  return store;
}

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'store-'));
  dataDir = join(parent, 'a', 'data');
});

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(parent, { recursive: true });
});

describe('the data directory', () => {
  it('is created for its owner alone, and so are the files in it', async () => {
    const store = await open();
    await store.migrate('pets', migrations);
    expect(statSync(store.directory).mode & 0o777).toBe(0o700);
    for (const file of ['state.db', 'state.db-wal', 'lock', 'gateway.pid']) {
      expect([file, statSync(join(store.directory, file)).mode & 0o077]).toEqual([file, 0]);
    }
  });

  it.each([0o750, 0o701, 0o777])('is refused with mode %o, and the text says how to mend it', async (mode) => {
    mkdirSync(dataDir, { recursive: true });
    chmodSync(dataDir, mode);
    await expect(open()).rejects.toThrow(`chmod 700 ${dataDir}`);
  });

  it('is refused when it is a file', async () => {
    mkdirSync(join(parent, 'a'));
    writeFileSync(dataDir, '');
    await expect(open()).rejects.toThrow();
  });

  it('belongs to one process: a second one is told who holds it', async () => {
    await open();
    await expect(open()).rejects.toThrow(`another gateway (process ${process.pid})`);
  });

  it('is free again after close', async () => {
    await (await open()).close();
    expect(existsSync(join(dataDir, 'gateway.pid'))).toBe(false);
    await open();
  });

  it('is free again after its holder was killed', async () => {
    const code = `import { openStore } from ${JSON.stringify(join(process.cwd(), 'src/store/index.ts'))};
      await openStore(${JSON.stringify({ dataDir, url: 'sqlite' })}); console.log('open'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await expect(open()).rejects.toThrow(`process ${child.pid}`);
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await open();
  });
});

describe('the store in SQLite', () => {
  it('is SQLite or PostgreSQL, nothing else', async () => {
    await expect(openStore({ dataDir, url: 'mysql://db/x' })).rejects.toThrow('neither "sqlite" nor');
    expect(existsSync(dataDir)).toBe(false);
  });

  it('lets one of twenty concurrent takers have a row', async () => {
    const store = await open();
    await store.migrate('pets', migrations);
    const db = store.query<Tables>();
    await db.insertInto('pet').values({ id: 'p1', name: 'free', born_ms: 1, tame: 0 }).execute();
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, taker) =>
        db.transaction().execute(async (tx) => {
          const free = await tx.selectFrom('pet').select('id').where('name', '=', 'free').executeTakeFirst();
          if (!free) return 0;
          await tx
            .updateTable('pet')
            .set({ name: `taken by ${taker}` })
            .where('id', '=', free.id)
            .execute();
          return 1;
        }),
      ),
    );
    expect(taken.filter((won) => won === 1)).toHaveLength(1);
  });

  it('keeps the migrations of two rooms apart', async () => {
    const store = await open();
    await store.migrate('pets', migrations);
    await store.migrate('toys', {
      '001_toy': { up: (db) => db.schema.createTable('toy').addColumn('id', 'text').execute() },
    });
    const { rows } = await sql<{ name: string }>`select name from sqlite_master where name in ('pet', 'toy')`.execute(
      store.query(),
    );
    expect(rows.map((row) => row.name).sort()).toEqual(['pet', 'toy']);
  });

  it('says STATE_UNAVAILABLE where a transaction finds no room, which SQLite undoes by itself', async () => {
    const store = await open();
    await store.migrate('pets', migrations);
    const db = store.query<Tables>();
    const fill = () =>
      db.transaction().execute(async (tx) => {
        const pet = { id: 'p1', name: 'x'.repeat(1_000_000), born_ms: 1, tame: 0 as const };
        await tx.insertInto('pet').values(pet).execute();
      });
    await sql`pragma max_page_count = 30`.execute(db);
    await expect(fill()).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE', detail: 'the store: SQLite 13' });
    expect(await db.selectFrom('pet').selectAll().execute()).toEqual([]);
    await sql`pragma max_page_count = 100000`.execute(db);
    await fill();
    expect(await db.selectFrom('pet').select('id').execute()).toEqual([{ id: 'p1' }]);
  });

  it('syncs the log at every commit', async () => {
    const store = await open();
    const { rows } = await sql`select * from pragma_synchronous, pragma_journal_mode`.execute(store.query());
    expect(rows).toEqual([{ synchronous: 2, journal_mode: 'wal' }]);
  });
});
