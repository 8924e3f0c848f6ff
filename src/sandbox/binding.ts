import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Json, JsonObject } from '../model/json.ts';
import { isObject, textOf } from './json.ts';
import { extend, NOTHING, type PrefixItem } from './prefix.ts';
import { invalid } from './refusal.ts';

/** Digests of everything before a thinking block, part by part, so that a refusal can name the part that changed. */
export interface Before {
  readonly organization: string;
  readonly tools: Uint8Array;
  readonly system: Uint8Array;
  readonly messages: Uint8Array;
}

/** What preserved thinking found in a request. */
export interface Kept {
  /** The digests at the end of the request, before the answer. */
  readonly before: Before;
  /** One entry for each thinking block left out under `drop_block`; null where nobody asked for the controls. */
  readonly transformations: readonly JsonObject[] | null;
}

const BETA = 'thinking-binding-controls-2026-08-01';
const ADVICE =
  'Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block". That setting requires ' +
  `the \`${BETA}\` value in the \`anthropic-beta\` header.`;
const CHANGED = {
  tools: 'The `tools` differ from the ones this block was created with.',
  system: 'The `system` prompt differs from the one this block was created with.',
  messages: 'The messages before the block differ from the ones it was created with.',
} as const;

/** Signs a thinking block over everything before it; `shown` false when its text is left out of the answer. */
export function sign(key: Uint8Array, thinking: string, shown: boolean, before: Before): string {
  const claims = Buffer.concat([
    Buffer.from([1, shown ? 1 : 0]),
    short(before.organization),
    before.tools.subarray(0, 12),
    before.system.subarray(0, 12),
    before.messages.subarray(0, 20),
    short(thinking),
  ]);
  return Buffer.concat([claims, createHmac('sha256', key).update(claims).digest()]).toString('base64');
}

/**
 * Checks every thinking block of a request as preserved thinking does. Thinking itself is no part of what later blocks are bound
 * to: a client may leave it out.
 *
 * @throws Refusal 400 in the service's words for a foreign, changed or moved block, unless `drop_block` covers it.
 */
export function checkThinking(
  key: Uint8Array,
  body: JsonObject,
  items: readonly PrefixItem[],
  organization: string,
  betas: ReadonlySet<string>,
): Kept {
  const drop = dropAsked(body, betas);
  const latest = items.findLast((item) => item.text.startsWith('["assistant"'))?.message ?? -1;
  const transformations: JsonObject[] = [];
  const before = { organization, tools: NOTHING, system: NOTHING, messages: NOTHING };
  let dropping = -1;
  items.forEach((item, at) => {
    if (!item.thinking) {
      before[item.part] = extend(before[item.part], item.text);
      return;
    }
    const path = `messages.${item.message}.content.${item.content}`;
    const fault = dropping === at - 1 && dropping >= 0 ? 'messages' : faultOf(key, item.thinking, before);
    if (!fault) return;
    if (fault === 'foreign') throw invalid(`${path}: Invalid \`signature\` in \`thinking\` block`);
    if (fault === 'text') {
      if (item.message !== latest) throw invalid(`${path}: Invalid \`signature\` in \`thinking\` block`);
      throw invalid(
        `${path}: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.`,
      );
    }
    if (drop) {
      const reason = fault === 'organization' ? 'organization_binding_mismatch' : 'prefix_binding_mismatch';
      transformations.push({ type: 'thinking_dropped', path, reason });
      dropping = at;
      return;
    }
    const what = fault === 'organization' ? 'organization' : 'conversation';
    const part = fault === 'organization' ? '' : ` ${CHANGED[fault]}`;
    throw invalid(
      `${path}: Invalid \`signature\` in \`thinking\` block. The block is bound to a different ${what}. ${ADVICE}${part}`,
    );
  });
  return { before, transformations: betas.has(BETA) ? transformations : null };
}

type Fault = 'foreign' | 'text' | 'organization' | 'tools' | 'system' | 'messages';

function faultOf(key: Uint8Array, block: JsonObject, before: Before): Fault | null {
  const redacted = block.type === 'redacted_thinking';
  const signature = Buffer.from(textOf(redacted ? block.data : block.signature), 'base64');
  const claims = signature.subarray(0, -32);
  if (claims.length !== 70) return 'foreign';
  if (!timingSafeEqual(signature.subarray(-32), createHmac('sha256', key).update(claims).digest())) return 'foreign';
  const shown = claims[1] === 1;
  if (shown && !claims.subarray(58).equals(short(textOf(block.thinking)))) return 'text';
  if (!claims.subarray(2, 14).equals(short(before.organization))) return 'organization';
  if (!claims.subarray(14, 26).equals(before.tools.subarray(0, 12))) return 'tools';
  if (!claims.subarray(26, 38).equals(before.system.subarray(0, 12))) return 'system';
  if (!claims.subarray(38, 58).equals(before.messages.subarray(0, 20))) return 'messages';
  return null;
}

function dropAsked(body: JsonObject, betas: ReadonlySet<string>): boolean {
  const thinking: Json | undefined = body.thinking;
  if (!isObject(thinking) || thinking.block_binding === undefined || thinking.block_binding === null) return false;
  if (!betas.has(BETA)) {
    throw invalid(`thinking.${textOf(thinking.type)}.block_binding: Extra inputs are not permitted`);
  }
  return isObject(thinking.block_binding) && thinking.block_binding.prefix_mismatch_behavior === 'drop_block';
}

function short(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 12);
}
