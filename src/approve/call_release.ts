import { GatewayError } from '../errors.ts';
import type { AnswerPart, CallVerdict, HeldBlock, Wait } from '../model/answer.ts';
import type { Approval, Approvals, Bound, Held, Question, Standing } from '../model/approval.ts';
import type { Recorded } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { deniedText, expiredText } from './texts.ts';

/** What the step needs of the other rooms, and its times. */
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
  /** What is shown in the stream of a text that says what it waits for; null where nothing is. */
  readonly notice: ((text: string) => string) | null;
  readonly clock: () => number;
  /** Whom a caller may ask, or null. */
  readonly contact: string | null;
  /** Milliseconds for which a call is held: since the last part of the answer, or since its caller came for it. */
  readonly holdMs: number;
}

/** A call that waits for humans. */
export interface WaitingCall {
  readonly part: HeldBlock;
  readonly verdict: CallVerdict;
  readonly question: Question;
  /** Where its question stood when it was asked; null where the answer could not be parked. */
  readonly standing: Promise<Standing | null>;
}

/** A call as it may go on: under a grant that was taken for it, or as something that needs none. */
export interface Settled {
  readonly part: HeldBlock;
  readonly held: Held | null;
}

const tooLarge = 'the answer is too large to wait for an approval; make a smaller call';
const tooMany = 'too many of your calls wait for an approval already; wait for those first';
/** Between two looks at a grant that another exchange holds. */
const inUseMs = 250;

/** Carries the calls of one answer from their questions to their release. */
export class CallRelease {
  readonly #exchange: Recorded;
  readonly #options: CallApprovalOptions;
  /** Aborted when nothing will be released any more; a caller that leaves does not end the wait. */
  readonly #stopped = new AbortController();
  #asked = false;
  #lastAt: number;
  givenUp = false;

  constructor(exchange: Recorded, options: CallApprovalOptions) {
    this.#exchange = exchange;
    this.#options = options;
    this.#lastAt = options.clock();
  }

  /** A part of the answer came. */
  sees(): void {
    this.#lastAt = this.#options.clock();
  }

  /** Opens the question of a call. */
  ask(part: HeldBlock): WaitingCall {
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

  async #open(question: Question): Promise<Standing | null> {
    if (!this.#asked) {
      this.#asked = true;
      this.#stopWith(this.#exchange.signal);
      this.#stopWith(this.#exchange.answer.broken);
    }
    // Humans are not asked about what could not be given to its caller.
    if (!(await this.#exchange.answer.park())) return null;
    return this.#options.approvals.ask(question);
  }

  /** Stops with a signal, where it is the gateway that aborts it. */
  #stopWith(signal: AbortSignal): void {
    const stop = () => {
      if (signal.reason instanceof GatewayError) this.#stopped.abort(signal.reason);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  /** The approval that a call has to wait for, or null. */
  async pending({ standing }: WaitingCall): Promise<Approval | null> {
    const now = await standing;
    return now?.state === 'pending' && !this.#stopped.signal.aborted ? now.approval : null;
  }

  /** Releases nothing any more; who waits gets the reason. */
  stop(reason: GatewayError): void {
    this.#stopped.abort(reason);
  }

  /** The answer has become too large to be kept: every call that still waits is denied. */
  giveUp(): void {
    this.givenUp = true;
    this.#stopped.abort(new GatewayError('OVERLOADED'));
  }

  /** The call as it may go on; or the approval that took too long. Rejects with GatewayError. */
  async settle(waiting: WaitingCall): Promise<Settled | { readonly late: Approval }> {
    try {
      return await this.#settle(waiting);
    } catch (thrown) {
      if (!this.givenUp) {
        if (isFull(thrown)) return this.#denied(waiting, tooMany, null);
        throw thrown;
      }
      const standing = await waiting.standing;
      if (standing?.state === 'pending') {
        await this.#options.approvals.supersede(standing.approval.id, 'the answer became too large to be kept');
      }
      return this.#denied(waiting, tooLarge, standing?.approval.id ?? null);
    }
  }

  async #settle(waiting: WaitingCall): Promise<Settled | { readonly late: Approval }> {
    const { approvals, judgeAgain, clock } = this.#options;
    const { signal } = this.#stopped;
    const { part } = waiting;
    let { question } = waiting;
    const opened = await waiting.standing;
    if (opened === null) return this.#denied(waiting, tooLarge, null);
    let standing = opened;
    let waited = false;
    for (;;) {
      signal.throwIfAborted();
      const { approval } = standing;
      if (standing.state === 'pending' || standing.state === 'in_use') {
        const deadline = this.#deadline();
        if (deadline.attended && clock() >= deadline.at) return { late: approval };
        waited = true;
        if (standing.state === 'pending') standing = await approvals.wait(approval.id, signal, deadline.at);
        else {
          await new Promise((resolve) => setTimeout(resolve, inUseMs));
          standing = await approvals.ask(question);
        }
        continue;
      }
      if (standing.state === 'denied') return this.#denied(waiting, deniedText(approval), approval.id);
      if (standing.state !== 'granted') {
        return this.#denied(waiting, expiredText(approval, standing.state), approval.id);
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
          return { part: await this.#options.deny(part, again), held: null };
        }
        if (again.effect === 'allow') return { part: { ...part, verdict: again }, held: null };
        const decision = again.decision!;
        if (!(await approvals.recheck(approval.id, decision, question.bound))) {
          question = { ...question, requirements: decision.approval, reasons: decision.reasons };
          standing = await approvals.ask(question);
          continue;
        }
      }
      const held = await approvals.take(standing, question, this.#exchange.id);
      if (held === null) {
        waited = true;
        standing = await approvals.ask(question);
        continue;
      }
      const verdict: CallVerdict = { ...waiting.verdict, effect: 'allow', decision: null, approval: approval.id };
      return { part: { ...part, verdict }, held };
    }
  }

  /**
   * When a call has been held long enough: where nobody is there, nobody gives up, and it is looked again by then
   * whether somebody came.
   */
  #deadline(): { readonly at: number; readonly attended: boolean } {
    const { clock, holdMs } = this.#options;
    const since = this.#exchange.answer.attendedSince;
    if (since === null) return { at: clock() + holdMs, attended: false };
    return { at: Math.max(this.#lastAt, since) + holdMs, attended: true };
  }

  /** Passes a call on and says what became of its grant: spent once it was passed, else to be used again. */
  async deliver({ part, held }: Settled, pass: (part: AnswerPart) => Wait): Promise<void> {
    try {
      if (held && !this.givenUp) this.#stopped.signal.throwIfAborted();
      await pass(part);
    } catch (thrown) {
      await held?.settle('not_sent').catch(nothing);
      throw thrown;
    }
    // What the store does not take now it gets later; the call is out.
    await held?.settle('delivered').catch(nothing);
  }

  async #denied({ part, verdict }: WaitingCall, message: string, approval: string | null): Promise<Settled> {
    const reasons = [{ id: 'approval', message }, ...verdict.reasons];
    const denied: CallVerdict = { ...verdict, effect: 'deny', reasons, decision: null, approval };
    return { part: await this.#options.deny(part, denied), held: null };
  }
}

const nothing = () => undefined;

/** Whether no question could be opened because its caller has too many. */
function isFull(thrown: unknown): boolean {
  return thrown instanceof GatewayError && thrown.code === 'OVERLOADED';
}
