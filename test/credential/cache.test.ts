import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { LeaseCache } from '../../src/credential/cache.ts';
import { CredentialFault } from '../../src/credential/fault.ts';
import type { Grant, LeaseSource } from '../../src/credential/source.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Lease } from '../../src/model/lease.ts';
import { ManualClock } from './clock.ts';

const HOUR = 3_600_000;
const alive = new AbortController().signal;

describe('lease cache', () => {
  let clock: ManualClock;
  let fetched: number;
  let broken: boolean;
  let hold: Promise<void> | null;
  let life: number;
  let events: string[];
  let cache: LeaseCache;

  const source: LeaseSource = {
    kind: 'vault_oidc',
    shape: { role: 'default', scheme: 'bearer', headers: {}, betas: [] },
    async fetch(): Promise<Grant> {
      fetched += 1;
      const serial = fetched;
      const endsAt = clock.now() + life;
      if (hold) await hold;
      if (broken) throw new CredentialFault('sealed', 'Vault is sealed', 503);
      return { value: `bearer-${serial}`, endsAt, recheckAt: Number.POSITIVE_INFINITY };
    },
  };
  const value = async () => (await cache.take(alive)).reveal();

  beforeEach(() => {
    clock = new ManualClock();
    fetched = 0;
    broken = false;
    hold = null;
    life = HOUR;
    events = [];
    cache = new LeaseCache(source, clock, () => 0.5, {
      issued: (lease, previous) => events.push(`issued ${lease.id} after ${previous?.id ?? 'none'}`),
      refused: (lease) => events.push(`refused ${lease.id}`),
      failed: (fault, lease) => events.push(`failed ${fault.kind} with ${lease?.id ?? 'none'}`),
    });
  });

  it('fetches once for all who wait, and hands out the cached lease without a promise', async () => {
    const leases = await Promise.all(Array.from({ length: 50 }, () => cache.take(alive)));
    expect(new Set(leases).size).toBe(1);
    expect(fetched).toBe(1);
    expect(cache.take(alive)).toBe(leases[0]);
  });

  it('refreshes ahead of the end while the old lease is served', async () => {
    expect(await value()).toBe('bearer-1');
    cache.take(alive);
    await clock.advance(HOUR - 140_000);
    expect(fetched).toBe(1);
    await clock.advance(10_000);
    expect(fetched).toBe(2);
    expect(await value()).toBe('bearer-2');
    expect(events).toEqual(['issued default#1 after none', 'issued default#2 after default#1']);
  });

  it('lets a lease lapse that nobody uses, and fetches when asked again', async () => {
    await cache.take(alive);
    await clock.advance(3 * HOUR);
    expect(fetched).toBe(1);
    expect(await value()).toBe('bearer-2');
  });

  it('serves the lease while the source fails, up to its end and never past it', async () => {
    const first = await cache.take(alive);
    broken = true;
    await clock.advance(HOUR - 6_000);
    expect(await cache.take(alive)).toBe(first);
    expect(fetched).toBeGreaterThan(1);
    await clock.advance(1_500);
    const late = Promise.resolve().then(() => cache.take(alive));
    await expect(late).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
    expect(cache.usable).toBeNull();
    broken = false;
    await clock.advance(10_000);
    expect(await value()).toMatch(/^bearer-/);
  });

  it('waits for the new lease in the last seconds of the old one', async () => {
    await cache.take(alive);
    await clock.advance(HOUR - 20_000);
    expect(await value()).toBe('bearer-2');
  });

  it('answers at once between failures instead of asking the source again', async () => {
    broken = true;
    await expect(cache.take(alive)).rejects.toBeInstanceOf(GatewayError);
    for (let i = 0; i < 100; i++) expect(() => cache.take(alive)).toThrow(GatewayError);
    expect(fetched).toBe(1);
    await clock.advance(400);
    await expect(cache.take(alive)).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
    expect(fetched).toBe(2);
  });

  it('asks by itself, ever more slowly, until there is a lease again', async () => {
    broken = true;
    await expect(cache.take(alive)).rejects.toBeInstanceOf(GatewayError);
    await clock.advance(600_000);
    expect(fetched).toBeGreaterThan(20);
    expect(fetched).toBeLessThan(30);
    broken = false;
    await clock.advance(40_000);
    expect(cache.usable?.reveal()).toMatch(/^bearer-/);
    expect(cache.fault).toBeNull();
  });

  it('makes one refresh of a flood of refusals', async () => {
    const first = await cache.take(alive);
    for (let i = 0; i < 100; i++) cache.refused(first);
    const second = await cache.take(alive);
    expect(second.reveal()).toBe('bearer-2');
    for (let i = 0; i < 100; i++) {
      cache.refused(first);
      cache.refused(second);
    }
    expect(cache.take(alive)).toBe(second);
    expect(fetched).toBe(2);
    await clock.advance(5_001);
    cache.refused(second);
    expect((await cache.take(alive)).reveal()).toBe('bearer-3');
  });

  it('never serves a refused lease again, not even when the source is down', async () => {
    const first = await cache.take(alive);
    broken = true;
    cache.refused(first);
    await expect(cache.take(alive)).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
    await clock.advance(2_000);
    await expect(cache.take(alive)).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
  });

  it('lets a caller go that no longer waits, and keeps fetching for the others', async () => {
    const release = Promise.withResolvers<void>();
    hold = release.promise;
    const leaving = new AbortController();
    const gone = expect(cache.take(leaving.signal)).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
    const waiting = cache.take(alive) as Promise<Lease>;
    leaving.abort();
    await gone;
    release.resolve();
    expect((await waiting).reveal()).toBe('bearer-1');
    expect(fetched).toBe(1);
  });

  it('leaves no timer behind when closed', async () => {
    await cache.take(alive);
    cache.close();
    expect(clock.waiting).toBe(0);
    await clock.advance(2 * HOUR);
    await expect(cache.take(alive)).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' });
    expect(fetched).toBe(1);
  });

  it('hands out no lease past its end, whatever the life, the moments of use and the faults', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 7_200_000 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000_000 }), fc.boolean()), { maxLength: 12 }),
        async (aLife, moments) => {
          const own = new ManualClock();
          let down = false;
          const ends = new Map<string, number>();
          const grants: LeaseSource = {
            ...source,
            async fetch() {
              if (down) throw new CredentialFault('timeout', 'no answer');
              const grant = { value: `v${ends.size}`, endsAt: own.now() + aLife, recheckAt: Number.POSITIVE_INFINITY };
              ends.set(grant.value, grant.endsAt);
              return grant;
            },
          };
          const quiet = { issued() {}, refused() {}, failed() {} };
          const subject = new LeaseCache(grants, own, Math.random, quiet);
          for (const [ms, fails] of moments) {
            down = fails;
            await own.advance(ms);
            const lease = await Promise.resolve()
              .then(() => subject.take(alive))
              .catch(() => null);
            if (lease) expect(own.now()).toBeLessThan(ends.get(lease.reveal())!);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
