/** The rate-limit headers of one organisation. */
export interface RateLimits {
  /** Takes one request of that many bytes from the window and gives the headers that say so. */
  spend(bytes: number): readonly (readonly [name: string, value: string])[];
}

const MINUTE = 60_000;
const LIMITS = { requests: 4000, 'input-tokens': 4_000_000, 'output-tokens': 800_000 } as const;

/** Counts in windows of a minute. It reports and never refuses: a script does that where it is wanted. */
export function rateLimitHeaders(now: () => number = Date.now): RateLimits {
  let ends = 0;
  let left = { ...LIMITS } as Record<keyof typeof LIMITS, number>;
  return {
    spend(bytes) {
      const at = now();
      if (at >= ends) {
        ends = at + MINUTE;
        left = { ...LIMITS };
      }
      left.requests = Math.max(0, left.requests - 1);
      left['input-tokens'] = Math.max(0, left['input-tokens'] - Math.ceil(bytes / 4));
      const reset = `${new Date(ends).toISOString().slice(0, 19)}Z`;
      return (Object.keys(LIMITS) as (keyof typeof LIMITS)[]).flatMap((kind) => [
        [`anthropic-ratelimit-${kind}-limit`, String(LIMITS[kind])] as const,
        [`anthropic-ratelimit-${kind}-remaining`, String(left[kind])] as const,
        [`anthropic-ratelimit-${kind}-reset`, reset] as const,
      ]);
    },
  };
}
