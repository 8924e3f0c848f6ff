import { quote } from '../json/index.ts';
import type { Body, JsonNode, Splice } from '../model/body.ts';
import type { Conversed } from '../model/exchange.ts';
import type { Ledger, RenamedCall } from './ledger.ts';

/**
 * The `restore` step: puts back what the gateway itself changed in earlier answers. A renamed tool call gets its name
 * and input back by its id, so that Claude sees its own words again and the thinking blocks bound to them hold. Where
 * an edit lies in front of a thinking block for good, Claude is asked to drop the blocks whose prefix differs.
 */
export function restore(exchange: Conversed, ledger: Ledger): Conversed {
  const { body } = exchange;
  if (body === null) return exchange;
  const calls = ledger.renamedCalls;
  const splices = calls.size > 0 ? renamedBack(body.root, calls) : [];
  if (exchange.conversation.dropBlock) {
    const binding = askToDropBlocks(body.root);
    if (binding) splices.push(binding);
  }
  if (splices.length === 0) return exchange;
  body.splices.push(...splices);
  return { ...exchange, body: withoutLeavesIn(body, splices) };
}

function renamedBack(root: JsonNode, calls: ReadonlyMap<string, RenamedCall>): Splice[] {
  const splices: Splice[] = [];
  for (const message of root.get('messages')?.items() ?? []) {
    if (message.get('role')?.string() !== 'assistant') continue;
    for (const block of message.get('content')?.items() ?? []) {
      const call = calls.get(block.get('id')?.string() ?? '');
      const name = block.get('name');
      const input = block.get('input');
      if (!call || !name || !input || name.string() !== call.shownAs) continue;
      splices.push({ start: name.start, end: name.end, bytes: Buffer.from(quote(call.name)) });
      splices.push({ start: input.start, end: input.end, bytes: Buffer.from(call.inputText) });
    }
  }
  return splices;
}

const dropBlock = '"block_binding":{"prefix_mismatch_behavior":"drop_block"}';

/** Adds the request to drop mismatching blocks, unless thinking is off or the caller already says how to treat them. */
function askToDropBlocks(root: JsonNode): Splice | null {
  const thinking = root.get('thinking');
  if (thinking?.type !== 'object' || thinking.get('type')?.string() === 'disabled' || thinking.get('block_binding'))
    return null;
  const comma = thinking.entries().length > 0 ? ',' : '';
  return { start: thinking.start + 1, end: thinking.start + 1, bytes: Buffer.from(dropBlock + comma) };
}

/** Leaves inside a replaced stretch are gone: no later step may splice them. */
function withoutLeavesIn(body: Body, splices: readonly Splice[]): Body {
  const replaced = splices.filter((splice) => splice.end > splice.start);
  const leaves = body.leaves.filter((leaf) => !replaced.some((s) => leaf.start >= s.start && leaf.end <= s.end));
  return { ...body, leaves };
}
