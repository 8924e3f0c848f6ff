import { GatewayError } from '../errors.ts';
import type { Lease } from '../model/lease.ts';
import type { Clock } from './clock.ts';
import { CredentialFault, toFault } from './fault.ts';
import { HeldLease } from './lease.ts';
import { backoff, type LeaseTimes, planLease } from './schedule.ts';
import type { Grant, LeaseSource } from './source.ts';

const BACKOFF_FIRST_MS = 250;
const BACKOFF_MOST_MS = 5_000;
/** Near the end of a lease the tries come closer, but never closer than this. */
const BACKOFF_LEAST_MS = 50;
/** The pauses in which it asks by itself while there is no lease. */
const ALONE_FIRST_MS = 1_000;
const ALONE_MOST_MS = 30_000;
/** A flood of refusals makes one forced refresh in this time. */
const FORCE_EVERY_MS = 5_000;

/** What a cache tells the room. */
export interface CacheEvents {
  /** A new value is about to be handed out; `previous` is what it takes the place of. */
  issued(lease: Lease, previous: Lease | null): void;
  refused(lease: Lease): void;
  /** A fetch failed; `lease` is what is still served, or null. */
  failed(fault: CredentialFault, lease: Lease | null): void;
}

interface Held {
  readonly lease: HeldLease;
  /** The server's own end. */
  readonly endsAt: number;
  readonly times: LeaseTimes;
}

/**
 * The lease of one role. Single-flight; refreshed ahead of its end; served while the source fails, until its own end
 * and never past it; between failures it backs off and answers at once.
 */
export class LeaseCache {
  readonly #source: LeaseSource;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #events: CacheEvents;
  #held: Held | null = null;
  #pending: Promise<Lease> | null = null;
  #fault: CredentialFault | null = null;
  #failures = 0;
  #retryAt = 0;
  #forcedAt = Number.NEGATIVE_INFINITY;
  #serial = 0;
  #used = false;
  #cancelTimer: () => void = () => {};
  #closed = false;

  constructor(source: LeaseSource, clock: Clock, random: () => number, events: CacheEvents) {
    this.#source = source;
    this.#clock = clock;
    this.#random = random;
    this.#events = events;
  }

  /** The fault of the last fetch, null when it went well. */
  get fault(): CredentialFault | null {
    return this.#fault;
  }

  /** The lease that may be used now, or null. */
  get usable(): Lease | null {
    return this.#held !== null && this.#clock.now() < this.#held.times.endAt ? this.#held.lease : null;
  }

  /** The usable lease, at once where there is one. Throws or rejects with GatewayError CREDENTIAL_UNAVAILABLE. */
  take(signal: AbortSignal): Lease | Promise<Lease> {
    const now = this.#clock.now();
    const held = this.#held;
    if (held !== null && now < held.times.endAt) {
      this.#used = true;
      if (now < held.times.refreshAt) return held.lease;
      if (now < this.#retryAt) return held.lease;
      const refreshed = this.#refresh();
      if (now >= held.times.mandatoryAt) return unlessGone(refreshed.catch(this.#orStillUsable), signal);
      refreshed.catch(ignore);
      return held.lease;
    }
    if (this.#pending === null && now < this.#retryAt) throw this.#unavailable();
    return unlessGone(this.#refresh(), signal);
  }

  /** Drops the lease, if it is still the current one and none was dropped just before. */
  refused(lease: Lease): void {
    if (this.#held?.lease !== lease) return;
    const now = this.#clock.now();
    if (now < this.#forcedAt + FORCE_EVERY_MS) return;
    this.#forcedAt = now;
    this.#held = null;
    this.#retryAt = 0;
    this.#cancelTimer();
    this.#events.refused(lease);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
  }

  readonly #orStillUsable = (thrown: unknown): Lease => {
    const lease = this.usable;
    if (lease === null) throw thrown;
    return lease;
  };

  #refresh(): Promise<Lease> {
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #fetch(): Promise<Lease> {
    try {
      if (this.#closed) throw new CredentialFault('closed', 'the gateway is shutting down');
      const grant = await this.#source.fetch();
      if (grant.endsAt <= this.#clock.now())
        throw new CredentialFault('protocol', 'the credential had ended on arrival');
      this.#fault = null;
      this.#failures = 0;
      this.#retryAt = 0;
      return this.#install(grant);
    } catch (thrown) {
      this.#fault = toFault(thrown);
      this.#failures += 1;
      const held = this.#held;
      const now = this.#clock.now();
      const left = held === null ? Number.POSITIVE_INFINITY : held.times.endAt - now;
      const most = left > 0 ? Math.min(BACKOFF_MOST_MS, Math.max(BACKOFF_LEAST_MS, left / 4)) : BACKOFF_MOST_MS;
      this.#retryAt = now + backoff(this.#failures, Math.min(BACKOFF_FIRST_MS, most), most, this.#random);
      this.#events.failed(this.#fault, this.usable);
      // Without a lease the gateway is not ready and gets no traffic that would ask again, so it asks by itself.
      this.#refreshLater(left > 0 && held !== null ? this.#retryAt : now + this.#pauseAlone());
      throw this.#unavailable();
    }
  }

  #install(grant: Grant): Lease {
    const previous = this.#held;
    const times = planLease(this.#clock.now(), grant.endsAt, this.#random);
    const planned = grant.recheckAt < times.refreshAt ? { ...times, refreshAt: grant.recheckAt } : times;
    if (previous !== null && previous.endsAt === grant.endsAt && previous.lease.reveal() === grant.value) {
      this.#held = { ...previous, times: planned };
      return previous.lease;
    }
    this.#serial += 1;
    const { shape } = this.#source;
    const lease = new HeldLease(shape, `${shape.role}#${this.#serial}`, grant.value, planned.endAt);
    this.#held = { lease, endsAt: grant.endsAt, times: planned };
    this.#events.issued(lease, previous?.lease ?? null);
    if (grant.endsAt !== Number.POSITIVE_INFINITY) {
      this.#used = false;
      this.#refreshLater(planned.refreshAt);
    }
    return lease;
  }

  /** A lease that nobody used since it came is left to lapse: an idle gateway mints nothing. */
  #refreshLater(at: number): void {
    this.#cancelTimer();
    if (this.#closed || at === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      const wanted = this.usable === null ? this.#fault !== null : this.#used;
      if (wanted) this.#refresh().catch(ignore);
    });
  }

  #pauseAlone(): number {
    return backoff(this.#failures, ALONE_FIRST_MS, ALONE_MOST_MS, this.#random);
  }

  #unavailable(): GatewayError {
    const detail = `role ${this.#source.shape.role}: ${this.#fault?.message ?? 'no credential'}`;
    return new GatewayError('CREDENTIAL_UNAVAILABLE', undefined, { detail });
  }
}

function ignore(): void {}

/** Ends the waiting of one caller when it is gone; what it waited for goes on for the others. */
function unlessGone(lease: Promise<Lease>, signal: AbortSignal): Promise<Lease> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new GatewayError('CREDENTIAL_UNAVAILABLE', undefined, { detail: 'the caller is gone' }));
    if (signal.aborted) gone();
    signal.addEventListener('abort', gone, { once: true });
    lease.then(resolve, reject).finally(() => signal.removeEventListener('abort', gone));
  });
}
