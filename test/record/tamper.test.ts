import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/model/json.ts';
import { complete, exchangeOf, type Node, openNode, removeNode, textAnswer } from './support.ts';

let node: Node;
let db: DatabaseSync;

beforeAll(async () => {
  node = await openNode();
  for (const id of ['one', 'two']) {
    const recorded = await node.recorder.intent(exchangeOf({ id }));
    const step = node.recorder.step(recorded);
    for (const part of textAnswer(`text of ${id}`)) {
      await step(part, () => undefined);
      if (part.kind === 'event' && part.type === 'content_block_delta') await recorded.recording.flush();
    }
    await recorded.recording.end(complete);
  }
  db = new DatabaseSync(join(node.dataDir, 'journal.db'));
});

afterAll(async () => {
  db.close();
  await removeNode(node);
});

async function state(id = 'one'): Promise<JsonObject> {
  return (await node.get(`/admin/v1/exchanges/${id}`)).recording as JsonObject;
}

/** Judges the recording with a change in place, then takes the change back. */
async function changed(change: () => void): Promise<JsonObject> {
  db.exec('CREATE TEMP TABLE saved AS SELECT * FROM segment');
  try {
    change();
    return await state();
  } finally {
    db.exec('DELETE FROM segment; INSERT INTO segment SELECT * FROM saved; DROP TABLE saved');
  }
}

describe('a recording', () => {
  it('is whole as long as nobody touches it', async () => {
    const rows = db.prepare("SELECT count(*) AS n FROM segment WHERE exchange = 'one'").get();
    expect(rows!.n).toBe(4);
    expect(await state()).toMatchObject({ state: 'whole', fault: null });
  });

  it.each(['header', 'sealed'])('is broken by a change of any byte of a segment (%s)', async (column) => {
    const rows = db.prepare(`SELECT number, ${column} AS bytes FROM segment WHERE exchange = 'one'`).all();
    const update = db.prepare(`UPDATE segment SET ${column} = ? WHERE exchange = 'one' AND number = ?`);
    let judged = 0;
    for (const row of rows) {
      const bytes = row.bytes as Uint8Array;
      // Every byte of small columns, a sample of long ones.
      for (let at = 0; at < bytes.length; at += bytes.length > 400 ? 7 : 1) {
        const altered = Buffer.from(bytes);
        altered[at]! ^= 1;
        update.run(altered, row.number!);
        expect([row.number, at, (await state()).state]).toEqual([row.number, at, 'broken']);
        judged++;
      }
      update.run(bytes, row.number!);
    }
    expect(judged).toBeGreaterThan(400);
    expect((await state()).state).toBe('whole');
  });

  it('is broken when two segments change places', async () => {
    const fault = await changed(() =>
      db.exec(`UPDATE segment SET number = 99 WHERE exchange = 'one' AND number = 0;
               UPDATE segment SET number = 0 WHERE exchange = 'one' AND number = 1;
               UPDATE segment SET number = 1 WHERE exchange = 'one' AND number = 99`),
    );
    expect(fault).toMatchObject({ state: 'broken', fault: expect.stringContaining('segment 0') });
  });

  it('is broken when a segment of another recording takes its place', async () => {
    const fault = await changed(() =>
      db.exec(`UPDATE segment SET (header, sealed) = (SELECT header, sealed FROM segment WHERE exchange = 'two' AND number = 0)
               WHERE exchange = 'one' AND number = 0`),
    );
    expect(fault.state).toBe('broken');
  });

  it.each([
    ['the first', 'number = 0'],
    ['one in the middle', 'number = 1'],
    ['the last', 'number = 3'],
    ['the last two', 'number >= 2'],
    ['every', 'number >= 0'],
  ])('is broken when %s segment is taken away', async (_, where) => {
    const fault = await changed(() => db.exec(`DELETE FROM segment WHERE exchange = 'one' AND ${where}`));
    expect(fault).toMatchObject({ state: 'broken', fault: expect.stringContaining('missing') });
  });
});
