import type { StreamEvent } from '../model/answer.ts';
import type { Usage } from '../model/event.ts';
import type { Json, JsonObject } from '../model/json.ts';

const counters = [
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
] as const satisfies (keyof Usage)[];

/**
 * Reads model, stop reason and token counts out of an answer's own events: `message_start` carries the message with
 * the counts so far, each `message_delta` the counts up to there, so that later counts replace earlier ones.
 */
export class AnswerReader {
  usage: Usage | null = null;
  stopReason: string | null = null;
  model: string | null = null;

  read(event: StreamEvent): void {
    if (event.type === 'message_start') {
      const message = object(event.data.message);
      this.model = text(message.model);
      this.stopReason = text(message.stop_reason);
      this.#count(message.usage);
    } else if (event.type === 'message_delta') {
      this.stopReason = text(object(event.data.delta).stop_reason) ?? this.stopReason;
      this.#count(event.data.usage);
    }
  }

  #count(value: Json | undefined): void {
    const given = object(value);
    const counts: Record<string, number> = { ...this.usage };
    for (const name of counters) {
      const count = given[name];
      counts[name] = typeof count === 'number' ? count : (counts[name] ?? 0);
    }
    this.usage = counts as Record<string, number> & Usage;
  }
}

function object(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
