import type { AnswerPart, WayBackStep } from '../model/answer.ts';
import type { Recorded } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';

/**
 * The `note` step of the way back: watches what the gateway changed in this answer. A thinking block after a changed
 * block is bound to text that the client never saw, so the conversation is marked: later requests ask Claude to drop
 * such blocks instead of refusing them.
 *
 * @param mark marks the conversation durably
 */
export function createNoteStep(exchange: Recorded, mark: (conversation: string) => Promise<void>): WayBackStep {
  let edited = false;
  let marked = exchange.conversation.dropBlock;
  return (part, next) => {
    if (!marked && edited && isThinking(part)) {
      marked = true;
      return mark(exchange.conversation.id).then(() => next(part));
    }
    edited ||= isEdited(part);
    return next(part);
  };
}

function isEdited(part: AnswerPart): boolean {
  if (part.kind === 'block') return part.original === null;
  return part.bytes === null && part.index >= 0;
}

function isThinking(part: AnswerPart): boolean {
  const block = part.kind === 'block' ? part.block : (part.data.content_block as JsonObject | undefined);
  if (part.kind === 'event' && part.type !== 'content_block_start') return false;
  return block?.type === 'thinking' || block?.type === 'redacted_thinking';
}
