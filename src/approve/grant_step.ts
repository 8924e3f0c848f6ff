import { GatewayError } from '../errors.ts';
import type { Approvals } from '../model/approval.ts';
import type { Credentialed, Granted } from '../model/exchange.ts';

/**
 * The `grant` step of the way in: takes the grant for this exchange by compare-and-set in the shared store, right
 * before the intent is written and the request sent. A caller that attaches to a running answer needs none.
 *
 * The step rejects with GatewayError APPROVAL_PENDING (an equal request was faster), STATE_UNAVAILABLE.
 */
export function createGrantStep(approvals: Approvals): (exchange: Credentialed) => Granted | Promise<Granted> {
  return (exchange) => {
    const { permission } = exchange;
    if (permission === null) return { ...exchange, held: null };
    return approvals.take(permission.standing, permission.claim, exchange.id).then((held) => {
      if (held !== null) return { ...exchange, held };
      throw new GatewayError(
        'APPROVAL_PENDING',
        'An equal request uses the approval right now. Send the request again.',
      );
    });
  };
}
