import { afterAll, afterEach, beforeAll, beforeEach, describe } from 'vitest';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { type Bench, type BenchOptions, openBench } from './support.ts';

/** The desk of a test: `bench` is the one that is open now, `open` puts another in its place. */
export interface Desk {
  bench: Bench;
  open(options?: BenchOptions): Promise<Bench>;
}

/** Defines tests of the same behaviour on SQLite and on PostgreSQL, each with a fresh store. */
export function onBothStores(title: string, define: (desk: Desk) => void): void {
  const { folder, reason } = postgresOrSkip();
  describe.each(['sqlite', 'postgres'] as const)(`${title} on %s`, (kind) => {
    const missing = kind === 'postgres' && folder === null;
    describe.skipIf(missing)(missing ? reason : 'of the real thing', () => {
      let server: PostgresServer | null = null;
      const desk = {
        async open(options: BenchOptions = {}) {
          await desk.bench?.close();
          const url = server === null ? 'sqlite' : await server.database();
          desk.bench = await openBench({ url, ...options });
          return desk.bench;
        },
      } as Omit<Desk, 'bench'> & { bench: Bench };
      beforeAll(async () => {
        if (kind === 'postgres') server = await startPostgres(folder!);
      });
      afterAll(() => server?.close());
      beforeEach(() => desk.open().then(() => undefined));
      afterEach(async () => {
        await desk.bench.close();
        (desk as { bench?: Bench }).bench = undefined as never;
      });
      define(desk);
    });
  });
}
