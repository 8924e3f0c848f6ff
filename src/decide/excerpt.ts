import type { AnswerPart, HeldBlock } from '../model/answer.ts';
import type { Body } from '../model/body.ts';
import type { JsonObject } from '../model/json.ts';
import type { Redaction, RedactLeaf } from '../model/scan.ts';

/*
 * The text that policy is shown where its bundle's manifest asks for it (`metadata.excerpt_characters`), as
 * `input.excerpt` of each point. Characters are Unicode code points, which is what Rego's `count` counts: an excerpt as
 * long as was asked for may have been cut, a shorter one is all there is.
 */

/**
 * The newest that the user said: the last characters of the texts since the answer before them, each on lines of its
 * own. What a caller puts into the mouth of Claude after them hides none of it. Null where the bundle does not ask, or
 * the user said nothing.
 */
export function requestExcerpt(body: Body | null, most: number | null, redactLeaf: RedactLeaf): string | null {
  if (body === null || most === null) return null;
  const texts: string[] = [];
  // From the end, and no further than can be shown: two units make one character at most.
  for (let at = body.leaves.length - 1, units = 0; at >= 0 && units < most * 2; at--) {
    const { origin, kind, key, fixed } = body.leaves[at]!;
    if (origin === 'assistant' && texts.length > 0) break;
    if (origin !== 'user' || kind !== 'text' || key || fixed) continue;
    const text = redactLeaf(body, at);
    texts.unshift(text);
    units += text.length + 1;
  }
  return texts.length === 0 ? null : lastCharacters(texts.join('\n'), most);
}

/**
 * The first characters of a tool call's input as JSON without spaces between its members, in Claude's order, so that
 * no spelling of it hides what it says. Null where the bundle does not ask.
 */
export function callExcerpt({ block, spans }: HeldBlock, most: number | null, redaction: Redaction): string | null {
  if (most === null) return null;
  const text = JSON.stringify(block.input ?? null);
  return firstCharacters(spans.length === 0 ? text : redaction.json(text), most);
}

/**
 * The first characters of the text that a piece of the answer adds. Null where the bundle does not ask, and for pieces
 * that are no text: what they hold is only whole at the end of their block.
 */
export function chunkExcerpt(part: AnswerPart, most: number | null, redaction: Redaction): string | null {
  if (most === null) return null;
  const content = (part.kind === 'block' ? part.block : part.data.delta) as JsonObject;
  if (typeof content.text !== 'string') return null;
  if (part.spans.length === 0) return firstCharacters(content.text, most);
  // The spans of a whole block are of all its texts; those of a delta are of this text, and know what went before.
  return firstCharacters(redaction.text(content.text, part.kind === 'block' ? null : part.spans), most);
}

function firstCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  for (let count = 0; count < most && end < text.length; count++) end += text.codePointAt(end)! > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

function lastCharacters(text: string, most: number): string {
  if (text.length <= most) return text;
  let start = text.length;
  for (let count = 0; count < most && start > 0; count++) start -= isPair(text, start - 2) ? 2 : 1;
  return text.slice(start);
}

function isPair(text: string, at: number): boolean {
  return at >= 0 && text.codePointAt(at)! > 0xffff;
}
