import { listPending, showApproval, summarise } from '../approvals.ts';
import { gistOf } from '../gist.ts';
import type { ApprovalSummary } from '../models.ts';
import type { Loaded, Visit } from './visit.ts';

/** What waits for a person, the oldest first. */
export async function loadWaiting(visit: Visit): Promise<Loaded> {
  return { title: 'Waiting', view: { page: 'waiting', approvals: await waitingApprovals(visit) } };
}

/** Pending approvals that the person may see, the oldest first. What one is bound to never changes, so it is read once. */
export async function waitingApprovals({ api, actor, rules, gists }: Visit): Promise<readonly ApprovalSummary[]> {
  const listed = await listPending(api, actor);
  const summaries: ApprovalSummary[] = [];
  for (const approval of listed) {
    let gist = gists.get(approval.id);
    if (gist === undefined) {
      const { kind, content } = await showApproval(api, actor, approval.id);
      gist = content === null ? '' : gistOf(kind, JSON.parse(content));
      gists.set(approval.id, gist);
    }
    summaries.push(summarise(approval, gist, rules()));
  }
  return summaries.sort((a, b) => a.createdAt - b.createdAt);
}
