import { type GatewayError, toGatewayError } from '../errors.ts';
import type { AnswerPart, HeldBlock, Next, StreamEvent, Wait, WayBackStep } from '../model/answer.ts';
import type { Approval } from '../model/approval.ts';
import type { Recorded } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { type CallApprovalOptions, CallRelease, type WaitingCall } from './call_release.ts';
import { waitingFor } from './texts.ts';

/** Parts that may queue behind a held call before Claude is read no further. */
const queueMost = 20_000;

type Queued = { readonly waiting: WaitingCall } | { readonly part: AnswerPart };

/**
 * The `approve` step of the way back: a call that humans have to approve waits here for its grant, and what follows
 * it waits behind it. Claude is read on meanwhile, into an answer that is kept whether the caller stays or not. All
 * calls of an answer are asked about at once and released in their order.
 *
 * The step throws GatewayError TOKEN_REVOKED, POLICY_UNAVAILABLE, STATE_UNAVAILABLE.
 */
export function createApproveAnswerStep(exchange: Recorded, options: CallApprovalOptions): WayBackStep {
  const release = new CallRelease(exchange, options);
  const queue: Queued[] = [];
  let draining: Promise<void> | null = null;
  let failure: GatewayError | null = null;
  let over = false;
  let calls = 0;
  let shown = false;

  const pass = (part: AnswerPart, next: Next): Wait => {
    if (part.kind === 'block' && part.call) calls += 1;
    return next(shown && part.index >= 0 ? moved(part) : part);
  };

  /** Says once what the answer waits for, as a finished block of its own. */
  const show = async (waiting: WaitingCall, next: Next): Promise<void> => {
    if (options.notice === null || shown || !isStream(exchange)) return;
    const approval = await release.pending(waiting);
    if (approval === null) return;
    const subject = `The call of tool ${waiting.verdict.tool}`;
    const text = options.notice(waitingFor(approval, subject, options.contact));
    await next(options.text(waiting.part.index, text));
    shown = true;
  };

  const drain = async (next: Next): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if ('part' in item) {
        exchange.answer.letGo(item.part);
        await pass(item.part, next);
        continue;
      }
      await show(item.waiting, next);
      const settled = await release.settle(item.waiting);
      if ('late' in settled) {
        over = true;
        for (const part of goodbye(item.waiting, settled.late)) await next(part);
        forget();
        break;
      }
      await release.deliver(settled, (part) => pass(part, next));
    }
    // Here and not behind the promise: a part that comes in between would find nobody.
    draining = null;
  };

  /** Ends the answer with a finished text, so that its caller can go on and ask again; the approval stays open. */
  const goodbye = ({ part, verdict }: WaitingCall, approval: Approval): AnswerPart[] => {
    const delta = queue.flatMap((item) => ('part' in item ? [item.part] : [])).find(isMessageDelta);
    const subject = `The call of tool ${verdict.tool}`;
    const text = `[sallyport] ${waitingFor(approval, subject, options.contact)} Say "continue" once it is approved.`;
    const usage = delta?.data.usage ?? { output_tokens: 0 };
    // A call that was released before has to be answered by the client, so the reason must not be `end_turn`.
    const stop_reason = calls > 0 ? 'tool_use' : 'end_turn';
    return [
      options.text(part.index + (shown ? 1 : 0), text),
      made('message_delta', { delta: { stop_reason, stop_sequence: null }, usage }),
      made('message_stop', {}),
    ];
  };

  const forget = () => {
    for (const item of queue) if ('part' in item) exchange.answer.letGo(item.part);
    queue.length = 0;
  };

  const enqueue = (part: AnswerPart, asks: boolean) => {
    if (asks) queue.push({ waiting: release.ask(part as HeldBlock) });
    else {
      queue.push({ part });
      if (!exchange.answer.holdBack(part)) release.giveUp();
    }
  };

  return (part, next) => {
    if (failure) throw failure;
    if (over) return undefined;
    release.sees();
    const asks = part.kind === 'block' && part.verdict?.effect === 'require_approval';
    if (!asks && draining === null) return pass(part, next);
    if (part.kind === 'event' && part.type === 'error' && draining !== null) {
      // Claude broke off: what is not released by now never will be.
      over = true;
      forget();
      release.stop(toGatewayError(new Error('the answer broke off')));
      return draining.then(() => next(part));
    }
    enqueue(part, asks);
    draining ??= drain(next).catch((thrown: unknown) => {
      failure = toGatewayError(thrown);
      draining = null;
    });
    const last = part.kind === 'event' && part.type === 'message_stop';
    if (!last && !release.givenUp && queue.length < queueMost) return undefined;
    return draining.then(() => {
      if (failure) throw failure;
    });
  };
}

/** A part behind the block that was put in. */
function moved(part: AnswerPart): AnswerPart {
  const index = part.index + 1;
  if (part.kind === 'block') return { ...part, index, original: null };
  return { ...part, index, data: { ...part.data, index }, bytes: null };
}

function isStream({ body }: Recorded): boolean {
  return body?.root.get('stream')?.boolean() === true;
}

function isMessageDelta(part: AnswerPart): part is StreamEvent {
  return part.kind === 'event' && part.type === 'message_delta';
}

function made(type: string, data: JsonObject): StreamEvent {
  return { kind: 'event', type, index: -1, data: { type, ...data }, bytes: null, spans: [] };
}
