import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRevocations, type Revocations, revocationMarks, revocationRoutes } from '../../src/identify/index.ts';
import type { Actor } from '../../src/model/admin.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import type { Identity, Principal } from '../../src/model/principal.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { afterwards, bench, issuerEntry, sign, signingKey, T0 } from './fixture.ts';

const identity: Identity = {
  principal: {
    tenant: 'acme',
    issuer: 'https://idp.example',
    subject: 'svc-1',
    kind: 'workload',
    person: null,
    owner: null,
    groups: [],
    function: null,
    actors: ['agent-7'],
    strength: null,
  },
  token: { id: 'token-1', session: 'session-1', issuedAt: T0, expiresAt: T0 + 600 },
};
const marks = revocationMarks(identity);

async function store(directory = mkdtempSync(join(tmpdir(), 'revocations-'))): Promise<Store> {
  const opened = await openStore({ dataDir: directory, url: 'sqlite' });
  afterwards(async () => {
    await opened.close().catch(() => {});
    rmSync(directory, { recursive: true, force: true });
  });
  return opened;
}

async function open(on: Store, clock?: () => number): Promise<Revocations> {
  const revocations = await createRevocations(on, { pollMs: 3_600_000, ...(clock ? { clock } : {}) });
  afterwards(() => revocations.close());
  return revocations;
}

const by = 'operator';

