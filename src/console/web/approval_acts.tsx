import type { ApprovalView, GrantShown, Page } from '../models.ts';
import { Moment } from './parts.tsx';
import { Visible } from './text.tsx';

interface Shown {
  readonly view: ApprovalView;
  readonly page: Page;
}

/** Where an approval is, and where its forms go. */
export function pathOf(id: string): string {
  return `/approvals/${encodeURIComponent(id)}`;
}

/** What may be done to an open approval besides deciding. */
export function Acts({ view, page }: Shown) {
  const { cancel, breakGlass } = view.acts;
  const action = pathOf(view.approval.id);
  return (
    <>
      {breakGlass && (
        <details class="act">
          <summary>Emergency: approve alone</summary>
          <form method="post" action={action}>
            <input type="hidden" name="csrf" value={page.viewer.csrf} />
            <input type="hidden" name="fingerprint" value={view.fingerprint} />
            <p class="muted">
              It holds once, for a short time, whatever else is required. It is recorded with your reason, and another
              person has to review it.
            </p>
            <label class="field">
              Why it cannot wait
              <textarea name="comment" rows={2} maxLength={500} required />
            </label>
            <button type="submit" name="act" value="break-glass" class="deny">
              Break the glass
            </button>
          </form>
        </details>
      )}
      {cancel && (
        <form method="post" action={action} class="act">
          <input type="hidden" name="csrf" value={page.viewer.csrf} />
          <button type="submit" name="act" value="cancel">
            Take the question back
          </button>
        </form>
      )}
    </>
  );
}

/** What became of the review after the glass was broken, or the form that closes it. */
export function Review({ view, page }: Shown) {
  const { review, acts } = view;
  if (review === null) return null;
  if (review.closedAt !== null) {
    return (
      <div class="act">
        <p>
          {'Reviewed '}
          <Moment at={review.closedAt} /> UTC
        </p>
        <p class="comment">
          <Visible text={review.comment ?? ''} />
        </p>
      </div>
    );
  }
  if (!acts.review) return <p class="act muted">Another person still has to review that the glass was broken.</p>;
  return (
    <form method="post" action={pathOf(view.approval.id)} class="act">
      <input type="hidden" name="csrf" value={page.viewer.csrf} />
      <label class="field">
        Your review of the emergency
        <textarea name="comment" rows={2} maxLength={500} required />
      </label>
      <button type="submit" name="act" value="review">
        Close the review
      </button>
    </form>
  );
}

/** Takes back a grant that can still be used. */
export function Revoke({ grant, view, page }: Shown & { readonly grant: GrantShown }) {
  const alive = (grant.state === 'approved' || grant.state === 'in_flight') && grant.expiresAt > page.now;
  if (!alive || !view.acts.revoke) return null;
  return (
    <form method="post" action={pathOf(view.approval.id)} class="revoke">
      <input type="hidden" name="csrf" value={page.viewer.csrf} />
      <input type="hidden" name="grant" value={grant.id} />
      <button type="submit" name="act" value="revoke">
        Revoke
      </button>
    </form>
  );
}
