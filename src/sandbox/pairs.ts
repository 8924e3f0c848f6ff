import type { JsonObject } from '../model/json.ts';
import { blocksOf, textOf } from './json.ts';
import { invalid } from './refusal.ts';

/** One speaker's consecutive messages, read as one. */
interface Turn {
  readonly role: string;
  readonly at: number;
  readonly blocks: { readonly block: JsonObject; readonly path: string }[];
}

/**
 * Every `tool_use` has its `tool_result` in the very next turn, and the other way round. Messages of role `system` stand between
 * turns without being one.
 *
 * @throws Refusal 400 in the service's words
 */
export function checkPairs(messages: readonly JsonObject[]): void {
  const turns = turnsOf(messages);
  const seen = new Set<string>();
  turns.forEach((turn, at) => {
    if (turn.role === 'assistant') checkCalls(turn, turns[at + 1], seen);
    else checkResults(turn, turns[at - 1]);
  });
}

function checkCalls(turn: Turn, next: Turn | undefined, seen: Set<string>): void {
  const calls = idsOf(turn, 'tool_use', 'id');
  for (const id of calls) {
    if (seen.has(id)) throw invalid('messages: `tool_use` ids must be unique');
    seen.add(id);
  }
  const results = new Set(next ? idsOf(next, 'tool_result', 'tool_use_id') : []);
  const missing = calls.filter((id) => !results.has(id));
  if (missing.length) {
    throw invalid(
      `messages.${turn.at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. ` +
        'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
    );
  }
}

function checkResults(turn: Turn, before: Turn | undefined): void {
  const calls = new Set(before ? idsOf(before, 'tool_use', 'id') : []);
  const answered = new Set<string>();
  for (const { block, path } of turn.blocks) {
    if (block.type !== 'tool_result') continue;
    const id = textOf(block.tool_use_id);
    if (!calls.has(id)) {
      throw invalid(
        `${path}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
          'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
      );
    }
    if (answered.has(id)) {
      throw invalid(
        `${path}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${id}`,
      );
    }
    answered.add(id);
  }
}

function idsOf(turn: Turn, type: string, field: string): string[] {
  return turn.blocks.filter(({ block }) => block.type === type).map(({ block }) => textOf(block[field]));
}

function turnsOf(messages: readonly JsonObject[]): Turn[] {
  const turns: Turn[] = [];
  messages.forEach((message, at) => {
    if (message.role === 'system') return;
    const role = textOf(message.role);
    const found = blocksOf(message.content).map((block, place) => ({ block, path: `messages.${at}.content.${place}` }));
    const last = turns.at(-1);
    if (last?.role === role) last.blocks.push(...found);
    else turns.push({ role, at, blocks: found });
  });
  return turns;
}
