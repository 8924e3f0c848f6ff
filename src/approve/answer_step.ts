import { GatewayError, toGatewayError } from '../errors.ts';
import type { AnswerPart, CallVerdict, HeldBlock, Next, StreamEvent, Wait, WayBackStep } from '../model/answer.ts';
import type { Approval, Approvals, Bound, Question, Standing } from '../model/approval.ts';
import type { Recorded } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { deniedText, expiredText, waitingFor } from './texts.ts';

export interface CallApprovalOptions {
  readonly approvals: Approvals;
  readonly fingerprint: (exchange: Recorded, part: HeldBlock) => Bound;
  readonly facts: (exchange: Recorded, part: HeldBlock) => JsonObject;
  /** Judges the call by the active bundle, and throws where the caller was revoked meanwhile. */
  readonly judgeAgain: (part: HeldBlock) => CallVerdict;
  /** Makes of a call what its denial says. */
  readonly deny: (part: HeldBlock, verdict: CallVerdict) => Promise<HeldBlock>;
  /** A text block that the gateway makes. */
  readonly text: (index: number, text: string) => HeldBlock;
  readonly clock: () => number;
  /** Whom a caller may ask, or null. */
  readonly contact: string | null;
  /** Milliseconds since the last part of the answer for which a call is held. */
  readonly holdMs: number;
}

/** Parts that may queue behind a held call before Claude is read no further. */
const queueMost = 20_000;

interface Waiting {
  readonly part: HeldBlock;
  readonly verdict: CallVerdict;
  readonly question: Question;
  readonly standing: Promise<Standing>;
}

interface Released {
  readonly part: HeldBlock;
  /** To be called once it was written. */
  readonly written: () => Promise<void>;
}

type Queued = { readonly waiting: Waiting } | { readonly part: AnswerPart };

/**
 * The `approve` step of the way back: a call that humans have to approve waits here for its grant, and what follows
 * it waits behind it. Claude is read on meanwhile, into an answer that is kept whether the caller stays or not. All
 * calls of an answer are asked about at once and released in their order.
 */
export function createApproveAnswerStep(exchange: Recorded, options: CallApprovalOptions): WayBackStep {
  const release = new CallRelease(exchange, options);
  const queue: Queued[] = [];
  let draining: Promise<void> | null = null;
  let failure: Error | null = null;
  let over = false;

  const drain = async (next: Next): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if ('part' in item) {
        await next(item.part);
        continue;
      }
      const released = await release.settle(item.waiting);
      if ('late' in released) {
        over = true;
        for (const part of release.goodbye(item.waiting, released.late, queue)) await next(part);
        queue.length = 0;
        return;
      }
      await next(released.part);
      await released.written();
    }
  };

  return (part, next): Wait => {
    if (failure) throw failure;
    if (over) return undefined;
    release.sees();
    const asks = part.kind === 'block' && part.verdict?.effect === 'require_approval';
    if (!asks && draining === null) return next(part);
    queue.push(asks ? { waiting: release.ask(part as HeldBlock) } : { part });
    draining ??= drain(next).then(
      () => {
        draining = null;
      },
      (thrown: Error) => {
        failure = toGatewayError(thrown);
        draining = null;
      },
    );
    const last = part.kind === 'event' && (part.type === 'message_stop' || part.type === 'error');
    if (!last && queue.length < queueMost) return undefined;
    return draining.then(() => {
      if (failure) throw failure;
    });
  };
}

/** Carries one call from its question to its release. */
class CallRelease {
  readonly #exchange: Recorded;
  readonly #options: CallApprovalOptions;
  /** Aborted when the gateway stops the exchange; a caller that leaves does not end the wait. */
  readonly #stopped = new AbortController();
  #lastAt: number;

  constructor(exchange: Recorded, options: CallApprovalOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#lastAt = options.clock();
  }

  sees(): void {
    this.#lastAt = this.#options.clock();
  }

  ask(part: HeldBlock): Waiting {
    const { identity, conversation, id, policy } = this.#exchange;
    const verdict = part.verdict!;
    const decision = verdict.decision!;
    const question: Question = {
      bound: this.#options.fingerprint(this.#exchange, part),
      principal: identity.principal,
      conversation: conversation.id,
      exchange: id,
      action: 'tool.use',
      summary: verdict.tool,
      requirements: decision.approval,
      reasons: decision.reasons,
      policy: { bundle: policy.bundle, version: policy.version, revision: policy.revision },
      maxTokens: null,
      facts: this.#options.facts(this.#exchange, part),
      releases: [],
    };
    const standing = this.#open(question);
    // It is looked at when the call's turn comes; a failure until then is nobody's yet.
    standing.catch(() => undefined);
    return { part, verdict, question, standing };
  }

