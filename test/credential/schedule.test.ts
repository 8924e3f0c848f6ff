import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff, planLease, renewalSleep, tokenGrace } from '../../src/credential/schedule.ts';

const chance = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const life = fc.integer({ min: 1, max: 86_400_000 });

describe('schedule', () => {
  it('orders the moments of a lease: refresh, mandatory, unused, ended', () => {
    fc.assert(
      fc.property(life, chance, (ms, random) => {
        const times = planLease(1_000, 1_000 + ms, () => random);
        expect(times.refreshAt).toBeGreaterThanOrEqual(1_000);
        expect(times.refreshAt).toBeLessThan(times.mandatoryAt);
        expect(times.mandatoryAt).toBeLessThan(times.endAt);
        expect(times.endAt).toBeLessThan(1_000 + ms);
      }),
    );
  });

  it('refreshes an hour-long lease 120 to 150 s before its end and insists for the last 30 s', () => {
    const early = planLease(0, 3_600_000, () => 0.999_999);
    const late = planLease(0, 3_600_000, () => 0);
    expect(late.refreshAt).toBe(3_480_000);
    expect(early.refreshAt).toBeGreaterThan(3_450_000);
    expect(late.mandatoryAt).toBe(3_570_000);
  });

  it('plans nothing for a credential without an end', () => {
    expect(planLease(5, Number.POSITIVE_INFINITY, () => 0).refreshAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('renews a token before its grace begins for as long as its end moves on', () => {
    fc.assert(
      fc.property(life, chance, (ms, random) => {
        const grace = tokenGrace(ms, () => random);
        expect(grace).toBeGreaterThanOrEqual(ms * 0.1);
        expect(grace).toBeLessThanOrEqual(ms * 0.2);
        expect(ms - renewalSleep(ms, grace)).toBeGreaterThan(grace);
      }),
    );
  });

  it('doubles the pause after failures up to its limit', () => {
    const middle = () => 0.5;
    expect([1, 2, 3, 4, 5].map((n) => backoff(n, 500, 3_000, middle))).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  });
});
