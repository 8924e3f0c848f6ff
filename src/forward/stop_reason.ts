import type { StreamEvent, WayBackStep } from '../model/answer.ts';
import type { JsonObject } from '../model/json.ts';

/**
 * The `correct` step of the way back: an answer whose calls were all taken out must not end with the stop reason
 * `tool_use`, which clients take for a broken call and ask for again.
 */
export function createCorrectStep(): WayBackStep {
  let kept = 0;
  let replaced = 0;
  return (part, next) => {
    if (part.kind === 'block') {
      if (part.call) kept += 1;
      else if (part.verdict?.effect === 'deny') replaced += 1;
      return next(part);
    }
    return next(part.type === 'message_delta' && replaced > 0 && kept === 0 ? corrected(part) : part);
  };
}

function corrected(part: StreamEvent): StreamEvent {
  const delta = part.data.delta as JsonObject | undefined;
  if (delta?.stop_reason !== 'tool_use') return part;
  return { ...part, data: { ...part.data, delta: { ...delta, stop_reason: 'end_turn' } }, bytes: null };
}
