import {
  type AnswerPart,
  type CallVerdict,
  type HeldBlock,
  inTurn,
  type StreamEvent,
  type WayBackStep,
} from '../model/answer.ts';
import type { Decision } from '../model/decision.ts';
import type { Decided } from '../model/exchange.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Redaction } from '../model/scan.ts';
import { type AnswerStepOptions, callJudge, denyCall, textBlock } from './call.ts';
import { chunkExcerpt } from './excerpt.ts';
import { countSpans } from './project.ts';
import { addMasks, reasonText } from './request_step.ts';

/**
 * The `decide` step of the way back for one answer. A held tool call is judged by itself: allowed it passes, denied it
 * becomes a text (`replace`) or a call of a tool that does not exist (`continue`), which the client answers with an error
 * the model can go on from; one that humans have to approve passes with that verdict. Pieces of the answer are judged as often as
 * the stream directive says; a denied one ends the answer as a complete, valid message.
 *
 * The step throws GatewayError POLICY_UNAVAILABLE, and TOKEN_REVOKED where a call comes for a caller that was revoked.
 */
export function createAnswerStep(exchange: Decided, options: AnswerStepOptions): WayBackStep {
  const judge = callJudge(exchange, options);
  const chunks = new ChunkJudge(exchange, options.redaction);
  return (part, next) => {
    if (chunks.stopped) return undefined;
    if (part.kind === 'block' && part.call) {
      chunks.sees(part);
      options.stillKnown();
      const verdict = judge(part);
      if (verdict.effect === 'deny') return carryOut(exchange, part, verdict, options).then(next);
      return next({ ...part, verdict });
    }
    const denied = chunks.judge(part);
    return denied === null ? next(part) : inTurn(chunks.ending(denied), next);
  };
}

/** Carries a denial out; what is renamed is remembered before the part may go on. */
export async function carryOut(
  exchange: Decided,
  part: HeldBlock,
  verdict: CallVerdict,
  options: Pick<AnswerStepOptions, 'renamed'>,
): Promise<HeldBlock> {
  const denied = denyCall(exchange, part, verdict);
  if (denied.renaming) await options.renamed(exchange.conversation.id, verdict.callId, denied.renaming);
  return denied.part;
}

/** Asks policy about pieces of the answer, and knows how to end the answer at any of them. */
class ChunkJudge {
  stopped = false;
  readonly #exchange: Decided;
  readonly #redaction: Redaction;
  readonly #mode: Decision['stream']['chunk'];
  readonly #counts: { [className: string]: number } = Object.create(null);
  readonly #open = new Set<number>();
  #nextIndex = 0;
  #outputTokens = 0;

  constructor(exchange: Decided, redaction: Redaction) {
    this.#exchange = exchange;
    this.#redaction = redaction;
    this.#mode = exchange.decision.stream.chunk;
  }

  /** Keeps track of indexes and of what is open; every part comes by here. */
  sees(part: AnswerPart): void {
    if (part.index >= this.#nextIndex) this.#nextIndex = part.index + 1;
    if (part.kind === 'block') return;
    if (part.type === 'content_block_start') this.#open.add(part.index);
    else if (part.type === 'content_block_stop') this.#open.delete(part.index);
    else if (part.type === 'message_start') {
      const usage = (part.data.message as JsonObject | undefined)?.usage as JsonObject | undefined;
      if (typeof usage?.output_tokens === 'number') this.#outputTokens = usage.output_tokens;
    }
  }

  /** The decision where it is no allow, else null. */
  judge(part: AnswerPart): Decision | null {
    if (this.#mode === 'off') {
      // Nothing will have to be ended, so nothing has to be known.
      return null;
    }
    this.sees(part);
    if (this.#mode === 'on_detection' && part.spans.length === 0) return null;
    const kind = kindOf(part);
    if (kind === null) return null;
    if (part.spans.length > 0) {
      const found = countSpans(part.spans);
      for (const name in found) this.#counts[name] = (this.#counts[name] ?? 0) + found[name]!;
    }
    const { policy, decision } = this.#exchange;
    const { thresholds } = decision.stream;
    const excerpt = chunkExcerpt(part, policy.excerpts.chunk, this.#redaction);
    const chunk = policy.decideChunk({ v: 1, kind, detections: this.#counts, thresholds, excerpt });
    if (chunk.effect !== 'allow') return chunk;
    // From here on: what has left cannot be called back.
    addMasks(this.#exchange.maskPlan, chunk);
    return null;
  }

  /** Closes what is open, says why, and ends the message; the part that was denied is not in it. */
  ending(decision: Decision): readonly AnswerPart[] {
    this.stopped = true;
    const { reasons } = decision;
    this.#exchange.notes.answer_stopped_by = reasons.map((reason) => reason.id);
    const parts: AnswerPart[] = [];
    for (const index of this.#open) parts.push(made('content_block_stop', index, { index }));
    parts.push(textBlock(this.#nextIndex, `[sallyport] Policy ended this answer. ${reasonText(reasons)}`, null));
    const delta = { stop_reason: 'end_turn', stop_sequence: null };
    parts.push(made('message_delta', -1, { delta, usage: { output_tokens: this.#outputTokens } }));
    parts.push(made('message_stop', -1, {}));
    return parts;
  }
}

// Thinking is never judged: it cannot be cut without making the next request invalid.
const unjudged: ReadonlySet<string> = new Set(['thinking_delta', 'signature_delta', 'thinking', 'redacted_thinking']);

/** What a piece is called in the chunk projection, or null for what is no content. */
function kindOf(part: AnswerPart): string | null {
  let content: Json | undefined;
  if (part.kind === 'block') content = part.block;
  else if (part.type === 'content_block_delta') content = part.data.delta;
  else return null;
  const type = (content as JsonObject | null | undefined)?.type;
  return typeof type === 'string' && !unjudged.has(type) ? type : null;
}

function made(type: string, index: number, data: JsonObject): StreamEvent {
  return { kind: 'event', type, index, data: { type, ...data }, bytes: null, spans: [] };
}
