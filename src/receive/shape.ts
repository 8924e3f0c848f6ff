import { GatewayError } from '../errors.ts';
import type { JsonNode } from '../model/body.ts';
import type { Action } from '../model/exchange.ts';

/**
 * Checks the few things of a Messages request that policy decides on, so that Claude cannot read them differently
 * from us. Everything else is Claude's to check. Throws `GatewayError` BODY_SHAPE, THREAD_UNSUPPORTED.
 */
export function checkShape(root: JsonNode, action: Action): void {
  if (root.type !== 'object') throw wrong('The request body', 'a JSON object');
  if (root.get('model')?.type !== 'string') throw wrong('`model`', 'a string');
  checkMessages(root.get('messages'));
  const stream = root.get('stream');
  if (stream !== null && stream.type !== 'boolean') throw wrong('`stream`', 'true or false');
  const tools = root.get('tools');
  if (tools !== null && tools.type !== 'array') throw wrong('`tools`', 'an array');
  checkMaxTokens(root.get('max_tokens'), action);
  // Most of a thread is not in the request: policy, masks and approvers would see its last messages alone, and all
  // principals of a role share what Claude holds.
  const thread = root.get('thread');
  if (thread !== null && thread.type !== 'null') throw new GatewayError('THREAD_UNSUPPORTED');
}

function checkMessages(messages: JsonNode | null): void {
  if (messages?.type !== 'array') throw wrong('`messages`', 'an array');
  let index = 0;
  for (const message of messages.items()) {
    if (message.type !== 'object') throw wrong(`\`messages[${index}]\``, 'an object');
    if (message.get('role')?.type !== 'string') throw wrong(`\`messages[${index}].role\``, 'a string');
    index++;
  }
}

function checkMaxTokens(maxTokens: JsonNode | null, action: Action): void {
  if (maxTokens === null && action !== 'messages.create') return;
  const value = maxTokens?.number() ?? Number.NaN;
  // Spelled as digits alone: `1e3` and `1000.0` are other types to some parsers.
  if (!Number.isSafeInteger(value) || value < 1 || maxTokens?.spelling() !== String(value)) {
    throw wrong('`max_tokens`', 'a positive integer');
  }
}

function wrong(what: string, expected: string): GatewayError {
  return new GatewayError('BODY_SHAPE', `${what} must be ${expected}.`);
}
