import type { HeldBlock, StreamEvent } from '../model/answer.ts';
import type { Json, JsonObject } from '../model/json.ts';

/*
 * Where the text of an answer's event stands. The text of a text block is one stream over its start and its deltas,
 * whatever comes between them; every other event is taken whole.
 */

/** The text that an event adds to its block, or null for an event that adds none. */
export function addedText(event: StreamEvent): string | null {
  if (event.type === 'content_block_delta') {
    const delta = event.data.delta as JsonObject | undefined;
    return delta?.type === 'text_delta' && typeof delta.text === 'string' ? delta.text : null;
  }
  if (event.type === 'content_block_start') {
    const block = event.data.content_block as JsonObject | undefined;
    return block?.type === 'text' && typeof block.text === 'string' ? block.text : null;
  }
  return null;
}

/** The thinking that an event adds to its block, or null for an event that adds none. */
export function addedThinking(event: StreamEvent): string | null {
  const holder = event.type === 'content_block_delta' ? event.data.delta : event.data.content_block;
  const { thinking } = (holder ?? {}) as JsonObject;
  return typeof thinking === 'string' ? thinking : null;
}

/** The event with other text added; null where nothing is left that a client would miss. */
export function withAddedText(event: StreamEvent, text: string): StreamEvent | null {
  if (event.type === 'content_block_start') {
    const block = event.data.content_block as JsonObject;
    return changed(event, { ...event.data, content_block: { ...block, text } });
  }
  const delta = event.data.delta as JsonObject;
  if (text === '' && isPlainText(event)) return null;
  return changed(event, { ...event.data, delta: { ...delta, text } });
}

/** Whether an event holds its text and the fields every event has, and nothing else. */
export function isPlainText(event: StreamEvent): boolean {
  if (event.type !== 'content_block_delta') return false;
  return countOf(event.data) === 3 && countOf(event.data.delta as JsonObject) === 2;
}

function countOf(object: JsonObject): number {
  let count = 0;
  for (const _ in object) count++;
  return count;
}

/** The event with other data; its original bytes are spent. */
export function changed(event: StreamEvent, data: JsonObject): StreamEvent {
  return { ...event, data, bytes: null };
}

/** What an event's delta is to the scan and the mask. */
export type DeltaKind = 'none' | 'known' | 'untouched' | 'unknown';

/**
 * Sorts deltas: `untouched` ones must reach the client as they are (thinking and its signature), `known` ones are
 * text or whole, and of `unknown` ones nobody knows which strings a client will join.
 */
export function deltaKind(event: StreamEvent): DeltaKind {
  if (event.type !== 'content_block_delta') return 'none';
  const delta = event.data.delta as JsonObject | undefined;
  switch (delta?.type) {
    case 'text_delta':
      return typeof delta.text === 'string' ? 'known' : 'unknown';
    case 'citations_delta':
      return 'known';
    case 'thinking_delta':
    case 'signature_delta':
      return 'untouched';
    default:
      return 'unknown';
  }
}

/** Blocks whose content must never change: later requests are refused where it did. */
export function isThinking(block: JsonObject): boolean {
  return block.type === 'thinking' || block.type === 'redacted_thinking';
}

/** Whether an event begins a block of thinking. */
export function isThinkingStart({ type, data }: StreamEvent): boolean {
  return type === 'content_block_start' && isThinking((data.content_block ?? {}) as JsonObject);
}

/** Events without any text: of these types, with the members that those have and no other. */
export function isBare({ type, data }: StreamEvent): boolean {
  if (type === 'content_block_stop') return countOf(data) === 2;
  return (type === 'ping' || type === 'message_stop') && countOf(data) === 1;
}

/** What thinking is made of; `data` is of `redacted_thinking`, the estimate a number. */
const thinkingNames: ReadonlySet<string> = new Set(['type', 'thinking', 'signature', 'data', 'estimated_tokens']);

/** The block or delta without its thinking, where it says anything beside it; else null. */
export function besideThinking(holder: JsonObject): JsonObject | null {
  for (const name in holder) if (!thinkingNames.has(name)) return { ...holder, thinking: '' };
  return null;
}

/** The same for an event with such a block or delta. */
export function besideThinkingIn({ data }: StreamEvent): JsonObject | null {
  const { delta, content_block, ...rest } = data;
  const holder = (delta ?? content_block ?? {}) as JsonObject;
  if (countOf(rest) === 2) return besideThinking(holder);
  return { ...rest, holder: { ...holder, thinking: '' } };
}

/** The parts of an event's data that are walked string by string: all but the text that `addedText` gives. */
export function otherStrings(event: StreamEvent): Json {
  if (addedText(event) === null) return event.data;
  if (event.type === 'content_block_start') {
    const { text: _text, ...block } = event.data.content_block as JsonObject;
    return { ...event.data, content_block: block };
  }
  if (isPlainText(event)) return null;
  const { text: _text, ...delta } = event.data.delta as JsonObject;
  return { ...event.data, delta };
}

/** A held block without the input that stands in `inputText`. */
export function outerStrings(part: HeldBlock): JsonObject {
  if (part.inputText === null) return part.block;
  const { input: _input, ...outer } = part.block;
  return outer;
}
