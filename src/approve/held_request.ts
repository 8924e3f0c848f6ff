import { GatewayError } from '../errors.ts';
import { shrink } from '../json/index.ts';
import type { Approval, Approvals, Bound, Claim, Question, Standing } from '../model/approval.ts';
import type { ActivePolicy, Decision } from '../model/decision.ts';
import type { Approved, KeptAnswer, Masked } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import type { Parking } from './parking.ts';
import { deniedText, expiredText, reasonsOf, waitingFor } from './texts.ts';

/** The longest wait for a grant that another exchange holds before the caller is told to come back. */
const inUseMs = 10_000;
/** Between two looks at such a grant. */
const lookMs = 250;

/** What the step needs of the other rooms, and its limits. */
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

/** How a held request may go on. */
export interface WaysOn {
  /** Policy does not ask any more. */
  readonly free: (exchange: Masked, key: string) => Approved;
  /** An equal request is being answered. */
  readonly attach: (exchange: Masked, answer: KeptAnswer) => Approved;
  readonly granted: (exchange: Masked, key: string, claim: Claim, standing: Granted) => Approved;
}

type Granted = Standing & { readonly state: 'granted' };

/**
 * A request that is held until humans have decided. There may be thousands of them for minutes, so nothing is kept that
 * can be made again: the canonical content, the facts, the approval as it was read.
 */
export class HeldRequest {
  /** Names the request among those of its tenant. */
  readonly key: string;
  /** The answer that an equal request began to be given while this one was held. */
  answer: KeptAnswer | null = null;
  readonly #options: RequestApprovalOptions;
  readonly #waysOn: WaysOn;
  #exchange: Masked;
  #claim: Claim | null = null;
  #waited = false;
  /** Since when another exchange holds the grant; epoch milliseconds. */
  #inUseSince: number | null = null;

  constructor(exchange: Masked, key: string, options: RequestApprovalOptions, waysOn: WaysOn) {
    this.key = key;
    this.#exchange = exchange;
    this.#options = options;
    this.#waysOn = waysOn;
  }

  get tenant(): string {
    return this.#exchange.identity.principal.tenant;
  }

  /** Asks, and resolves when the request may go on. Rejects with GatewayError, or with what its signal was aborted with. */
  decided(bound: Bound): Promise<Approved> {
    return this.#ask(bound).then(this.#next);
  }

  /** What is told where the wait failed. */
  refusal(thrown: unknown): unknown {
    // A caller that left is told nothing; what is recorded is that nobody had decided by then.
    if (thrown instanceof GatewayError || !this.#exchange.signal.aborted) return thrown;
    return new GatewayError('APPROVAL_PENDING', 'The caller left before a human had decided.');
  }

  /** Finds or opens the question of this request as it is now. */
  async #ask(bound?: Bound): Promise<Standing> {
    const { approvals, fingerprint } = this.#options;
    const exchange = this.#exchange;
    const question = questionOf(exchange, bound ?? (await fingerprint(exchange)), this.#options);
    this.#claim = claimOf(question);
    return approvals.ask(question);
  }

  /** What follows from where the question stands. It returns what it waits for: a frame that waits keeps what it has seen. */
  readonly #next = async (standing: Standing): Promise<Approved> => {
    const exchange = this.#exchange;
    exchange.signal.throwIfAborted();
    const going = this.#shared() ?? this.#options.parking.find(this.key);
    if (going) {
      if (this.#waited) requireAllowed(exchange, this.#options);
      return this.#waysOn.attach(exchange, going);
    }
    switch (standing.state) {
      case 'pending':
        return this.#wait(standing.approval);
      case 'in_use':
        return this.#waitForGrant(standing.approval);
      case 'granted':
        return this.#waited ? this.#useAfterWait(standing) : this.#granted(standing);
      default:
        throw endedError(standing, exchange.decision);
    }
  };

  #wait(approval: Approval): Promise<Approved> {
    const { approvals, clock } = this.#options;
    const deadline = this.#deadline();
    if (clock() >= deadline) throw this.#pending(approval);
    openStream(this.#exchange);
    this.#waited = true;
    this.#inUseSince = null;
    if (this.#exchange.body) shrink(this.#exchange.body.root);
    return approvals.wait(approval.id, this.#exchange.signal, deadline).then(this.#next);
  }

  #waitForGrant(approval: Approval): Promise<Approved> {
    const { clock } = this.#options;
    this.#inUseSince ??= clock();
    if (clock() >= Math.min(this.#deadline(), this.#inUseSince + inUseMs)) throw this.#pending(approval);
    this.#waited = true;
    return new Promise((resolve) => setTimeout(resolve, lookMs)).then(() => this.#ask()).then(this.#next);
  }

  /** After a wait everything is asked again. */
  async #useAfterWait(standing: Granted): Promise<Approved> {
    const again = await recheck(this.#exchange, this.#claim!, standing, this.#options);
    this.#exchange = again.exchange;
    if (again.outcome === 'allowed') return this.#waysOn.free(again.exchange, this.key);
    return again.outcome === 'enough' ? this.#granted(standing) : this.#ask().then(this.#next);
  }

  #granted(standing: Granted): Approved {
    return this.#waysOn.granted(this.#exchange, this.key, this.#claim!, standing);
  }

  /** The answer of an equal request, unless it came to nothing. */
  #shared(): KeptAnswer | null {
    return this.answer?.lost || this.answer?.end instanceof Error ? null : this.answer;
  }

  /** Epoch milliseconds until which it is held. */
  #deadline(): number {
    const { streamHoldMs, callHoldMs } = this.#options;
    return this.#exchange.startedAt + (isStream(this.#exchange) ? streamHoldMs : callHoldMs);
  }

  #pending(approval: Approval): GatewayError {
    const rules = this.#claim!.reasons.map((reason) => reason.id);
    return new GatewayError('APPROVAL_PENDING', waitingFor(approval, 'This request', this.#options.contact), { rules });
  }
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
  claim: Claim,
  standing: Granted,
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
  const enough = await options.approvals.recheck(approval.id, decision, claim.bound);
  return { exchange: now, outcome: enough ? 'enough' : 'not_enough' };
}

function obligations({ mask, credential, limits }: Decision): string {
  return JSON.stringify([mask, credential, limits]);
}

/** What humans are asked about a request. */
export function questionOf(exchange: Masked, bound: Bound, options: RequestApprovalOptions): Question {
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

/** What stays of a question while its request goes on. */
export function claimOf({ bound, principal, conversation, action, reasons, maxTokens }: Question): Claim {
  return { bound: { fingerprint: bound.fingerprint }, principal, conversation, action, reasons, maxTokens };
}

/** What the request may ask for, after policy lowered it. */
function maxTokensOf({ body, decision }: Masked): number | null {
  const asked = body?.root.get('max_tokens')?.number() ?? null;
  const ceiling = decision.limits.max_output_tokens;
  return asked === null || ceiling === null ? asked : Math.min(asked, ceiling);
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
