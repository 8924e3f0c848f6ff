import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { canonicalMessage } from '../json/index.ts';
import type { JsonNode } from '../model/body.ts';
import type { Read } from '../model/exchange.ts';
import { principalKey } from '../model/principal.ts';

/** Conversations whose id is remembered; each costs a few hundred bytes. */
const rememberedMax = 10_000;

/**
 * The client's name for its thread: the first present of the session header, `session_id` inside `metadata.user_id`,
 * and a digest of the first message in its canonical form. A claim, never authority.
 */
function clientThread(exchange: Read): string {
  const session = exchange.headers.get('x-claude-code-session-id');
  if (session) return `session:${session.slice(0, 256)}`;
  const root = exchange.body?.root ?? null;
  if (root === null) return 'none';
  const named = sessionInMetadata(root.get('metadata')?.get('user_id')?.string() ?? null);
  if (named !== null) return `session:${named.slice(0, 256)}`;
  const first = root.get('messages')?.items()[0];
  return first ? `first:${hash('sha256', canonicalMessage(first), 'base64url')}` : 'none';
}

/**
 * Gives the conversation's stored id: a keyed hash, so that the client's own id is not in any row. It is bound to the
 * principal, so no caller can name another's conversation.
 *
 * @param keyedHash HMAC under this gateway's key
 */
export function conversationIds(keyedHash: (text: string) => string): (exchange: Read) => string {
  // The same conversation asks again and again, and a hash with a key costs more than this look-up.
  const known = new LRUCache<string, string>({ max: rememberedMax });
  return (exchange) => {
    const named = JSON.stringify([principalKey(exchange.identity.principal), clientThread(exchange)]);
    let id = known.get(named);
    if (id === undefined) {
      id = `conv_${keyedHash(named).slice(0, 27)}`;
      known.set(named, id);
    }
    return id;
  };
}

/** How many user turns the request holds, the new one included. */
export function countTurns(root: JsonNode | null): number {
  let turns = 0;
  for (const message of root?.get('messages')?.items() ?? []) {
    if (message.get('role')?.says('user')) turns += 1;
  }
  return turns;
}

function sessionInMetadata(userId: string | null): string | null {
  if (userId === null || !userId.startsWith('{') || userId.length > 4096) return null;
  try {
    const parsed: unknown = JSON.parse(userId);
    const session = (parsed as { readonly session_id?: unknown }).session_id;
    return typeof session === 'string' && session !== '' ? session : null;
  } catch {
    return null;
  }
}
