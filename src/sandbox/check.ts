import type { Json, JsonObject } from '../model/json.ts';
import { blocksOf, isObject, objectsOf, textOf } from './json.ts';
import { findModel } from './models.ts';
import { checkPairs } from './pairs.ts';
import { invalid } from './refusal.ts';

const VERSIONS: ReadonlySet<string> = new Set(['2023-01-01', '2023-06-01', '2026-10-21']);
const MOST_OUTPUT = 128_000;

/** @throws Refusal 400 where the version header is absent or names no version */
export function checkVersion(version: string | undefined): void {
  if (version === undefined) throw invalid('anthropic-version: header is required');
  if (!VERSIONS.has(version)) throw invalid(`anthropic-version: "${version}" is not a valid version`);
}

/** @throws Refusal 400 for bytes that are no JSON object */
export function parseBody(bytes: Uint8Array): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'invalid utf-8';
    throw invalid(`The request body is not valid JSON: ${reason}`);
  }
  if (!isObject(value)) throw invalid('Input should be a valid dictionary');
  return value;
}

/**
 * Checks a Messages request as the service does, in its words.
 *
 * @param counting whether it is for `count_tokens`, which takes no `max_tokens`
 * @returns the model it means
 * @throws Refusal
 */
export function checkMessages(body: JsonObject, models: readonly string[], version: string, counting: boolean): string {
  if (body.model === undefined) throw invalid('model: Field required');
  if (typeof body.model !== 'string') throw invalid('model: Input should be a valid string');
  if (!counting) checkMaxTokens(body);
  if (body.messages === undefined) throw invalid('messages: Field required');
  if (!Array.isArray(body.messages)) throw invalid('messages: Input should be a valid list');
  if (version === '2026-10-21') {
    for (const name of ['temperature', 'top_p', 'top_k']) {
      if (body[name] !== undefined) throw invalid(`${name}: Extra inputs are not permitted`);
    }
  }
  const model = findModel(models, body.model);
  if (body.messages.length === 0) throw invalid('messages: at least one message is required');
  const messages = objectsOf(body.messages);
  messages.forEach((message, at) => {
    checkMessage(message, at, at === messages.length - 1);
  });
  const first = messages.find((message) => message.role !== 'system');
  if (first?.role !== 'user') throw invalid('messages: first message must use the "user" role');
  checkTexts(blocksOf(body.system), 'system');
  checkPairs(messages);
  checkBreakpoints(body, messages);
  return model;
}

function checkMaxTokens(body: JsonObject): void {
  const most = body.max_tokens;
  if (most === undefined) throw invalid('max_tokens: Field required');
  if (typeof most !== 'number' || !Number.isInteger(most)) throw invalid('max_tokens: Input should be a valid integer');
  if (most < 1) throw invalid('max_tokens: Input should be greater than or equal to 1');
  if (most > MOST_OUTPUT) {
    throw invalid(
      `max_tokens: ${most} > ${MOST_OUTPUT}, which is the maximum allowed number of output tokens for ${textOf(body.model)}`,
    );
  }
  const { thinking } = body;
  if (!isObject(thinking) || thinking.type !== 'enabled') return;
  const budget = thinking.budget_tokens;
  if (typeof budget !== 'number') throw invalid('thinking.enabled.budget_tokens: Field required');
  if (budget < 1024) throw invalid('thinking.enabled.budget_tokens: Input should be greater than or equal to 1024');
  if (budget >= most) throw invalid('`max_tokens` must be greater than `thinking.budget_tokens`.');
}

function checkMessage(message: JsonObject, at: number, last: boolean): void {
  const { role, content } = message;
  if (role === undefined) throw invalid(`messages.${at}.role: Field required`);
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    throw invalid(`messages: Unexpected role "${textOf(role)}". Allowed roles are "user" or "assistant".`);
  }
  if (content === undefined) throw invalid(`messages.${at}.content: Field required`);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw invalid(`messages.${at}.content: Input should be a valid list`);
  }
  if (content.length === 0) {
    if (role !== 'assistant') throw invalid(`messages.${at}: user messages must have non-empty content`);
    if (last) throw invalid('messages: final assistant content cannot be empty');
    throw invalid(
      `messages.${at}: all messages must have non-empty content except for the optional final assistant message`,
    );
  }
  const blocks = blocksOf(content);
  checkTexts(blocks, 'messages');
  blocks.forEach((block, place) => {
    if (typeof block.type !== 'string') throw invalid(`messages.${at}.content.${place}.type: Field required`);
    if (block.type === 'tool_result')
      checkTexts(blocksOf(block.content), `messages.${at}.content.${place}.tool_result`);
    if (block.type === 'thinking' && typeof block.signature !== 'string') {
      throw invalid(`messages.${at}.content.${place}.thinking.signature: Field required`);
    }
  });
  const final = blocks.at(-1);
  if (role === 'assistant' && last && final?.type === 'text' && /\s$/.test(textOf(final.text))) {
    throw invalid('messages: final assistant content cannot end with trailing whitespace');
  }
}

function checkTexts(blocks: readonly JsonObject[], where: string): void {
  for (const block of blocks) {
    if (block.type !== 'text') continue;
    if (typeof block.text !== 'string') throw invalid(`${where}: text.text: Field required`);
    if (block.text === '') throw invalid(`${where}: text content blocks must be non-empty`);
    if (block.text.trim() === '') throw invalid(`${where}: text content blocks must contain non-whitespace text`);
  }
}

function checkBreakpoints(body: JsonObject, messages: readonly JsonObject[]): void {
  const all = [...objectsOf(body.tools), ...blocksOf(body.system), ...messages.flatMap((one) => blocksOf(one.content))];
  const marked = all.filter((block) => isObject(block.cache_control)).length;
  if (marked > 4) throw invalid(`A maximum of 4 blocks with cache_control may be provided. Found ${marked}.`);
}
