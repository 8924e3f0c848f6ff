import { GatewayError } from '../errors.ts';

/** Counts the exchanges that run, refuses those over the limit, and knows when all have ended. */
export interface Admission {
  /**
   * Lets an exchange in; the function returned lets it out again. Its `stop` is called when a drain has waited long
   * enough.
   *
   * @throws GatewayError OVERLOADED, DRAINING
   */
  enter(stop: (reason: GatewayError) => void): () => void;
  readonly active: number;
  readonly draining: boolean;
  /** Lets nobody in from now on; waits for the running ones, at most `graceMs`, then stops them. */
  drain(graceMs: number): Promise<void>;
}

/** How long stopped exchanges may take to end their answers. */
const stopMs = 1000;

/** @param most how many exchanges may run at one time */
export function createAdmission(most: number): Admission {
  const running = new Set<(reason: GatewayError) => void>();
  let draining = false;
  let wake = () => {};

  const idleWithin = (ms: number) =>
    new Promise<void>((resolve) => {
      if (running.size === 0) return resolve();
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  return {
    enter(stop) {
      if (draining) throw new GatewayError('DRAINING');
      if (running.size >= most) throw new GatewayError('OVERLOADED');
      running.add(stop);
      return () => {
        running.delete(stop);
        if (running.size === 0) wake();
      };
    },
    get active() {
      return running.size;
    },
    get draining() {
      return draining;
    },
    async drain(graceMs) {
      draining = true;
      await idleWithin(graceMs);
      for (const stop of running) stop(new GatewayError('DRAINING'));
      await idleWithin(stopMs);
    },
  };
}
