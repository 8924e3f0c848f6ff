import type { ApprovalSummary, ReviewDue, WaitingView } from '../models.ts';
import { Heading } from './layout.tsx';
import { Age, Badge, Empty, Panel, Who } from './parts.tsx';
import { Visible } from './text.tsx';

/** What waits for a person, the oldest first. */
export function Waiting({ view, now }: { readonly view: WaitingView; readonly now: number }) {
  const { approvals, reviews } = view;
  return (
    <>
      <Heading title="Waiting">
        <p class="muted live" aria-live="polite">
          {approvals.length === 0 ? 'nothing to decide' : `${approvals.length} to decide`}
        </p>
      </Heading>
      {approvals.length === 0 ? (
        <Empty title="The gate is quiet">
          When policy wants a person to look at a call before it goes through, it appears here by itself.
        </Empty>
      ) : (
        <ol class="cards">
          {approvals.map((approval) => (
            <WaitingCard key={approval.id} approval={approval} now={now} />
          ))}
        </ol>
      )}
      {reviews.length > 0 && (
        <div class="due">
          <Panel title="To be reviewed: somebody broke the glass">
            <ul>
              {reviews.map((review) => (
                <ReviewLine key={review.id} review={review} now={now} />
              ))}
            </ul>
          </Panel>
        </div>
      )}
    </>
  );
}

function ReviewLine({ review, now }: { readonly review: ReviewDue; readonly now: number }) {
  return (
    <li>
      <a data-item href={`/approvals/${encodeURIComponent(review.id)}`}>
        <Visible text={review.gist === '' ? review.resource : review.gist} />
      </a>
      <span class="muted">
        <Who requester={review.requester} />
        {', asked '}
        <Age at={review.createdAt} now={now} />
      </span>
    </li>
  );
}

function WaitingCard({ approval, now }: { readonly approval: ApprovalSummary; readonly now: number }) {
  const soon = approval.expiresAt - now < 120_000;
  return (
    <li class="card">
      <a class="card-link" data-item href={`/approvals/${encodeURIComponent(approval.id)}`}>
        <span class="card-top">
          <span class="card-title">
            <Visible text={approval.resource} />
          </span>
          <span class="muted">
            {'asked '}
            <Age at={approval.createdAt} now={now} />
          </span>
        </span>
        {approval.gist !== '' && (
          <code class="gist">
            <Visible text={approval.gist} />
          </code>
        )}
        <span class="card-bottom">
          <Who requester={approval.requester} />
          <span class="card-marks">
            {approval.reasons.map((reason) => (
              <code class="rule" key={reason.id}>
                {reason.id}
              </code>
            ))}
            {approval.quorum > 1 && (
              <Badge>
                {approval.approved} of {approval.quorum} approved
              </Badge>
            )}
            <Badge tone={soon ? 'bad' : 'wait'}>
              {'ends '}
              <Age at={approval.expiresAt} now={now} />
            </Badge>
          </span>
        </span>
      </a>
    </li>
  );
}
