import type { Leaf } from './body.ts';
import type { Conversed } from './exchange.ts';
import type { Span } from './scan.ts';

/** A string of a request with everything that detectors found in it; at least one hit. */
export interface HitLeaf {
  readonly leaf: Leaf;
  readonly spans: readonly Span[];
}

/**
 * Tells which hits of a request are new: for each of `hits`, in their order, the spans that policy is told of as new.
 * Implemented by `conversation/`, asked by the scan of every request that has hits. Gives a promise, which may reject
 * with GatewayError STATE_UNAVAILABLE, only where the shared store must be asked.
 */
export type NewHits = (
  exchange: Conversed,
  hits: readonly HitLeaf[],
) => readonly (readonly Span[])[] | Promise<readonly (readonly Span[])[]>;
