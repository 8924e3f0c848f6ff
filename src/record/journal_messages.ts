import type { KeyObject } from 'node:crypto';

/** What the main thread and the journal's worker say to each other. Rows are arrays: they cross threads cheapest. */

/** One event: id, epoch ms, kind, exchange or null, canonical body, and whether an equal id may be there already. */
export type EventRow = readonly [
  id: string,
  atMs: number,
  kind: string,
  exchange: string | null,
  body: string,
  again: boolean,
];

/** One segment of a recording, not sealed yet; its frames lie at `start` to `end` of the batch's bytes. */
export interface SegmentRow {
  readonly exchange: string;
  /** Epoch milliseconds at which the exchange began. */
  readonly startedAt: number;
  readonly number: number;
  /** The last segment says how many numbers were used, and which of them do not count. */
  readonly last: { readonly count: number; readonly voided: readonly number[] } | null;
  readonly start: number;
  readonly end: number;
}

export type ToWorker =
  | {
      readonly kind: 'batch';
      readonly number: number;
      readonly events: readonly EventRow[];
      readonly segments: readonly SegmentRow[];
      readonly bytes: Uint8Array;
    }
  /** Nobody else has the file open any more: open it anew and check what is in it. */
  | { readonly kind: 'reopen' }
  | { readonly kind: 'close' };

export type FromWorker =
  | { readonly kind: 'ready'; readonly closed: number }
  | { readonly kind: 'unready'; readonly detail: string }
  | { readonly kind: 'done'; readonly batches: readonly number[] }
  | { readonly kind: 'failed'; readonly batches: readonly number[]; readonly detail: string }
  | { readonly kind: 'closed' };

export interface WorkerStart {
  readonly path: string;
  readonly sealingId: string;
  readonly sealingKey: KeyObject;
  /** Whether exchanges without an outcome were cut off by a crash, or are still running. */
  readonly crashed: boolean;
}
