import type { ApprovalSummary } from './models.ts';

/** A sign of life is sent when nothing else was for so many milliseconds. */
const QUIET_MS = 15_000;

export interface WaitingWatch {
  /** What waits now for this person; null once the session is over. */
  readonly look: () => Promise<readonly ApprovalSummary[] | null>;
  readonly everyMs: number;
  readonly clock: () => number;
}

/**
 * The events of an open page: what waits, whenever it changes, and `ended` once the session is over. A look that fails
 * is tried again; the reader sees nothing of it but the missing news.
 */
export async function* watchWaiting({ look, everyMs, clock }: WaitingWatch): AsyncGenerator<string> {
  let shown = '';
  let saidAt = clock();
  yield 'retry: 3000\n\n';
  for (;;) {
    const approvals = await look().catch(() => undefined);
    if (approvals === null) {
      yield 'event: ended\ndata: {}\n\n';
      return;
    }
    const text = approvals === undefined ? shown : JSON.stringify(approvals);
    if (text !== shown) {
      shown = text;
      saidAt = clock();
      yield `event: waiting\ndata: ${text}\n\n`;
    } else if (clock() - saidAt > QUIET_MS) {
      saidAt = clock();
      yield ': quiet\n\n';
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs).unref());
  }
}
