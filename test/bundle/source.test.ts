import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type BundleFiles,
  createPolicySource,
  type ManagedPolicySource,
  writeArchive,
} from '../../src/bundle/index.ts';
import { loadPolicy } from '../../src/decide/index.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import { baseline, bytesOf, makeKey, now, type SignChange, scope, sign } from './fixtures/signing.ts';

const key = makeKey('ES256');
let files: BundleFiles;
let folder: string;
let watched: string;
let events: AuditEvent[];
let time: number;
const open = new Set<ManagedPolicySource>();

beforeAll(async () => {
  files = await baseline();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-source-'));
  watched = mkdtempSync(join(tmpdir(), 'sallyport-watched-'));
  events = [];
  time = now * 1000;
});
afterEach(async () => {
  for (const source of open) await source.close();
  open.clear();
  for (const path of [folder, watched]) rmSync(path, { recursive: true });
});

/** Another bundle with the same rules: only a comment of a source file differs. */
const edition = (text: string) =>
  new Map([...files, ['lib/patterns/patterns.rego', bytesOf(`# ${text}\npackage lib.patterns`)]]);

async function publish(content: BundleFiles, claims: object, change: SignChange = {}): Promise<void> {
  writeFileSync(join(watched, 'new'), await writeArchive(await sign(content, key, { ...change, claims })));
  renameSync(join(watched, 'new'), join(watched, 'bundle.tar.gz'));
}

async function source(change: { max_staleness_s?: number; pollMs?: number } = {}): Promise<ManagedPolicySource> {
  const { pollMs = 1_000_000, ...rest } = change;
  const file = join(folder, 'key.pem');
  writeFileSync(file, key.pem);
  const created = await createPolicySource({
    config: { source: watched, keys: [{ kid: key.kid, algorithm: 'ES256', file }], scope, ...rest },
    directory: folder,
    load: loadPolicy,
    onEvent: (event) => void events.push(event),
    clock: () => time,
    pollMs,
  });
  open.add(created);
  return created;
}

const kinds = () => events.map((event) => event.kind);
const unavailable = expect.objectContaining({ code: 'POLICY_UNAVAILABLE' });

describe('the built-in source', () => {
  it('decides at once', async () => {
    const created = await createPolicySource({
      config: { source: 'builtin', keys: [] },
      directory: folder,
      load: loadPolicy,
      onEvent: (event) => void events.push(event),
    });
    open.add(created);
    expect(created.current().bundle).toBe('baseline');
    expect(created.status()).toMatchObject({ source: 'builtin', unavailable: null, refused: null });
    expect(kinds()).toEqual(['bundle.activated']);
    await expect(created.accept(1, 'ann')).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
  });
});

