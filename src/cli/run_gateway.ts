import type { Gateway } from '../gateway.ts';

/**
 * Runs a gateway until a signal ends it: the first SIGINT or SIGTERM drains, a second one ends at once.
 * Resolves to the exit code.
 */
export function runUntilSignal(gateway: Gateway): Promise<number> {
  return new Promise((resolve, reject) => {
    let ending = false;
    const end = (signal: NodeJS.Signals) => {
      if (ending) process.exit(signal === 'SIGINT' ? 130 : 143);
      ending = true;
      gateway.drain().then(() => {
        process.off('SIGINT', end);
        process.off('SIGTERM', end);
        resolve(0);
      }, reject);
    };
    process.on('SIGINT', end);
    process.on('SIGTERM', end);
  });
}

/** What nothing else caught: log it, drain, and end with a failure. The gateway never serves on after it. */
export function endOnUncaught(gateway: Gateway): void {
  let failing = false;
  const fail = (error: unknown) => {
    if (failing) process.exit(1);
    failing = true;
    gateway.log.error('uncaught exception, ending', { detail: String(error), stack: (error as Error)?.stack ?? '' });
    setTimeout(() => process.exit(1), 10_000).unref();
    gateway.drain().finally(() => process.exit(1));
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}
