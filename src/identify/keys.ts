import { hash } from 'node:crypto';
import {
  type CompactJWSHeaderParameters,
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type LocalJWKSet,
} from 'jose';
import type { KeySource } from './key_source.ts';
import { refusal } from './refusal.ts';

/** All in milliseconds. */
export interface KeyTimes {
  /** A set is fetched anew about this long after the last time, while the old one serves. */
  readonly refresh: number;
  /** A set this old serves only after an attempt to fetch a new one. */
  readonly stale: number;
  /** A set this old serves no more: the issuer may have withdrawn a key and could not say so. */
  readonly lastGood: number;
  /** Between two attempts, whatever tokens ask for. */
  readonly cooldown: number;
}

/** The times of a gateway, in milliseconds; tests have shorter ones. */
export const keyTimes: KeyTimes = { refresh: 600_000, stale: 1_200_000, lastGood: 3_600_000, cooldown: 30_000 };

export interface KeySetOptions {
  readonly source: KeySource;
  /** Milliseconds of a clock that never jumps. */
  readonly now: () => number;
  /** 0 to 1, spreads the refreshes of a fleet. */
  readonly random: () => number;
  readonly times: KeyTimes;
  readonly onFailure: (error: unknown) => void;
}

/** The public keys of one issuer: cached, refreshed on use, kept while the issuer is down. */
export interface KeySet {
  /** Rises whenever the keys differ from before, so that what an older set verified can be verified again. */
  readonly generation: number;
  /** Whether the set may serve without waiting; starts a refresh in the background where one is due. */
  ready(): boolean;
  /**
   * Fetches where that is due and waits for it. Rejects with `GatewayError` IDENTITY_UNAVAILABLE where there is no set
   * that may serve.
   */
  prepare(): Promise<void>;
  /**
   * The key for a signature, for jose, from the set that `prepare` made sure of. An unknown key id leads to one fetch
   * per cooldown. Rejects with jose's errors.
   */
  key(this: void, header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>;
}

/** Makes the key set of one issuer; nothing is fetched before it is needed. */
export function createKeySet({ source, now, random, times, onFailure }: KeySetOptions): KeySet {
  let find: LocalJWKSet | null = null;
  let digest = '';
  let generation = 0;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let refreshAt = Number.NEGATIVE_INFINITY;
  let attemptAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let pending: Promise<void> | null = null;

  const age = () => now() - loadedAt;
  /** With no set at all each request would be refused, so the first attempts follow each other faster. */
  const wait = () => (find ? times.cooldown : Math.min(times.cooldown, 1000 * 2 ** failures));
  const due = () => pending !== null || now() - attemptAt >= wait();

  const attempt = async (): Promise<void> => {
    attemptAt = now();
    try {
      const set = await source();
      const found = createLocalJWKSet(set);
      const foundDigest = hash('sha256', JSON.stringify(set.keys));
      if (foundDigest !== digest) {
        find = found;
        digest = foundDigest;
        generation++;
      }
      loadedAt = now();
      refreshAt = loadedAt + times.refresh * (0.8 + 0.2 * random());
      failures = 0;
    } catch (error) {
      failures++;
      onFailure(error);
    } finally {
      pending = null;
    }
  };
  const load = (): Promise<void> => {
    pending ??= attempt();
    return pending;
  };

  const prepare = async (): Promise<void> => {
    if (age() >= times.stale && due()) await load();
    if (!find || age() >= times.lastGood) throw refusal('IDENTITY_UNAVAILABLE', 'keys_unavailable');
  };

  return {
    get generation() {
      return generation;
    },
    ready() {
      const old = age();
      if (now() >= refreshAt && due()) void load();
      return old < times.stale || (old < times.lastGood && !due());
    },
    prepare,
    async key(header, token) {
      if (!find) throw refusal('IDENTITY_UNAVAILABLE', 'keys_unavailable');
      try {
        return await find(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || !due()) throw error;
        await load();
        return find(header, token);
      }
    },
  };
}
