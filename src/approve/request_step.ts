import { GatewayError } from '../errors.ts';
import type { Bound } from '../model/approval.ts';
import type { Approved, KeptAnswer, Masked } from '../model/exchange.ts';
import { claimOf, HeldRequest, questionOf, type RequestApprovalOptions, type WaysOn } from './held_request.ts';
import type { ParkingOwner } from './parking.ts';

/**
 * The `approve` step of the way in: finds or opens the approval of this request's fingerprint and holds the request
 * until humans have decided. A caller that sends a request which is being answered already gets that answer.
 *
 * The step throws GatewayError APPROVAL_PENDING (nobody decided while it was held; the approval stays open),
 * APPROVAL_DENIED, APPROVAL_EXPIRED, OVERLOADED, POLICY_DENIED, TOKEN_*, STATE_UNAVAILABLE.
 */
export function createApproveStep(options: RequestApprovalOptions): (exchange: Masked) => Approved | Promise<Approved> {
  const { approvals, parking } = options;
  const holds = createHolds(options);
  /** Those held for the same request; where the grant is spent before they look again, they still get its answer. */
  const equals = new Map<string, HeldRequest[]>();

  const free = (exchange: Masked, key: string | null): Approved => {
    const name = key ?? (async () => keyOf(exchange, await options.fingerprint(exchange)));
    return { ...exchange, permission: null, attached: null, answer: parking.open(ownerOf(exchange), name) };
  };

  const attach = (exchange: Masked, answer: KeptAnswer): Approved => {
    exchange.notes.attached_to = answer.exchange;
    return { ...exchange, permission: null, attached: answer, answer };
  };

  const granted: WaysOn['granted'] = (exchange, key, claim, standing) => {
    const going = parking.find(key);
    if (going) return attach(exchange, going);
    const answer = parking.open(ownerOf(exchange), key);
    // In the parking before the grant is taken: an equal request finds it there, and does not take the grant twice.
    void answer.park();
    for (const held of equals.get(key) ?? []) held.answer = answer;
    return { ...exchange, permission: { claim, standing }, attached: null, answer };
  };

  const consider = async (exchange: Masked): Promise<Approved> => {
    const bound = await options.fingerprint(exchange);
    const key = keyOf(exchange, bound);
    const going = parking.find(key);
    if (going) return attach(exchange, going);
    if (exchange.decision.effect !== 'require_approval') return free(exchange, key);
    const side = exchange.client.class !== 'main' && exchange.client.class !== 'subagent';
    if (side || exchange.route.action !== 'messages.create') return sideRequest(exchange, key, bound);
    return hold(new HeldRequest(exchange, key, options, { free, attach, granted }), bound);
  };

  /** Requests beside the conversation repeat its text: they may use what was granted, but never ask. */
  const sideRequest = async (exchange: Masked, key: string, bound: Bound): Promise<Approved> => {
    const question = questionOf(exchange, bound, options);
    const standing = await approvals.look(question);
    if (standing?.state === 'granted') return granted(exchange, key, claimOf(question), standing);
    const rules = exchange.decision.reasons.map((reason) => reason.id);
    throw new GatewayError('APPROVAL_DENIED', 'This request repeats what waits for an approval.', { rules });
  };

  const hold = (held: HeldRequest, bound: Bound): Promise<Approved> => {
    const leave = holds.enter(held.tenant);
    equals.set(held.key, [...(equals.get(held.key) ?? []), held]);
    const ended = () => {
      leave();
      const others = equals.get(held.key)!.filter((other) => other !== held);
      if (others.length > 0) equals.set(held.key, others);
      else equals.delete(held.key);
    };
    return held.decided(bound).then(
      (approved) => {
        ended();
        return approved;
      },
      (thrown) => {
        ended();
        throw held.refusal(thrown);
      },
    );
  };

  return (exchange) => {
    if (exchange.decision.effect === 'require_approval') return consider(exchange);
    if (exchange.route.action !== 'messages.create') return free(exchange, null);
    const { principal } = exchange.identity;
    if (parking.concerns(principal)) return consider(exchange);
    const concerned = approvals.mayConcern(principal, exchange.conversation.id);
    if (concerned === false) return free(exchange, null);
    if (concerned === true) return consider(exchange);
    return concerned.then((may) => (may ? consider(exchange) : free(exchange, null)));
  };
}

/** Counts who is held, of all and of each tenant. `enter` throws GatewayError OVERLOADED. */
function createHolds({ holdsMost, tenantHoldsMost }: RequestApprovalOptions) {
  const tenants = new Map<string, number>();
  let all = 0;
  return {
    enter(tenant: string): () => void {
      const own = tenants.get(tenant) ?? 0;
      if (all >= holdsMost) throw new GatewayError('OVERLOADED', 'too many requests wait for approval');
      if (own >= tenantHoldsMost) throw new GatewayError('OVERLOADED', 'too many of a tenant wait for approval');
      all += 1;
      tenants.set(tenant, own + 1);
      return () => {
        all -= 1;
        const left = tenants.get(tenant)! - 1;
        if (left === 0) tenants.delete(tenant);
        else tenants.set(tenant, left);
      };
    },
  };
}

function ownerOf({ id, identity }: Masked): ParkingOwner {
  return { exchange: id, principal: identity.principal };
}

function keyOf(exchange: Masked, bound: Bound): string {
  return `${exchange.identity.principal.tenant} ${bound.fingerprint}`;
}
