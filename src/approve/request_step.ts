import { GatewayError } from '../errors.ts';
import type { Approval, Approvals, Bound, Question, Standing } from '../model/approval.ts';
import type { ActivePolicy, Decision } from '../model/decision.ts';
import type { Approved, KeptAnswer, Masked, Permission } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import type { Parking, ParkingOwner } from './parking.ts';
import { deniedText, expiredText, reasonsOf, waitingFor } from './texts.ts';

export interface RequestApprovalOptions {
  readonly approvals: Approvals;
  readonly parking: Parking;
  readonly fingerprint: (exchange: Masked) => Promise<Bound>;
  /** The projection that policy saw, for the approver. */
  readonly facts: (exchange: Masked) => JsonObject;
  /** Marks of the texts that an approval of this request releases. */
  readonly releases: (exchange: Masked) => readonly string[];
  /** Asks the active bundle about this request once more. Throws GatewayError POLICY_UNAVAILABLE. */
  readonly decideAgain: (exchange: Masked) => { readonly policy: ActivePolicy; readonly decision: Decision };
  /** Throws where the caller's token was revoked or has expired meanwhile. */
  readonly stillKnown: (exchange: Masked) => void;
  readonly clock: () => number;
  /** Whom a caller may ask, or null. */
  readonly contact: string | null;
  /** How many requests may wait for humans at one time. */
  readonly holdsMost: number;
  /** The same for one tenant. */
  readonly tenantHoldsMost: number;
  /** Milliseconds from the arrival of a streamed request for which it is held. */
  readonly streamHoldMs: number;
  /** The same for a call that is not streamed; its client gives up at 300 s. */
  readonly callHoldMs: number;
}

/** The longest wait for a grant that another exchange holds before the caller is told to come back. */
const inUseMs = 10_000;

