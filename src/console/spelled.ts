import type { Json } from '../model/json.ts';

/**
 * JSON text laid out on lines, every value spelled as it is in `text`: what a fingerprint is over must not be shown
 * through a parser that rounds numbers. `text` is JSON.
 */
export function laidOut(text: string): string {
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs)) {
    if (token === '{' || token === '[') {
      depth++;
      out += token + line();
    } else if (token === '}' || token === ']') {
      depth--;
      out = /[{[]\s*$/.test(out.slice(-2 * depth - 8)) ? out.trimEnd() + token : out + line() + token;
    } else if (token === ',') out += token + line();
    else if (token === ':') out += ': ';
    else out += token;
  }
  return out;
}

/** The value of a JSON text; a number that a double does not hold as it is spelled becomes its spelling. */
export function parseSpelled(text: string): Json {
  return JSON.parse(text, (_key, value, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
      ? context.source
      : value,
  ) as Json;
}
