import type { Json, JsonObject } from '../model/json.ts';

/** Characters of one text that a page shows, and texts in all; the exact content is a link away. */
const TEXT = 20_000;
const TEXTS = 2000;
/** Messages of a request that a page shows, the newest ones. */
const MESSAGES = 12;

/** A value as a page can show it, and what was left out, in words; null where it is whole. */
export interface Bounded {
  readonly value: Json;
  readonly leftOut: string | null;
}

/**
 * Cuts what is bound to what a page can render without holding others up: the newest messages of a request, the
 * beginning of long texts.
 */
export function bounded(content: Json): Bounded {
  const left: string[] = [];
  let texts = 0;
  const cut = (value: Json): Json => {
    if (++texts > TEXTS) return '…';
    if (typeof value === 'string') {
      if (value.length <= TEXT) return value;
      left.push('the ends of long texts');
      return `${value.slice(0, TEXT)}…`;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return (value as readonly Json[]).map(cut);
    return Object.fromEntries(Object.entries(value as JsonObject).map(([name, member]) => [name, cut(member)]));
  };
  const value = cut(newest(content, left));
  if (texts > TEXTS) left.push('some of its members');
  return { value, leftOut: left.length === 0 ? null : [...new Set(left)].join(', ') };
}

function newest(content: Json, left: string[]): Json {
  const members = content as JsonObject;
  const body = (members.body ?? null) as JsonObject | null;
  const messages = body?.messages;
  if (!body || !Array.isArray(messages) || messages.length <= MESSAGES) return content;
  const earlier = messages.length - MESSAGES;
  left.push(`${earlier} earlier ${earlier === 1 ? 'message' : 'messages'}`);
  return { ...members, body: { ...body, messages: messages.slice(-MESSAGES) } };
}
