import type { JsonNode, Splice } from '../model/body.ts';
import type { Conversed } from '../model/exchange.ts';
import { type Principal, principalKey } from '../model/principal.ts';

/**
 * Notices that show a user what an answer waits for. They are blocks that Claude never said, so they are taken out of
 * later requests again. Each carries a keyed hash of its own text: that tells it from what anybody else wrote, in
 * every node and in forks of a session, and nothing has to be remembered.
 */
export interface VisibleHolds {
  /** The notice of this text for a principal. */
  notice(principal: Principal, text: string): string;
  /** The exchange without the notices that its principal was shown. No message becomes empty. */
  takeOut(exchange: Conversed): Conversed;
}

const form = /^(\[sallyport\] .*) \(hold ([A-Za-z0-9_-]{43})\)$/s;

/** @param keyedHash HMAC under the key of the fleet, base64url */
export function createVisibleHolds(keyedHash: (domain: string, text: string) => string): VisibleHolds {
  const mark = (principal: Principal, text: string) => keyedHash('visible hold', `${principalKey(principal)}\0${text}`);
  return {
    notice: (principal, text) => `[sallyport] ${text} (hold ${mark(principal, `[sallyport] ${text}`)})`,
    takeOut(exchange) {
      const { body, identity } = exchange;
      if (body === null) return exchange;
      const isNotice = (block: JsonNode) => {
        const found = block.get('type')?.says('text') ? form.exec(block.get('text')?.string() ?? '') : null;
        return found !== null && mark(identity.principal, found[1]!) === found[2];
      };
      const splices: Splice[] = [];
      for (const message of body.root.get('messages')?.items() ?? []) {
        if (message.get('role')?.says('assistant')) splices.push(...without(message.get('content'), isNotice));
      }
      if (splices.length === 0) return exchange;
      body.splices.push(...splices);
      const gone = (leaf: { readonly start: number; readonly end: number }) =>
        splices.some(({ start, end }) => leaf.start >= start && leaf.end <= end);
      return { ...exchange, body: { ...body, leaves: body.leaves.filter((leaf) => !gone(leaf)) } };
    },
  };
}

/** What takes elements out of an array, each with the comma beside it; nothing where none would be left. */
function without(array: JsonNode | null, goes: (item: JsonNode) => boolean): Splice[] {
  const items = array?.items() ?? [];
  const going = items.map(goes);
  const first = going.indexOf(false);
  if (first < 0 || !going.includes(true)) return [];
  const splices: Splice[] = first > 0 ? [{ start: items[0]!.start, end: items[first]!.start, bytes: nothing }] : [];
  for (let i = first + 1; i < items.length; i++) {
    if (going[i]) splices.push({ start: items[i - 1]!.end, end: items[i]!.end, bytes: nothing });
  }
  return splices;
}

const nothing = new Uint8Array(0);
