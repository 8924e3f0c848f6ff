import { quote } from '../json/index.ts';
import type { RenamedCall } from '../model/answer.ts';
import type { JsonNode, Leaf, Splice } from '../model/body.ts';
import type { Conversed } from '../model/exchange.ts';
import type { Ledger } from './ledger.ts';
import { type TakenOut, takeOut } from './take_out.ts';
import type { WithheldIndex } from './withheld_index.ts';

/**
 * The `restore` step: puts back what the gateway itself changed in earlier answers, and takes out what was withheld. A
 * renamed tool call gets its name and input back by its id, so that Claude sees its own words again and the thinking
 * blocks bound to them hold. Where an edit lies in front of a thinking block for good, Claude is asked to drop the
 * blocks whose prefix differs.
 *
 * @param withheld what to take out
 * @param onTaken told of what was met, where anything was
 */
export function restore(
  exchange: Conversed,
  ledger: Ledger,
  withheld: WithheldIndex,
  onTaken: (exchange: Conversed, taken: TakenOut) => void,
): Conversed {
  const { body, conversation } = exchange;
  if (body === null) return exchange;
  const splices = ledger.renamedCalls.size > 0 ? renamedBack(body.root, ledger.renamedCalls) : [];
  let leaves = splices.length > 0 ? withoutLeavesIn(body.leaves, splices) : body.leaves;
  let { dropBlock } = conversation;
  const taken = withheld.size > 0 ? takeOut(exchange, { ...body, leaves }, withheld) : null;
  if (taken) {
    leaves = taken.leaves;
    splices.push(...taken.splices);
    dropBlock ||= taken.changedBefore;
  }
  const binding = dropBlock ? askToDropBlocks(body.root) : null;
  if (binding) splices.push(binding);
  if (splices.length === 0 && dropBlock === conversation.dropBlock && !taken?.met.length) return exchange;
  body.splices.push(...splices);
  const restored = { ...exchange, body: { ...body, leaves }, conversation: { ...conversation, dropBlock } };
  if (taken && taken.met.length > 0) onTaken(restored, taken);
  return restored;
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
      splices.push({ start: name.start, end: name.end, bytes: quote(call.name) });
      splices.push({ start: input.start, end: input.end, bytes: Buffer.from(call.inputText) });
    }
  }
  return splices;
}

const dropBlocks = '"block_binding":{"prefix_mismatch_behavior":"drop_block"}';

/** Asks to drop mismatching blocks, unless thinking is off or the caller already says how to treat them. */
export function askToDropBlocks(root: JsonNode): Splice | null {
  const thinking = root.get('thinking');
  if (thinking?.type !== 'object' || thinking.get('type')?.string() === 'disabled' || thinking.get('block_binding'))
    return null;
  const comma = thinking.entries().length > 0 ? ',' : '';
  return { start: thinking.start + 1, end: thinking.start + 1, bytes: Buffer.from(dropBlocks + comma) };
}

/** Leaves inside a replaced stretch are gone: no later step may splice them. */
function withoutLeavesIn(leaves: readonly Leaf[], splices: readonly Splice[]): readonly Leaf[] {
  return leaves.filter((leaf) => !splices.some((s) => leaf.start >= s.start && leaf.end <= s.end));
}
