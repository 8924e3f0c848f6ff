import { GatewayError } from '../errors.ts';
import type { Decision, PolicySource, Reason } from '../model/decision.ts';
import type { Decided, Scanned } from '../model/exchange.ts';
import type { Json } from '../model/json.ts';
import type { MaskMode, MaskPlan } from '../model/scan.ts';
import type { Clock } from './clock.ts';
import { projectRequest } from './project.ts';

export interface RequestStepOptions {
  readonly source: PolicySource;
  readonly clock: Clock;
  /** Whom to ask where policy wants an approval, or null. */
  readonly contact: string | null;
}

/**
 * The `decide` step of the way in: asks the active policy, which the exchange then keeps to its end, and turns the
 * obligations of an allow into a mask plan and a lower `max_tokens`.
 *
 * The step throws GatewayError POLICY_DENIED with the rules and their reasons, APPROVAL_UNSUPPORTED, or
 * POLICY_UNAVAILABLE.
 */
export function createRequestStep(options: RequestStepOptions): (exchange: Scanned) => Decided {
  return (exchange) => {
    const policy = options.source.current();
    const decision = policy.decide('request', { ...(projectRequest(exchange, options.clock) as unknown as Inputs) });
    if (decision.effect !== 'allow') {
      const { bundle, version, revision } = policy;
      exchange.notes.refused_by = { bundle, version, revision, effect: decision.effect };
      throw refusal(decision, options.contact);
    }
    limitOutput(exchange, decision.limits.max_output_tokens);
    return { ...exchange, policy, decision, maskPlan: maskPlanOf(decision) };
  };
}

type Inputs = { readonly [key: string]: Json };

/** What policy said no with, as one line for a caller: `rule: reason; rule: reason`. */
export function reasonText(reasons: readonly Pick<Reason, 'id' | 'message'>[]): string {
  return reasons.map(({ id, message }) => (message === '' ? id : `${id}: ${message}`)).join('; ');
}

/** How an approval that cannot be asked for yet is refused. */
export function approvalText(decision: Decision, contact: string | null): string {
  const groups = [...new Set(decision.approval.flatMap((requirement) => requirement.groups))].sort().join(', ');
  const whom = contact === null ? '' : ` Contact: ${contact}`;
  return `needs an approval by ${groups || 'a human'}, which this gateway cannot wait for yet (${reasonText(decision.reasons)}).${whom}`;
}

function refusal(decision: Decision, contact: string | null): GatewayError {
  const rules = decision.reasons.map((reason) => reason.id);
  if (decision.effect === 'deny') return new GatewayError('POLICY_DENIED', reasonText(decision.reasons), { rules });
  return new GatewayError('APPROVAL_UNSUPPORTED', `This request ${approvalText(decision, contact)}`, { rules });
}

/** The masks of a decision by class; where two name a class the stronger mode wins. */
export function maskPlanOf(decision: Decision): MaskPlan {
  const strength: { readonly [M in MaskMode]: number } = { token: 0, partial: 1, redact: 2 };
  const plan = new Map<string, MaskMode>();
  for (const { detectors, mode } of decision.mask) {
    for (const name of detectors) {
      const known = plan.get(name);
      if (known === undefined || strength[mode] > strength[known]) plan.set(name, mode);
    }
  }
  return plan;
}

/** Lowers `max_tokens` to the ceiling; thinking that was asked for beyond it is denied, since it could not be met. */
function limitOutput(exchange: Scanned, ceiling: number | null): void {
  const body = exchange.body;
  if (ceiling === null || body === null || exchange.route.action !== 'messages.create') return;
  const budget = body.root.get('thinking')?.get('budget_tokens')?.number() ?? null;
  if (budget !== null && budget >= ceiling) {
    const text = `thinking-over-ceiling: thinking.budget_tokens is ${budget}, but you may have at most ${ceiling} output tokens; ask for less`;
    throw new GatewayError('POLICY_DENIED', text, { rules: ['thinking-over-ceiling'] });
  }
  const wanted = body.root.get('max_tokens');
  const number = wanted?.number() ?? null;
  if (wanted && number !== null && number > ceiling) {
    body.splices.push({ start: wanted.start, end: wanted.end, bytes: Buffer.from(String(ceiling)) });
    exchange.notes.max_tokens_lowered_to = ceiling;
  }
}
