import type { JsonNode } from '../model/body.ts';
import { type CanonicalOptions, canonical, type JsonPath } from './canonical.ts';

/**
 * The canonical text of one message (or one system prompt, as `{content}` of its own) in which clients' habits make no
 * difference: the `cache_control` of content blocks, which moves every turn, is left out, and content `"x"` equals
 * `[{"type":"text","text":"x"}]`. Inside a tool's input or a field the schema does not name, `cache_control` counts.
 */
export function canonicalMessage(message: JsonNode): string {
  return canonical(message, contentRules);
}

/** Canonical options for a message: paths start at the message. */
const contentRules: CanonicalOptions = {
  drop: (path) => path.at(-1) === 'cache_control' && isBlock(path, path.length - 1),
  replace: (path, value) => {
    if (value.type !== 'string' || path.at(-1) !== 'content') return null;
    if (path.length !== 1 && !isBlock(path, path.length - 1)) return null;
    return `[{"text":${canonical(value)},"type":"text"}]`;
  },
};

/**
 * Whether the first `length` steps of the path lead to a content block: `content`, index, and again for blocks inside
 * a block. `tool_use.input` breaks the chain, so what a tool is given is never taken for a block.
 */
function isBlock(path: JsonPath, length: number): boolean {
  if (length === 0 || length % 2 !== 0) return false;
  for (let i = 0; i < length; i += 2) if (path[i] !== 'content' || typeof path[i + 1] !== 'number') return false;
  return true;
}
