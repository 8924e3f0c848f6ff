import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { StartError } from '../../src/errors.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { openRecorder } from '../../src/record/index.ts';
import { openStore } from '../../src/store/index.ts';
import { complete, event, exchangeOf, type Node, openNode, removeNode } from './support.ts';

let node: Node;

afterEach(() => removeNode(node));

/** Takes the journal's write lock, as another process could. */
function lockJournal(): () => void {
  const db = new DatabaseSync(join(node.dataDir, 'journal.db'));
  db.exec('BEGIN IMMEDIATE');
  return () => db.close();
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const delta = (text: string) =>
  event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: text.repeat(1000) } });

describe('while the journal takes no writes', () => {
  it('intents are refused, and accepted again once it was opened anew and checked', async () => {
    node = await openNode();
    await node.recorder.append({ kind: 'gateway.started', exchange: null, body: {} });
    const unlock = lockJournal();
    const waiting = [node.recorder.intent(exchangeOf()), node.recorder.intent(exchangeOf())];
    for (const intent of waiting)
      await expect(intent).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE', status: 503 });
    expect(node.recorder.healthy).toBe(false);
    await expect(node.recorder.intent(exchangeOf())).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    unlock();
    await until(() => node.recorder.healthy);
    const accepted = await node.recorder.intent(exchangeOf());
    const { exchanges } = await node.get('/admin/v1/exchanges');
    expect((exchanges as JsonObject[]).map(({ id }) => id)).toEqual([accepted.id]);
    expect(node.notices).toEqual([expect.stringContaining('failed'), 'the journal takes writes again']);
  });

  it('intents are refused where its file was taken away, until it is back', async () => {
    node = await openNode();
    await node.recorder.append({ kind: 'gateway.started', exchange: null, body: {} });
    const path = join(node.dataDir, 'journal.db');
    const away = [path, `${path}-wal`].map((file) => [file, `${file}.away`] as const);
    for (const [file, aside] of away) renameSync(file, aside);
    await expect(node.recorder.intent(exchangeOf())).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE', status: 503 });
    // What was said to be durable is not in a new file, so that none takes its place.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(node.recorder.healthy).toBe(false);
    for (const [file, aside] of away) renameSync(aside, file);
    await until(() => node.recorder.healthy);
    const accepted = await node.recorder.intent(exchangeOf());
    const { exchanges } = await node.get('/admin/v1/exchanges');
    expect((exchanges as JsonObject[]).map(({ id }) => id)).toContain(accepted.id);
  });

  it('a strict answer stops, and its end is written when it can be', async () => {
    node = await openNode({ mode: 'strict' });
    const recorded = await node.recorder.intent(exchangeOf());
    const step = node.recorder.step(recorded);
    const unlock = lockJournal();
    const delivered: string[] = [];
    const deliver = async () => {
      for (let n = 0; n < 1000; n++) await step(delta(String(n)), () => void delivered.push(String(n)));
    };
    await expect(deliver()).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    // At most 64 KiB went to the client that the record may lack.
    const bytes = delivered.reduce((sum, text) => sum + text.length * 1000, 0);
    expect(bytes).toBeLessThanOrEqual(64 * 1024);
    expect(recorded.recording.fault).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    const end = recorded.recording.end({ ...complete, end: 'fault', code: 'AUDIT_UNAVAILABLE' });
    await expect(end).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    unlock();
    await until(() => node.recorder.healthy);
    await node.recorder.append({ kind: 'gateway.stopped', exchange: null, body: {} });
    const shown = await node.get(`/admin/v1/exchanges/${recorded.id}`);
    expect(shown).toMatchObject({
      end: 'fault',
      code: 'AUDIT_UNAVAILABLE',
      recording: { state: 'whole', fault: null },
    });
    const [block] = (shown.returned as { content: { text: string }[] }).content;
    expect(block!.text.length).toBeGreaterThanOrEqual(bytes);
  });

  it('a best-effort answer goes on, and the recording shows the gap', async () => {
    node = await openNode({ mode: 'best_effort' });
    const recorded = await node.recorder.intent(exchangeOf());
    const step = node.recorder.step(recorded);
    await step(delta('a'), () => undefined);
    await recorded.recording.flush();
    const unlock = lockJournal();
    let delivered = 0;
    for (let n = 0; n < 200; n++) await step(delta('b'), () => void delivered++);
    expect(delivered).toBe(200);
    unlock();
    await until(() => node.recorder.healthy);
    await step(delta('c'), () => undefined);
    await recorded.recording.end(complete);
    const shown = await node.get(`/admin/v1/exchanges/${recorded.id}`);
    expect(shown).toMatchObject({ end: 'complete', recording: { state: 'whole' } });
    const { gaps, content } = shown.returned as { gaps: number; content: { text: string }[] };
    expect(gaps).toBeGreaterThan(0);
    expect(content[0]!.text).toMatch(/^a{1000}b*c{1000}$/);
  });

  it.skipIf(process.platform === 'win32')('no append is acknowledged that a full disk did not take', async () => {
    node = await openNode();
    const { dataDir } = node;
    await node.close();
    // A file-size limit is a full disk to SQLite: the write itself fails.
    const child = join(import.meta.dirname, 'fill_disk.ts');
    const script = `trap '' XFSZ; ulimit -f 600; exec "$0" "$1" "$2"`;
    const run = spawnSync('sh', ['-c', script, process.execPath, child, dataDir], {
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(run.stderr).toBe('');
    const { acknowledged, code } = JSON.parse(run.stdout) as { acknowledged: number; code: string };
    expect(code).toBe('AUDIT_UNAVAILABLE');
    expect(acknowledged).toBeGreaterThan(0);
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    const there = Number(db.prepare("SELECT count(*) AS n FROM event WHERE kind = 'input.rejected'").get()!.n);
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    db.close();
    expect(there).toBeGreaterThanOrEqual(acknowledged);
  });
});

describe('at start', () => {
  it('a journal that is damaged is refused with a text for the operator, and left as it is', async () => {
    node = await openNode();
    await node.recorder.append({ kind: 'gateway.started', exchange: null, body: {} });
    await node.close();
    expect(existsSync(join(node.dataDir, 'journal.db-wal'))).toBe(false);
    const path = join(node.dataDir, 'journal.db');
    const damaged = readFileSync(path).fill(7, 0, 600);
    writeFileSync(path, damaged);
    const store = await openStore({ dataDir: node.dataDir, url: 'sqlite' });
    const opening = openRecorder({ store, keys: node.keys, mode: 'strict' });
    await expect(opening).rejects.toThrow(StartError);
    await expect(opening).rejects.toThrow('audit journal cannot be opened');
    await store.close();
    expect(readFileSync(path).equals(damaged)).toBe(true);
  });

  it('a journal of a later version is refused', async () => {
    node = await openNode();
    await node.close();
    const db = new DatabaseSync(join(node.dataDir, 'journal.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    const store = await openStore({ dataDir: node.dataDir, url: 'sqlite' });
    await expect(openRecorder({ store, keys: node.keys, mode: 'strict' })).rejects.toThrow('later version (99)');
    await store.close();
  });
});
