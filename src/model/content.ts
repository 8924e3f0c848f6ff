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

/** The older rule sets whose masks still apply in a conversation. Implemented by `conversation/`, asked by the scan. */
export interface PinnedRules {
  /** Digests of rule sets besides the active one, for a conversation that `converse` has read; mostly none. */
  older(exchange: Conversed, active: string): readonly string[];
  /** The compiled rules of a digest as this node keeps them; null where it does not. */
  tables(digest: string): Uint8Array | null;
}
