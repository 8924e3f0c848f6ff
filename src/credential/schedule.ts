/** When leases and tokens are renewed: pure rules, all times in milliseconds. */

/** The moments of a lease, from early to late. */
export interface LeaseTimes {
  /** From here it is fetched anew beside the traffic. */
  readonly refreshAt: number;
  /** From here a caller waits for the new one, and takes the old one only if that fails. */
  readonly mandatoryAt: number;
  /** From here it is never used. */
  readonly endAt: number;
}

/**
 * Plans a lease that the server ends at `endsAt`: refreshed 120 s before (or 40 % of a short life), up to a quarter
 * earlier by chance so that a fleet does not move in step; mandatory 30 s before (10 %); unused for the last 5 s (3 %),
 * the time a request may need to arrive. 120 s and 30 s are what Anthropic's own SDK does.
 */
export function planLease(now: number, endsAt: number, random: () => number): LeaseTimes {
  if (endsAt === Number.POSITIVE_INFINITY) return { refreshAt: endsAt, mandatoryAt: endsAt, endAt: endsAt };
  const life = Math.max(0, endsAt - now);
  const lead = Math.min(120_000, life * 0.4) * (1 + random() / 4);
  return {
    refreshAt: endsAt - lead,
    mandatoryAt: endsAt - Math.min(30_000, life * 0.1),
    endAt: endsAt - Math.min(5_000, life * 0.03),
  };
}

/** The last 10 to 20 % of a token's life, by chance, in which it is not renewed but replaced (Vault's LifetimeWatcher). */
export function tokenGrace(life: number, random: () => number): number {
  return life * (0.1 + random() / 10);
}

/** How long to sleep before a token is renewed: two thirds of what is left and a third of the grace (LifetimeWatcher). */
export function renewalSleep(left: number, grace: number): number {
  return Math.max(0, (left * 2) / 3 + grace / 3);
}

/** The pause after the n-th failure in a row (n from 1): doubling from `first` to `most`, a quarter more or less. */
export function backoff(failures: number, first: number, most: number, random: () => number): number {
  return Math.min(most, first * 2 ** (Math.min(failures, 30) - 1)) * (0.75 + random() / 2);
}
