import type { Conversed, Read } from '../model/exchange.ts';
import { unlessItBegins } from './begins.ts';
import type { Contents } from './contents.ts';
import { conversationIds, countTurns } from './identify.ts';
import { type Ledger, type Ledgers, nothingChanged } from './ledger.ts';
import { restore } from './restore.ts';
import { nothingWithheld } from './withheld_index.ts';

/** Lineage of conversations, the ledger of the gateway's own edits, and what was released or withheld. */
export { type Contents, openContents } from './contents.ts';
export { type Ledgers, openLedgers, type RenamedCall } from './ledger.ts';
export { createNoteStep } from './note.ts';
export { createPinStep, type PinOptions } from './pin_step.ts';
export { openRuleShelf, type RuleShelf } from './rule_shelf.ts';
export { openTokens } from './tokens.ts';
export { createVisibleHolds, type VisibleHolds } from './visible_hold.ts';

/**
 * The `converse` step: names the conversation and reads what the gateway remembers of it.
 *
 * @param keyedHash HMAC under this gateway's key
 */
export function createConverse(
  ledgers: Ledgers,
  keyedHash: (text: string) => string,
): (exchange: Read) => Conversed | Promise<Conversed> {
  const conversationId = conversationIds(keyedHash);
  return (exchange) => {
    const id = conversationId(exchange);
    const turn = countTurns(exchange.body?.root ?? null);
    const converse = ({ dropBlock }: Ledger): Conversed => ({ ...exchange, conversation: { id, turn, dropBlock } });
    const ledger = unlessItBegins(exchange, ledgers.read(id), nothingChanged);
    return ledger instanceof Promise ? ledger.then(converse) : converse(ledger);
  };
}

/**
 * The `restore` step; see `restore.ts`. Rejects with GatewayError STATE_UNAVAILABLE where it matters.
 *
 * @param contents by default nothing is withheld
 */
export function createRestore(
  ledgers: Ledgers,
  contents?: Pick<Contents, 'withheldOf' | 'taken'>,
): (exchange: Conversed) => Conversed | Promise<Conversed> {
  const withheldOf = contents?.withheldOf ?? (() => nothingWithheld);
  const onTaken = contents?.taken ?? (() => undefined);
  return (exchange) => {
    if (exchange.body === null) return exchange;
    const ledger = unlessItBegins(exchange, ledgers.read(exchange.conversation.id), nothingChanged);
    const withheld = unlessItBegins(exchange, withheldOf(exchange.identity.principal), nothingWithheld);
    if (ledger instanceof Promise || withheld instanceof Promise) {
      return Promise.all([ledger, withheld]).then(([read, texts]) => restore(exchange, read, texts, onTaken));
    }
    return restore(exchange, ledger, withheld, onTaken);
  };
}