  async #open(question: Question): Promise<Standing> {
    const { signal } = this.#exchange;
    const stop = () => {
      if (signal.reason instanceof GatewayError) this.#stopped.abort(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    await this.#exchange.answer.park();
    return this.#options.approvals.ask(question);
  }

  /** The call as it may go on, with what is to be done once it was written; or the approval that took too long. */
  async settle(waiting: Waiting): Promise<Released | { readonly late: Approval }> {
    const { approvals, judgeAgain, clock, holdMs } = this.#options;
    const { part, question } = waiting;
    let standing = await waiting.standing;
    let waited = false;
    if (!this.#exchange.answer.parked) return this.#denied(part, waiting.verdict, tooLarge, null);
    for (;;) {
      const { approval } = standing;
      const late = clock() >= this.#lastAt + holdMs;
      if (standing.state === 'pending') {
        if (late) return { late: approval };
        waited = true;
        standing = await approvals.wait(approval.id, this.#stopped.signal, this.#lastAt + holdMs);
        continue;
      }
      if (standing.state === 'in_use') {
        if (late) return { late: approval };
        await new Promise((resolve) => setTimeout(resolve, 250));
        standing = await approvals.ask(question);
        continue;
      }
      if (standing.state === 'denied') return this.#denied(part, waiting.verdict, deniedText(approval), approval.id);
      if (standing.state !== 'granted') {
        return this.#denied(part, waiting.verdict, expiredText(approval, standing.state), approval.id);
      }
      // Nothing is taken for a caller that is not there: the call waits in the parked answer.
      const attended = this.#exchange.answer.attended();
      if (attended) {
        waited = true;
        await attended;
      }
      if (waited) {
        const again = judgeAgain(part);
        if (again.effect === 'deny') {
          await approvals.supersede(approval.id, 'policy denies it now');
          return { part: await this.#options.deny(part, again), written: nothing };
        }
        if (again.effect === 'allow') return { part: { ...part, verdict: again }, written: nothing };
        if (!(await approvals.recheck(approval.id, again.decision!, question.bound))) {
          standing = await approvals.ask({ ...question, requirements: again.decision!.approval });
          continue;
        }
      }
      const held = await approvals.take(standing, question, this.#exchange.id);
      if (held === null) {
        standing = await approvals.ask(question);
        continue;
      }
      const verdict: CallVerdict = { ...waiting.verdict, effect: 'allow', decision: null, approval: approval.id };
      return { part: { ...part, verdict }, written: () => held.settle('delivered') };
    }
  }

  async #denied(part: HeldBlock, verdict: CallVerdict, message: string, approval: string | null): Promise<Released> {
    const reasons = [{ id: 'approval', message }, ...verdict.reasons];
    const denied: CallVerdict = { ...verdict, effect: 'deny', reasons, decision: null, approval };
    return { part: await this.#options.deny(part, denied), written: nothing };
  }

  /** Ends the answer with a finished text, so that its caller can go on and ask again; the approval stays open. */
  goodbye(waiting: Waiting, approval: Approval, rest: readonly Queued[]): AnswerPart[] {
    const delta = rest.flatMap((item) => ('part' in item ? [item.part] : [])).find(isMessageDelta);
    const subject = `The call of tool ${waiting.verdict.tool}`;
    const text = `[sallyport] ${waitingFor(approval, subject, this.#options.contact)} Say "continue" once it is approved.`;
    const usage = delta?.data.usage ?? { output_tokens: 0 };
    return [
      this.#options.text(waiting.part.index, text),
      made('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage }),
      made('message_stop', {}),
    ];
  }
}

const tooLarge = 'the answer is too large to wait for an approval; make a smaller call';
const nothing = async () => undefined;

function isMessageDelta(part: AnswerPart): part is StreamEvent {
  return part.kind === 'event' && part.type === 'message_delta';
}

function made(type: string, data: JsonObject): StreamEvent {
  return { kind: 'event', type, index: -1, data: { type, ...data }, bytes: null, spans: [] };
}