/** A request that is held; `answer` is set once an equal one is being answered. */
interface Waiter {
  answer: KeptAnswer | null;
}

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
  const waiters = new Map<string, Set<Waiter>>();

  const free = (exchange: Masked, bound: Bound | null): Approved => {
    const key = async () => keyOf(exchange, bound ?? (await options.fingerprint(exchange)));
    return { ...exchange, permission: null, attached: null, answer: parking.open(ownerOf(exchange), key) };
  };

  const attach = (exchange: Masked, answer: KeptAnswer): Approved => {
    exchange.notes.attached_to = answer.exchange;
    return { ...exchange, permission: null, attached: answer, answer };
  };

  const granted = (exchange: Masked, question: Question, standing: Permission['standing']): Approved => {
    const key = keyOf(exchange, question.bound);
    const going = parking.find(key);
    if (going) return attach(exchange, going);
    const answer = parking.open(ownerOf(exchange), key);
    // In the parking before the grant is taken: an equal request finds it there, and does not take the grant twice.
    void answer.park();
    for (const waiter of waiters.get(key) ?? []) waiter.answer = answer;
    return { ...exchange, permission: { question, standing }, attached: null, answer };
  };

  const consider = async (exchange: Masked): Promise<Approved> => {
    const bound = await options.fingerprint(exchange);
    const going = parking.find(keyOf(exchange, bound));
    if (going) return attach(exchange, going);
    if (exchange.decision.effect !== 'require_approval') return free(exchange, bound);
    const side = exchange.client.class !== 'main' && exchange.client.class !== 'subagent';
    if (side || exchange.route.action !== 'messages.create') return sideRequest(exchange, bound);
    const leave = holds.enter(exchange.identity.principal.tenant);
    const waiter: Waiter = { answer: null };
    const key = keyOf(exchange, bound);
    const equal = waiters.get(key) ?? new Set();
    waiters.set(key, equal.add(waiter));
    try {
      return await hold(exchange, bound, waiter);
    } catch (thrown) {
      // A caller that left is told nothing; what is recorded is that nobody had decided by then.
      if (thrown instanceof GatewayError || !exchange.signal.aborted) throw thrown;
      throw new GatewayError('APPROVAL_PENDING', 'The caller left before a human had decided.');
    } finally {
      leave();
      equal.delete(waiter);
      if (equal.size === 0) waiters.delete(key);
    }
  };

  /** Requests beside the conversation repeat its text: they may use what was granted, but never ask. */
  const sideRequest = async (exchange: Masked, bound: Bound): Promise<Approved> => {
    const question = questionOf(exchange, bound, options);
    const standing = await approvals.look(question);
    if (standing?.state === 'granted') return granted(exchange, question, standing);
    const rules = exchange.decision.reasons.map((reason) => reason.id);
    throw new GatewayError('APPROVAL_DENIED', 'This request repeats what waits for an approval.', { rules });
  };

  const hold = async (first: Masked, bound: Bound, waiter: Waiter): Promise<Approved> => {
    let exchange = first;
    let question = questionOf(exchange, bound, options);
    let standing = await approvals.ask(question);
    let waited = false;
    let inUseSince: number | null = null;
    const deadline = deadlineOf(exchange, options);
    for (;;) {
      exchange.signal.throwIfAborted();
      const going = sharedOf(waiter) ?? parking.find(keyOf(exchange, bound));
      if (going) {
        if (waited) requireAllowed(exchange, options);
        return attach(exchange, going);
      }
      if (standing.state === 'pending') {
        if (options.clock() >= deadline) throw pendingError(standing.approval, question, options.contact);
        openStream(exchange);
        waited = true;
        inUseSince = null;
        standing = await approvals.wait(standing.approval.id, exchange.signal, deadline);
        continue;
      }
      if (standing.state === 'in_use') {
        inUseSince ??= options.clock();
        if (options.clock() >= Math.min(deadline, inUseSince + inUseMs)) {
          throw pendingError(standing.approval, question, options.contact);
        }
        waited = true;
        await new Promise((resolve) => setTimeout(resolve, 250));
        standing = await approvals.ask(question);
        continue;
      }
      if (standing.state !== 'granted') throw endedError(standing, exchange.decision);
      if (!waited) return granted(exchange, question, standing);
      const again = await recheck(exchange, question, standing, options);
      exchange = again.exchange;
      if (again.outcome === 'allowed') return free(exchange, bound);
      if (again.outcome === 'enough') return granted(exchange, question, standing);
      question = questionOf(exchange, bound, options);
      standing = await approvals.ask(question);
    }
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

/** The answer of an equal request, unless it came to nothing. */
function sharedOf({ answer }: Waiter): KeptAnswer | null {
  return answer?.lost || answer?.end instanceof Error ? null : answer;
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

/** Asks after a wait whether the caller is still known and policy does not deny. Throws GatewayError. */
function requireAllowed(exchange: Masked, options: RequestApprovalOptions) {
  options.stillKnown(exchange);
  const asked = options.decideAgain(exchange);
  const { decision } = asked;
  if (decision.effect !== 'deny') return asked;
  const rules = decision.reasons.map((reason) => reason.id);
  const text = decision.reasons.map(({ id, message }) => `${id}: ${message}`).join('; ');
  throw new GatewayError('POLICY_DENIED', text, { rules, withhold: decision.withhold });
}

/**
 * After a wait everything is asked again. `not_enough`: the recorded verdicts do not meet what policy requires now. The
 * exchange that is returned has the decision of now.
 */
async function recheck(
  exchange: Masked,
  question: Question,
  standing: Permission['standing'],
  options: RequestApprovalOptions,
): Promise<{ readonly exchange: Masked; readonly outcome: 'allowed' | 'enough' | 'not_enough' }> {
  const { approval } = standing;
  let again: ReturnType<typeof requireAllowed>;
  try {
    again = requireAllowed(exchange, options);
  } catch (thrown) {
    if (thrown instanceof GatewayError && thrown.code === 'POLICY_DENIED') {
      await options.approvals.supersede(approval.id, 'policy denies it now');
    }
    throw thrown;
  }
  const { policy, decision } = again;
  if (obligations(decision) !== obligations(exchange.decision)) {
    // What was shown to the approvers is not what would be sent now.
    await options.approvals.supersede(approval.id, 'policy asks for other obligations now');
    throw new GatewayError('APPROVAL_PENDING', 'Policy has changed meanwhile. Send the request again.');
  }
  const now = { ...exchange, policy, decision };
  if (decision.effect === 'allow') return { exchange: now, outcome: 'allowed' };
  const enough = await options.approvals.recheck(approval.id, decision, question.bound);
  return { exchange: now, outcome: enough ? 'enough' : 'not_enough' };
}

function obligations({ mask, credential, limits }: Decision): string {
  return JSON.stringify([mask, credential, limits]);
}

function questionOf(exchange: Masked, bound: Bound, options: RequestApprovalOptions): Question {
  const { decision, policy } = exchange;
  return {
    bound,
    principal: exchange.identity.principal,
    conversation: exchange.conversation.id,
    exchange: exchange.id,
    action: exchange.route.action,
    summary: exchange.body?.root.get('model')?.string() ?? exchange.route.action,
    requirements: decision.approval,
    reasons: decision.reasons,
    policy: { bundle: policy.bundle, version: policy.version, revision: policy.revision },
    maxTokens: maxTokensOf(exchange),
    facts: options.facts(exchange),
    releases: options.releases(exchange),
  };
}

/** What the request may ask for, after policy lowered it. */
function maxTokensOf({ body, decision }: Masked): number | null {
  const asked = body?.root.get('max_tokens')?.number() ?? null;
  const ceiling = decision.limits.max_output_tokens;
  return asked === null || ceiling === null ? asked : Math.min(asked, ceiling);
}

function ownerOf({ id, identity }: Masked): ParkingOwner {
  return { exchange: id, principal: identity.principal };
}

function keyOf(exchange: Masked, bound: Bound): string {
  return `${exchange.identity.principal.tenant} ${bound.fingerprint}`;
}

function deadlineOf(exchange: Masked, options: RequestApprovalOptions): number {
  return exchange.startedAt + (isStream(exchange) ? options.streamHoldMs : options.callHoldMs);
}

function isStream(exchange: Masked): boolean {
  return exchange.body?.root.get('stream')?.boolean() === true;
}

/** A held stream is opened at once, so that its client sees bytes while humans think. */
function openStream(exchange: Masked): void {
  if (!isStream(exchange) || exchange.reply.begun) return;
  exchange.reply.begin(200, [
    ['content-type', 'text/event-stream; charset=utf-8'],
    ['cache-control', 'no-cache'],
    ['request-id', exchange.id],
  ]);
  exchange.reply.flush();
  exchange.reply.keepAlive();
}

function pendingError(approval: Approval, question: Question, contact: string | null): GatewayError {
  const rules = question.reasons.map((reason) => reason.id);
  return new GatewayError('APPROVAL_PENDING', waitingFor(approval, 'This request', contact), { rules });
}

type Ended = Exclude<Standing, { readonly state: 'granted' | 'in_use' | 'pending' }>;

function endedError({ state, approval }: Ended, { withhold }: Decision): GatewayError {
  const rules = approval.reasons.map((reason) => reason.id);
  if (state === 'denied') {
    // What a human denied does not come back with the next prompt.
    const least = withhold === 'none' ? 'detected' : withhold;
    return new GatewayError('APPROVAL_DENIED', `${deniedText(approval)} ${reasonsOf(approval)}`, {
      rules,
      withhold: least,
    });
  }
  return new GatewayError('APPROVAL_EXPIRED', `${expiredText(approval, state)} ${reasonsOf(approval)}`, { rules });
}
