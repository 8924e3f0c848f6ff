import type { MayAct } from '../model/approval.ts';
import type { PolicySource } from '../model/decision.ts';
import type { AdminInput } from '../model/projection.ts';
import { type Clock, projectNow } from './clock.ts';
import { projectPrincipal } from './project.ts';

/** Asks the policy point `sallyport/admin` whether a person may do something. Throws GatewayError POLICY_UNAVAILABLE. */
export function createMayAct(options: { readonly source: PolicySource; readonly clock: Clock }): MayAct {
  return (actor, action, { requester, approval }) => {
    const input: AdminInput = {
      v: 1,
      now: projectNow(options.clock),
      actor: projectPrincipal(actor),
      action,
      requester: requester && projectPrincipal(requester),
      approval,
    };
    return options.source.current().decide('admin', input);
  };
}
