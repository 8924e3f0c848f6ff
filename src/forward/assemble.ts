import { GatewayError } from '../errors.ts';
import type { AnswerPart, StreamEvent } from '../model/answer.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { blockText } from './block_text.ts';
import { requireVerdict } from './write.ts';

type Members = { [key: string]: Json };

/**
 * The whole JSON answer that a stream's parts amount to, for a caller that asked without streaming: deltas are put
 * together as the official clients do it. Inputs of tools are spelled as Claude spelled them.
 *
 * @throws GatewayError UPSTREAM_PROTOCOL where the parts are no whole message
 */
export function assemble(parts: readonly AnswerPart[]): Uint8Array {
  let message: Members | null = null;
  const blocks = new Map<number, Members | string>();
  for (const part of parts) {
    if (part.kind === 'block') {
      requireVerdict(part);
      blocks.set(part.index, blockText(part));
      continue;
    }
    switch (part.type) {
      case 'message_start':
        message = { ...object(part.data.message) };
        break;
      case 'content_block_start':
        blocks.set(part.index, { ...object(part.data.content_block) });
        break;
      case 'content_block_delta':
        addDelta(blocks.get(part.index), part);
        break;
      case 'message_delta':
        if (message) closeMessage(message, part);
        break;
      default:
    }
  }
  if (message === null) throw new GatewayError('UPSTREAM_PROTOCOL', 'an answer without a message');
  const content = [...blocks.keys()]
    .sort((a, b) => a - b)
    .map((index) => blocks.get(index)!)
    .map((block) => (typeof block === 'string' ? block : JSON.stringify(block)));
  const members = Object.entries({ ...message, content: null }).map(
    ([key, value]) => `${JSON.stringify(key)}:${key === 'content' ? `[${content.join(',')}]` : JSON.stringify(value)}`,
  );
  return Buffer.from(`{${members.join(',')}}`);
}

function addDelta(block: Members | string | undefined, part: StreamEvent): void {
  const delta = object(part.data.delta);
  if (block === undefined || typeof block === 'string') return;
  switch (delta.type) {
    case 'text_delta':
      block.text = `${block.text ?? ''}${delta.text ?? ''}`;
      break;
    case 'thinking_delta':
      block.thinking = `${block.thinking ?? ''}${delta.thinking ?? ''}`;
      break;
    case 'signature_delta':
      block.signature = delta.signature ?? '';
      break;
    case 'citations_delta':
      block.citations = [...(Array.isArray(block.citations) ? block.citations : []), delta.citation ?? null];
      break;
    case 'compaction_delta': {
      // It has the final values.
      const { type: _type, ...values } = delta;
      Object.assign(block, values);
      break;
    }
    default:
  }
}

/** What the end of a stream says of the message: its `delta`, its usage, and whatever else stands beside them. */
function closeMessage(message: Members, { data }: StreamEvent): void {
  const { type: _type, delta, usage, ...more } = data;
  Object.assign(message, object(delta), more);
  message.usage = { ...object(message.usage), ...object(usage) };
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
