import type { ProjectedNow } from '../model/projection.ts';

/** Epoch milliseconds now; injected, so that a decision can be repeated. */
export type Clock = () => number;

/** The time as policy sees it: UTC, whole minutes, weekday 1 (Monday) to 7. */
export function projectNow(clock: Clock): ProjectedNow {
  const minutes = Math.floor(clock() / 60_000);
  const days = Math.floor(minutes / 1440);
  // 1970-01-01 was a Thursday.
  return { minutes, weekday: ((days + 3) % 7) + 1, hour: Math.floor((minutes % 1440) / 60) };
}