describe('revocations', () => {
  it.each([
    ['jti', '', 'token-1'],
    ['sid', 'https://idp.example', 'session-1'],
    ['sub', '', 'svc-1'],
    ['sub', 'https://idp.example', 'agent-7'],
  ] as const)('hold by %s of issuer "%s" until lifted', async (kind, issuer, value) => {
    const list = await open(await store());
    expect(list.revoked(marks)).toBe(false);
    const { id } = await list.add({ kind, issuer, value, until: null, by });
    expect(list.revoked(marks)).toBe(true);
    expect(await list.lift(id)).toBe(true);
    expect(list.revoked(marks)).toBe(false);
    expect(await list.lift(id)).toBe(false);
  });

  it('do not reach another issuer, kind or value', async () => {
    const list = await open(await store());
    await list.add({ kind: 'sub', issuer: 'https://other.example', value: 'svc-1', until: null, by });
    await list.add({ kind: 'jti', issuer: '', value: 'svc-1', until: null, by });
    await list.add({ kind: 'sub', issuer: '', value: 'svc-', until: null, by });
    await list.add({ kind: 'sub', issuer: '', value: "svc-1' OR '1'='1", until: null, by });
    expect(list.revoked(marks)).toBe(false);
    expect(list.list()).toHaveLength(4);
  });

  it('end by themselves to the millisecond, and are forgotten at the next change', async () => {
    let now = 1000;
    const on = await store();
    const list = await open(on, () => now);
    await list.add({ kind: 'sub', issuer: '', value: 'svc-1', until: 2000, by });
    now = 1999;
    expect(list.revoked(marks)).toBe(true);
    now = 2000;
    expect([list.revoked(marks), list.list()]).toEqual([false, []]);
    await list.add({ kind: 'sub', issuer: '', value: 'svc-2', until: null, by });
    const rows = await on.query<{ revocation: { value: string } }>().selectFrom('revocation').select('value').execute();
    expect(rows).toEqual([{ value: 'svc-2' }]);
  });

  it('are one entry for the same thing, with the newest end', async () => {
    const list = await open(await store());
    const first = await list.add({ kind: 'sub', issuer: '', value: 'svc-1', until: 4e12, by });
    const second = await list.add({ kind: 'sub', issuer: '', value: 'svc-1', until: null, by });
    expect(second.id).toBe(first.id);
    expect(list.list().map(({ until }) => until)).toEqual([null]);
  });

  it('reach another node of the same store at its next look, and survive a restart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'revocations-'));
    const on = await store(directory);
    const [here, there] = [await open(on), await open(on)];
    const { id } = await here.add({ kind: 'jti', issuer: '', value: 'token-1', until: null, by });
    expect(there.revoked(marks)).toBe(false);
    await there.refresh();
    expect(there.revoked(marks)).toBe(true);
    await there.lift(id);
    await here.refresh();
    expect(here.revoked(marks)).toBe(false);
    await here.add({ kind: 'jti', issuer: '', value: 'token-1', until: null, by });
    await on.close();
    expect((await open(await store(directory))).revoked(marks)).toBe(true);
  });

  it('look at the store by themselves', async () => {
    const on = await store();
    const here = await open(on);
    const there = await createRevocations(on, { pollMs: 5 });
    afterwards(() => there.close());
    await here.add({ kind: 'jti', issuer: '', value: 'token-1', until: null, by });
    while (!there.revoked(marks)) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('keep the last list where the store fails, and say so', async () => {
    const on = await store();
    const list = await open(on);
    await list.add({ kind: 'jti', issuer: '', value: 'token-1', until: null, by });
    await on.close();
    await expect(list.refresh()).rejects.toThrow();
    expect([list.healthy, list.revoked(marks)]).toEqual([false, true]);
    await expect(list.add({ kind: 'sub', issuer: '', value: 'x', until: null, by })).rejects.toThrow();
  });

  it('refuse a token that identify has cached, from the very next request', async () => {
    const key = await signingKey('k1');
    const revocations = await open(await store());
    const { refusal } = bench([{ ...issuerEntry, jwks: { keys: { keys: [key.jwk] } } }], { revocations });
    const token = await sign(key);
    expect([await refusal(token), await refusal(token)]).toEqual(['accepted', 'accepted']);
    const { id } = await revocations.add({ kind: 'sub', issuer: issuerEntry.issuer, value: 'svc-1', until: null, by });
    expect(await refusal(token)).toBe('TOKEN_REVOKED revoked');
    await revocations.lift(id);
    expect(await refusal(token)).toBe('accepted');
  });
});

describe('routes of the admin API', () => {
  async function routes() {
    const events: AuditEvent[] = [];
    const table = revocationRoutes(await open(await store()), (event) => void events.push(event));
    const call = async (method: string, body: object = {}, params: object = {}, actor: Actor | null = null) =>
      table
        .find((route) => route.method === method)!
        .handler({ body: body as never, params: params as never, query: {}, actor });
    return { call, events };
  }

  it('add, list and lift, each change with its event', async () => {
    const { call, events } = await routes();
    const until = '2099-01-01T00:00:00.000Z';
    const added = (await call('POST', { kind: 'sub', value: 'svc-1', issuer: 'https://idp.example', until })) as {
      id: string;
    };
    expect(await call('GET')).toEqual({ revocations: [added] });
    expect(added).toMatchObject({ kind: 'sub', value: 'svc-1', issuer: 'https://idp.example', until, by: 'operator' });
    expect(await call('DELETE', {}, { id: added.id })).toEqual({ lifted: added.id });
    expect(await call('GET')).toEqual({ revocations: [] });
    expect(events.map(({ kind, body }) => [kind, body.change])).toEqual([
      ['identity.revoked', 'added'],
      ['identity.revoked', 'lifted'],
    ]);
  });

  it('record the person who revoked, and the one who took it back', async () => {
    const { call, events } = await routes();
    const principal: Principal = {
      ...{ tenant: 'acme', issuer: 'https://idp.example', subject: 'rita', kind: 'human', person: 'rita', owner: null },
      ...{ groups: [], function: null, actors: [], strength: null },
    };
    const actor: Actor = { principal, authenticatedAt: Date.now(), via: 'session' };
    const added = (await call('POST', { kind: 'sub', value: 'svc-1' }, {}, actor)) as { id: string };
    expect(added).toMatchObject({ by: 'rita' });
    await call('DELETE', {}, { id: added.id }, { ...actor, principal: { ...principal, subject: 'sven' } });
    expect(events.map(({ body }) => [body.change, body.by])).toEqual([
      ['added', 'rita'],
      ['lifted', 'sven'],
    ]);
  });

  it('refuse what they do not understand', async () => {
    const { call, events } = await routes();
    for (const body of [
      {},
      { kind: 'person', value: 'x' },
      { kind: 'sub' },
      { kind: 'sub', value: '' },
      { kind: 'sub', value: 7 },
      { kind: 'sub', value: 'x', until: 'tomorrow' },
      { kind: 'sub', value: 'x', until: '2020-01-01T00:00:00Z' },
      { kind: 'sub', value: 'x', extra: 1 },
    ]) {
      await expect(call('POST', body)).rejects.toMatchObject({ code: 'ADMIN_INPUT' });
    }
    await expect(call('DELETE', {}, { id: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(events).toEqual([]);
  });
});
