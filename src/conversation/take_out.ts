import { quote } from '../json/index.ts';
import type { Body, Leaf, Splice } from '../model/body.ts';
import type { Conversed } from '../model/exchange.ts';
import { isReminder, isSideRequest, isUserText, lastAssistant } from './places.ts';
import type { WithheldIndex } from './withheld_index.ts';

/** What was done about the withheld texts of one request. */
export interface TakenOut {
  readonly leaves: readonly Leaf[];
  readonly splices: readonly Splice[];
  /** Marks of all that was met and is in force. */
  readonly met: readonly string[];
  /** Marks of what came again alone as the newest user message, stays in, and is decided anew. */
  readonly anew: readonly string[];
  /** Something that Claude once did not see stands in front of what it said later. */
  readonly changedBefore: boolean;
}

/**
 * Replaces withheld texts by a notice, wherever they stand: as a whole leaf, or as whole lines of one. What goes on is
 * scanned and decided like anything else.
 */
export function takeOut(exchange: Conversed, body: Body, index: WithheldIndex): TakenOut {
  const last = lastAssistant(body.leaves);
  const newest = isSideRequest(exchange) ? null : newestSaid(body.leaves, last);
  const splices: Splice[] = [];
  const met = new Set<string>();
  let anew: readonly string[] = [];
  let changedBefore = false;
  const leaves = body.leaves.map((leaf) => {
    if (leaf.fixed || leaf.key) return leaf;
    const found = index.find(leaf.text);
    if (found === null) return leaf;
    if (found.ended.length > 0 && last >= 0 && leaf.message <= last) changedBefore = true;
    if (found.active.length === 0) return leaf;
    for (const mark of found.active) met.add(mark);
    if (leaf === newest && found.whole) {
      anew = found.active;
      return leaf;
    }
    const spelling = quote(found.text);
    splices.push({ start: leaf.start, end: leaf.end, bytes: spelling });
    return changed(leaf, found.text, spelling);
  });
  return { leaves, splices, met: [...met], anew, changedBefore };
}

/**
 * The last thing the user said in the newest message, past what the client adds to it. A client sends a prompt that
 * was denied before the next one in the same message, so only the last one is what the user asks now.
 */
function newestSaid(leaves: readonly Leaf[], last: number): Leaf | null {
  let message = -1;
  for (let at = leaves.length - 1; at >= 0; at--) {
    const leaf = leaves[at]!;
    // The fields around the messages may stand behind them.
    if (leaf.message === -1) continue;
    if (leaf.message <= last || (message !== -1 && leaf.message < message)) break;
    if (leaf.origin === 'user' && message === -1) message = leaf.message;
    if (isUserText(leaf) && !isReminder(leaf.text)) return leaf;
  }
  return null;
}

function changed(leaf: Leaf, text: string, spelling: Uint8Array): Leaf {
  const { path, origin, kind, message, start, end, fixed, key } = leaf;
  return { path, origin, kind, message, start, end, fixed, key, text, spelling };
}
