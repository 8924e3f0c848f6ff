import type { ApprovalSummary } from '../models.ts';

export interface WaitingListener {
  /** What waits now, the oldest first. */
  readonly update: (approvals: readonly ApprovalSummary[]) => void;
  /** The session is over. */
  readonly ended: () => void;
}

/** Follows what waits; after a lost connection the browser connects again by itself. */
export function listenToWaiting(listener: WaitingListener): void {
  const source = new EventSource('/events');
  source.addEventListener('waiting', (event) => {
    listener.update(JSON.parse(event.data) as readonly ApprovalSummary[]);
  });
  source.addEventListener('ended', () => {
    source.close();
    listener.ended();
  });
}
