import { type ApprovalListed, listPending, listUnreviewed, showApproval, summarise } from '../approvals.ts';
import { gistOf } from '../gist.ts';
import type { ApprovalSummary, ReviewDue } from '../models.ts';
import { actsOf } from './approval_acts.ts';
import type { Loaded, Visit } from './visit.ts';

/** What waits for a person, the oldest first. */
export async function loadWaiting(visit: Visit): Promise<Loaded> {
  return {
    title: 'Waiting',
    view: { page: 'waiting', approvals: await waitingApprovals(visit), reviews: await dueReviews(visit) },
  };
}

/** Pending approvals that the person may see, the oldest first. What one is bound to never changes, so it is read once. */
export async function waitingApprovals(visit: Visit): Promise<readonly ApprovalSummary[]> {
  const listed = await listPending(visit.api, visit.actor);
  const summaries: ApprovalSummary[] = [];
  for (const approval of listed) {
    const gist = visit.gists.get(approval.id) ?? (await readGist(visit, approval));
    summaries.push(summarise(approval, gist, visit.rules()));
  }
  return summaries.sort((a, b) => a.createdAt - b.createdAt);
}

async function readGist({ api, actor, gists }: Visit, { id }: ApprovalListed): Promise<string> {
  const { kind, content } = await showApproval(api, actor, id);
  const gist = content === null ? '' : gistOf(kind, JSON.parse(content));
  gists.set(id, gist);
  return gist;
}

async function dueReviews(visit: Visit): Promise<readonly ReviewDue[]> {
  const due: ReviewDue[] = [];
  for (const listed of await listUnreviewed(visit.api, visit.actor)) {
    const approval = await showApproval(visit.api, visit.actor, listed.id);
    if (!actsOf(visit, approval).review) continue;
    const gist = approval.content === null ? '' : gistOf(approval.kind, JSON.parse(approval.content));
    const { id, resource, requester, createdAt } = summarise(approval, gist, []);
    due.push({ id, resource, gist, requester, createdAt });
  }
  return due;
}
