import type { Leaf } from '../model/body.ts';
import type { Conversed } from '../model/exchange.ts';

/** Index of the last message that the assistant said, or -1. Every message has at least its role as a leaf. */
export function lastAssistant(leaves: readonly Leaf[]): number {
  for (let at = leaves.length - 1; at >= 0; at--) {
    const leaf = leaves[at]!;
    if (leaf.origin === 'assistant' && leaf.message >= 0) return leaf.message;
  }
  return -1;
}

/** What a user said: a text of the user that may be changed. */
export function isUserText(leaf: Leaf): boolean {
  return leaf.origin === 'user' && leaf.kind === 'text' && !leaf.fixed && !leaf.key;
}

/** Whether a text is one that the client adds to what the user says. */
export function isReminder(text: string): boolean {
  return text.startsWith('<system-reminder>');
}

/** A request beside the conversation: titles, summaries, token counts. It only repeats what others said. */
export function isSideRequest(exchange: Conversed): boolean {
  const { route, client } = exchange;
  return route.action !== 'messages.create' || client.class === 'auxiliary' || client.class === 'compaction';
}
