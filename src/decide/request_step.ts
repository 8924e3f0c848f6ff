import { GatewayError } from '../errors.ts';
import type { ActivePolicy, Decision, PolicySource, Reason } from '../model/decision.ts';
import type { Decided, Scanned } from '../model/exchange.ts';
import { addMask, type MaskMode, type RedactLeaf } from '../model/scan.ts';
import type { Clock } from './clock.ts';
import { requestExcerpt } from './excerpt.ts';
import { fallbackModels, projectRequest } from './project.ts';

export interface RequestStepOptions {
  readonly source: PolicySource;
  readonly clock: Clock;
  /** Makes of a text of the request what policy may be shown. */
  readonly redactLeaf: RedactLeaf;
}

/**
 * The `decide` step of the way in: asks the active policy, which the exchange then keeps to its end, and turns the
 * obligations into a mask plan and a lower `max_tokens`. `require_approval` goes on: the approve step asks.
 *
 * The step throws GatewayError POLICY_DENIED with the rules and their reasons, or POLICY_UNAVAILABLE.
 */
export function createRequestStep(options: RequestStepOptions): (exchange: Scanned) => Decided {
  return (exchange) => {
    const { policy, decision } = decideRequest(exchange, options);
    if (decision.effect === 'deny') {
      const { bundle, version, revision } = policy;
      exchange.notes.refused_by = { bundle, version, revision, effect: decision.effect };
      const rules = decision.reasons.map((reason) => reason.id);
      throw new GatewayError('POLICY_DENIED', reasonText(decision.reasons), { rules, withhold: decision.withhold });
    }
    limitOutput(exchange, decision.limits.max_output_tokens);
    return { ...exchange, policy, decision, maskPlan: maskPlanOf(decision) };
  };
}

/**
 * Asks the active policy about a request, and again for each model that may answer in place of the one asked for: the
 * strictest effect decides. Throws GatewayError POLICY_UNAVAILABLE, BODY_SHAPE.
 */
export function decideRequest(
  exchange: Scanned,
  { source, clock, redactLeaf }: RequestStepOptions,
): { readonly policy: ActivePolicy; readonly decision: Decision } {
  const policy = source.current();
  const excerpt = requestExcerpt(exchange.body, policy.excerpts.request, redactLeaf);
  const input = projectRequest(exchange, clock, excerpt);
  let decision = policy.decide('request', input);
  for (const model of fallbackModels(exchange.body?.root ?? null)) {
    const instead = policy.decide('request', { ...input, request: { ...input.request, model } });
    if (strictness[instead.effect] > strictness[decision.effect]) decision = instead;
  }
  return { policy, decision };
}

const strictness = { allow: 0, require_approval: 1, deny: 2 } as const satisfies Record<Decision['effect'], number>;

/** What policy said no with, as one line for a caller: `rule: reason; rule: reason`. */
export function reasonText(reasons: readonly Pick<Reason, 'id' | 'message'>[]): string {
  return reasons.map(({ id, message }) => (message === '' ? id : `${id}: ${message}`)).join('; ');
}

/** The masks of a decision by class. */
function maskPlanOf(decision: Decision): Map<string, MaskMode> {
  const plan = new Map<string, MaskMode>();
  addMasks(plan, decision);
  return plan;
}

/** Adds the masks of a decision to a plan; where a class is named twice the stronger mode wins. */
export function addMasks(plan: Map<string, MaskMode>, { mask }: Decision): void {
  for (const { detectors, mode } of mask) {
    for (const name of detectors) addMask(plan, name, mode);
  }
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
