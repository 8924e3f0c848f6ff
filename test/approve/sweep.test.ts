import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, openBench, question } from './support.ts';

describe('a sweep', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await openBench();
  });
  afterEach(() => bench.close());

  it.each([
    ['approval_content', 'at'],
    ['approval_notice', 'created_at'],
  ])('finds what is old in %s without reading what is kept', async (table, column) => {
    const query = sql<{
      detail: string;
    }>`explain query plan delete from ${sql.table(table)} where ${sql.ref(column)} < 1`;
    const { rows } = await query.execute(bench.store.query());
    expect(rows.map(({ detail }) => detail)).toEqual([expect.stringMatching(/^SEARCH/)]);
  });

  it('lets others work between one expired approval and the next', async () => {
    for (let at = 0; at < 20; at++) await bench.desk.ask(question(`rm ${at}`));
    bench.now += 700_000;
    let turned = false;
    setImmediate(() => (turned = true));
    await bench.desk.sweep();
    expect(turned).toBe(true);
    expect(bench.kinds().filter((kind) => kind === 'approval.expired')).toHaveLength(20);
  });
});
