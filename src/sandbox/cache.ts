import type { JsonObject } from '../model/json.ts';
import { extend, NOTHING, type PrefixItem } from './prefix.ts';

/** How a request's input tokens divide between the prompt cache and the rest. */
export interface InputTokens {
  readonly input: number;
  readonly read: number;
  readonly written5m: number;
  readonly written1h: number;
}

export interface PromptCache {
  /** Finds the longest known prefix and keeps the prefixes that the request's breakpoints mark. */
  use(scope: string, items: readonly PrefixItem[]): InputTokens;
}

const LOOK_BACK = 20;
const LIFE_MS = { '5m': 300_000, '1h': 3_600_000 } as const;

/** Tokens of a text by its length: near enough for usage figures. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

/** All input tokens of a request, uncached. */
export function countTokens(items: readonly PrefixItem[]): number {
  return items.reduce((sum, item) => sum + tokensOf(item.text), 8);
}

/** The prompt cache of one process: prefixes by digest, at most `capacity` of them, the oldest leaving first. */
export function createPromptCache(capacity = 10_000, now: () => number = Date.now): PromptCache {
  const known = new Map<string, number>();
  return {
    use(scope, items) {
      const at = now();
      const marks: { digest: string; tokens: number; breakpoint: '5m' | '1h' | null }[] = [];
      let chain = extend(NOTHING, scope);
      let tokens = 8;
      let last = -1;
      items.forEach((item, index) => {
        chain = extend(chain, item.text);
        tokens += tokensOf(item.text);
        if (item.breakpoint) last = index;
        marks.push({ digest: Buffer.from(chain).toString('base64'), tokens, breakpoint: item.breakpoint });
      });
      const read = longestKnown(marks, last, known, at);
      let reach = read;
      let written5m = 0;
      let written1h = 0;
      for (const mark of marks) {
        if (!mark.breakpoint) continue;
        known.delete(mark.digest);
        known.set(mark.digest, at + LIFE_MS[mark.breakpoint]);
        if (mark.tokens <= reach) continue;
        if (mark.breakpoint === '1h') written1h += mark.tokens - reach;
        else written5m += mark.tokens - reach;
        reach = mark.tokens;
      }
      for (const oldest of known.keys()) {
        if (known.size <= capacity) break;
        known.delete(oldest);
      }
      return { input: tokens - reach, read, written5m, written1h };
    },
  };
}

/** The `usage` of an answer in the service's form. */
export function usageOf(tokens: InputTokens, output: number): JsonObject {
  return {
    input_tokens: tokens.input,
    cache_creation_input_tokens: tokens.written5m + tokens.written1h,
    cache_read_input_tokens: tokens.read,
    cache_creation: { ephemeral_5m_input_tokens: tokens.written5m, ephemeral_1h_input_tokens: tokens.written1h },
    output_tokens: output,
    service_tier: 'standard',
    inference_geo: 'not_available',
  };
}

function longestKnown(
  marks: readonly { digest: string; tokens: number; breakpoint: '5m' | '1h' | null }[],
  last: number,
  known: ReadonlyMap<string, number>,
  at: number,
): number {
  let room = 0;
  for (let index = last; index >= 0; index--) {
    const mark = marks[index]!;
    room = mark.breakpoint ? LOOK_BACK : room - 1;
    if (room >= 0 && (known.get(mark.digest) ?? 0) > at) return mark.tokens;
  }
  return 0;
}
