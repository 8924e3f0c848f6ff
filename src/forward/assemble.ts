import { GatewayError } from '../errors.ts';
import { parse } from '../json/index.ts';
import type { AnswerPart, HeldBlock, StreamEvent } from '../model/answer.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { requireVerdict } from './write.ts';

const inputLimits = { depth: 512, keys: 100_000, values: 1_000_000 };

/**
 * The whole JSON answer that a stream's parts amount to, for a caller that asked without streaming: deltas are put
 * together as the official clients do it.
 *
 * @throws GatewayError UPSTREAM_PROTOCOL where the parts are no whole message
 */
export function assemble(parts: readonly AnswerPart[]): JsonObject {
  let message: { [key: string]: Json } | null = null;
  const blocks = new Map<number, { [key: string]: Json }>();
  const inputs = new Map<number, string>();
  for (const part of parts) {
    if (part.kind === 'block') {
      blocks.set(part.index, wholeBlock(part));
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
        addDelta(blocks.get(part.index), part, inputs);
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
    .map((index) => {
      const input = inputs.get(index);
      const block = blocks.get(index)!;
      return input === undefined ? block : { ...block, input: parse(Buffer.from(input || '{}'), inputLimits) };
    });
  return { ...message, content };
}

function wholeBlock(part: HeldBlock): { [key: string]: Json } {
  requireVerdict(part);
  return { ...part.block };
}

function addDelta(block: { [key: string]: Json } | undefined, part: StreamEvent, inputs: Map<number, string>): void {
  const delta = object(part.data.delta);
  if (!block) return;
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
    case 'input_json_delta':
      inputs.set(part.index, `${inputs.get(part.index) ?? ''}${delta.partial_json ?? ''}`);
      break;
    default:
  }
}

function closeMessage(message: { [key: string]: Json }, part: StreamEvent): void {
  Object.assign(message, object(part.data.delta));
  message.usage = { ...object(message.usage), ...object(part.data.usage) };
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
