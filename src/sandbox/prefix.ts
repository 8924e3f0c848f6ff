import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../model/json.ts';
import { blocksOf, isObject, objectsOf, textOf } from './json.ts';

/** One step of what the model reads, in the order it reads it. */
export interface PrefixItem {
  readonly part: 'tools' | 'system' | 'messages';
  /** Normalised JSON: what must stay the same for caches and thinking. */
  readonly text: string;
  /** How long the cache keeps what ends here, or null where no `cache_control` marks it. */
  readonly breakpoint: '5m' | '1h' | null;
  /** The thinking block, where this is one. */
  readonly thinking: JsonObject | null;
  /** Place in the request as sent, for messages. */
  readonly message: number;
  readonly content: number;
}

const BILLING = 'x-anthropic-billing-header:';

/**
 * What Claude reads of a request, in its order: tools, system, messages. Not part of it: `cache_control`, deferred tools, the
 * attribution line that Claude Code puts first, message settings, and top-level fields such as `metadata`.
 */
export function prefixItems(body: JsonObject): PrefixItem[] {
  const items: PrefixItem[] = [];
  const add = (part: PrefixItem['part'], block: JsonObject, role: string, message: number, content: number): void => {
    const thinking = block.type === 'thinking' || block.type === 'redacted_thinking' ? block : null;
    const text = JSON.stringify([role, normal(block)]);
    items.push({ part, text, breakpoint: breakpointOf(block), thinking, message, content });
  };
  for (const tool of objectsOf(body.tools)) if (tool.defer_loading !== true) add('tools', tool, 'tool', -1, -1);
  blocksOf(body.system).forEach((block, at) => {
    if (at > 0 || !textOf(block.text).startsWith(BILLING)) add('system', block, 'system', -1, at);
  });
  objectsOf(body.messages).forEach((message, at) => {
    blocksOf(message.content).forEach((block, place) => {
      add('messages', block, textOf(message.role), at, place);
    });
  });
  const last = items.at(-1);
  const whole = breakpointOf(body);
  if (last && whole && !last.breakpoint) items[items.length - 1] = { ...last, breakpoint: whole };
  return items;
}

/** One block as it counts, whatever the client's spelling. */
export function normal(block: JsonObject): JsonObject {
  switch (block.type) {
    case 'text': {
      const citations = objectsOf(block.citations);
      return citations.length
        ? { type: 'text', text: block.text ?? '', citations }
        : { type: 'text', text: block.text ?? '' };
    }
    case 'tool_use':
      return { type: 'tool_use', id: block.id ?? '', name: block.name ?? '', input: block.input ?? {} };
    case 'tool_result':
      return {
        type: 'tool_result',
        tool_use_id: block.tool_use_id ?? '',
        content: blocksOf(block.content).map(normal),
        is_error: block.is_error === true,
      };
    default: {
      const { cache_control: _, ...rest } = block;
      return rest;
    }
  }
}

/** Adds one item to a running digest: `sha256(before || item)`. */
export function extend(before: Uint8Array, text: string): Uint8Array {
  return createHash('sha256').update(before).update(text).digest();
}

/** The digest before anything was read. */
export const NOTHING: Uint8Array = new Uint8Array(32);

function breakpointOf(block: JsonObject): '5m' | '1h' | null {
  const control: Json | undefined = block.cache_control;
  if (!isObject(control)) return null;
  return control.ttl === '1h' ? '1h' : '5m';
}