describe('a watched directory', () => {
  it('gives no policy while it holds no bundle, and says so', async () => {
    const created = await source();
    expect(() => created.current()).toThrow(unavailable);
    expect(created.status().unavailable).toContain('bundle.tar.gz');
    expect(kinds()).toEqual(['bundle.refused']);
  });

  it('swaps to a new bundle as soon as it is there, and an exchange keeps the policy it took', async () => {
    await publish(files, { bundle_version: 1 });
    const created = await source({ pollMs: 50 });
    const before = created.current();
    await publish(edition('two'), { bundle_version: 2 });
    await vi.waitFor(() => expect(created.status().active?.bundle_version).toBe(2), { timeout: 10_000 });
    expect(created.current().revision).not.toBe(before.revision);
    expect(before.decide('chunk', { v: 1, kind: 'text_delta', detections: {}, thresholds: {} }).effect).toBe('allow');
    expect(events.at(-1)).toMatchObject({
      kind: 'bundle.activated',
      body: {
        ...{ bundle_version: 2, previous: before.revision, kid: key.kid },
        excerpts: { request: null, chunk: null, tool_use: null },
      },
    });
  });

  it('keeps the old bundle when the new one is refused, reports it once, and takes a good one after it', async () => {
    await publish(files, { bundle_version: 1 });
    const created = await source();
    const { revision } = created.current();
    await publish(edition('two'), { bundle_version: 2, scope: 'staging' });
    await created.check();
    await created.check();
    expect(created.current().revision).toBe(revision);
    expect(created.status().refused).toMatchObject({ reason: 'scope' });
    expect(kinds()).toEqual(['bundle.activated', 'bundle.refused']);
    await publish(edition('three'), { bundle_version: 3 });
    await created.check();
    expect(created.status()).toMatchObject({ refused: null, active: { bundle_version: 3 } });
  });

  it('keeps the old bundle when the new one fails its own test', async () => {
    await publish(files, { bundle_version: 1 });
    const created = await source();
    const { revision } = created.current();
    const wrong = '[{"name":"never","point":"chunk","input":{"detections":{},"thresholds":{}},"effect":"deny"}]';
    await publish(new Map([...files, ['corpus/wrong.json', bytesOf(wrong)]]), { bundle_version: 2 });
    await created.check();
    expect(created.current().revision).toBe(revision);
    expect(created.status().refused).toMatchObject({ reason: 'self_test', detail: expect.stringContaining('"never"') });
  });

  it('goes nowhere below its high-water mark, after a restart neither', async () => {
    await publish(files, { bundle_version: 5 });
    await (await source()).close();
    await publish(edition('old'), { bundle_version: 4 });
    const restarted = await source();
    expect(restarted.status()).toMatchObject({ refused: { reason: 'version_floor' }, active: { bundle_version: 5 } });
    await publish(edition('same number'), { bundle_version: 5 });
    await restarted.check();
    expect(restarted.status().refused).toMatchObject({ reason: 'version_reused' });
  });

  it('does not raise the mark for a bundle that is refused', async () => {
    const wrong = '[{"name":"never","point":"chunk","input":{"detections":{},"thresholds":{}},"effect":"deny"}]';
    await publish(new Map([...files, ['corpus/wrong.json', bytesOf(wrong)]]), { bundle_version: 9 });
    const created = await source();
    await publish(files, { bundle_version: 1 });
    await created.check();
    expect(created.status().active?.bundle_version).toBe(1);
  });

  it('activates a lower version once an operator has lowered the floor, and says who did what', async () => {
    await publish(files, { bundle_version: 5 });
    const created = await source();
    await publish(edition('old'), { bundle_version: 4 });
    await created.check();
    expect(created.status().active?.bundle_version).toBe(5);
    const status = await created.accept(4, 'ann');
    expect(status).toMatchObject({ active: { bundle_version: 4 }, refused: null });
    expect(events.find((event) => event.kind === 'bundle.accepted')!.body).toMatchObject({
      floor: 4,
      previous: 5,
      by: 'ann',
    });
  });

  it('starts with the last good bundle, verified again, when the directory holds none that is acceptable', async () => {
    await publish(files, { bundle_version: 1, not_after: now + 100 });
    await (await source()).close();
    writeFileSync(join(watched, 'bundle.tar.gz'), 'damaged');
    const restarted = await source();
    expect(restarted.current().bundle).toBe('baseline');
    expect(restarted.status().refused).toMatchObject({ reason: 'archive' });
    await restarted.close();
    time += 101_000;
    const late = await source();
    expect(() => late.current()).toThrow(unavailable);
  });

  it('decides nothing with a damaged floor', async () => {
    await publish(files, { bundle_version: 1 });
    await (await source()).close();
    writeFileSync(join(folder, 'policy', 'floor.json'), '{"production": 1}');
    const restarted = await source();
    expect(() => restarted.current()).toThrow(unavailable);
    expect(restarted.status().refused).toMatchObject({ reason: 'version_floor' });
  });

  it('stops deciding when its bundle expires', async () => {
    await publish(files, { bundle_version: 1, not_after: now + 60 });
    const created = await source();
    time += 59_000;
    expect(created.current().bundle).toBe('baseline');
    time += 1000;
    expect(() => created.current()).toThrow(unavailable);
    expect(created.status().unavailable).toContain('expired');
  });

  it('stops deciding when it is stale for longer than allowed, and goes on when a good bundle is there again', async () => {
    await publish(files, { bundle_version: 1 });
    const created = await source({ max_staleness_s: 60 });
    await publish(edition('bad'), { bundle_version: 2, scope: 'staging' });
    time += 60_000;
    await created.check();
    expect(created.current().bundle).toBe('baseline');
    time += 1000;
    expect(() => created.current()).toThrow(unavailable);
    await publish(edition('good'), { bundle_version: 3 });
    await created.check();
    expect(created.current().bundle).toBe('baseline');
  });

  it('stays fresh as long as the acceptable bundle is there', async () => {
    await publish(files, { bundle_version: 1 });
    const created = await source({ max_staleness_s: 60 });
    for (let i = 0; i < 5; i++) {
      time += 50_000;
      await created.check();
      expect(created.current().bundle).toBe('baseline');
    }
    rmSync(join(watched, 'bundle.tar.gz'));
    time += 61_000;
    await created.check();
    expect(() => created.current()).toThrow(unavailable);
  });

  it('recovers when the same bundle comes back after it was missing', async () => {
    await publish(files, { bundle_version: 1 });
    const created = await source();
    renameSync(join(watched, 'bundle.tar.gz'), join(watched, 'aside'));
    await created.check();
    expect(created.status().refused).toMatchObject({ reason: 'unreadable' });
    renameSync(join(watched, 'aside'), join(watched, 'bundle.tar.gz'));
    await created.check();
    expect(created.status()).toMatchObject({ refused: null, unavailable: null });
  });

  it('serves its state and takes a new floor over the admin API', async () => {
    await publish(files, { bundle_version: 2 });
    const created = await source();
    const call = (method: string, body: object) =>
      created.routes
        .find((route) => route.method === method)!
        .handler({ query: {}, params: {}, body: body as never, actor: null });
    expect(await call('GET', {})).toMatchObject({ active: { bundle: 'baseline', bundle_version: 2 } });
    expect(await call('POST', { version: 1 })).toMatchObject({ active: { bundle_version: 2 } });
    await expect(call('POST', { version: 'one' })).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
  });
});
