import { GatewayError } from '../errors.ts';
import type { Approvals } from '../model/approval.ts';

/** The approvals of a gateway that cannot keep them: whatever needs one is refused. */
export function unavailableApprovals(): Approvals {
  const refuse = () => Promise.reject(new GatewayError('STATE_UNAVAILABLE', 'there is no store for approvals'));
  return {
    mayConcern: () => false,
    look: refuse,
    ask: refuse,
    wait: refuse,
    take: refuse,
    recheck: refuse,
    supersede: refuse,
    close: async () => undefined,
  };
}
