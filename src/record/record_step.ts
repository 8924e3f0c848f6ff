import type { AnswerPart, HeldBlock, Wait, WayBackStep } from '../model/answer.ts';
import type { Journal } from '../model/event.ts';
import type { Recorded } from '../model/exchange.ts';
import type { MaskMark } from '../model/scan.ts';
import { callDecidedEvent, markFacts } from './events.ts';
import type { ExchangeRecording } from './recording.ts';

/**
 * The `record` step of the way back: every part as it is delivered becomes frames of the recording, and what was
 * decided on a tool call is durable before the call goes on to the client. It waits for nothing else, unless more
 * than may be unflushed would be; in strict mode it throws AUDIT_UNAVAILABLE once the record cannot be kept.
 */
export function createRecordStep(exchange: Recorded, recording: ExchangeRecording, journal: Journal): WayBackStep {
  const marks = maskMarks(exchange.masks);
  return (part, next) => {
    if (part.kind === 'event' && part.index < 0) recording.answer.read(part);
    const added = marks();
    if (added.length > 0) recording.frame('mask', part.index, { marks: added.map(markFacts) });
    if (part.kind === 'block' && part.verdict) return decided(part, next);
    take(part);
    const wait = recording.pressure();
    return wait ? wait.then(() => next(part)) : next(part);
  };

  async function decided(part: HeldBlock, next: (part: AnswerPart) => Wait): Promise<void> {
    const verdict = part.verdict!;
    await journal.append(callDecidedEvent(exchange, verdict));
    recording.count(verdict.effect === 'allow' ? 'allow' : 'deny');
    recording.frame('decision', part.index, {
      tool: verdict.tool,
      call: verdict.callId,
      effect: verdict.effect,
      rules: verdict.reasons.map((reason) => reason.id),
    });
    take(part);
    await recording.pressure();
    await next(part);
  }

  function take(part: AnswerPart): void {
    if (!recording.full) return;
    if (part.kind === 'event') recording.frame('event', part.index, part.bytes ?? part.data);
    else if (part.original === null) recording.frame('block', part.index, part.block);
    else if (part.original instanceof Uint8Array) recording.frame('block', part.index, part.original);
    else for (const event of part.original) recording.frame('event', event.index, event.bytes ?? event.data);
  }
}

/** Gives at each call the masks that were added since the one before. */
function maskMarks(masks: readonly MaskMark[]): () => MaskMark[] {
  const seen = new Map<string, number>();
  let total = 0;
  const sum = () => {
    let count = 0;
    for (const mark of masks) count += mark.count;
    return count;
  };
  const changed = () => {
    const added: MaskMark[] = [];
    for (const mark of masks) {
      const key = `${mark.detector}\0${mark.mode}`;
      const more = mark.count - (seen.get(key) ?? 0);
      seen.set(key, mark.count);
      if (more > 0) added.push({ ...mark, count: more });
    }
    return added;
  };
  total = sum();
  changed();
  return () => {
    const now = sum();
    if (now === total) return [];
    total = now;
    return changed();
  };
}
