import type { Conversed, Read } from '../model/exchange.ts';
import { conversationId, countTurns } from './identify.ts';
import type { Ledgers } from './ledger.ts';
import { restore } from './restore.ts';

/** Lineage of conversations, and the ledger of the gateway's own edits, put back in later requests. */
export { type Ledgers, openLedgers, type RenamedCall } from './ledger.ts';
export { createNoteStep } from './note.ts';

/**
 * The `converse` step: names the conversation and reads what the gateway remembers of it.
 *
 * @param keyedHash HMAC under this gateway's key
 */
export function createConverse(
  ledgers: Ledgers,
  keyedHash: (text: string) => string,
): (exchange: Read) => Conversed | Promise<Conversed> {
  return (exchange) => {
    const id = conversationId(exchange, keyedHash);
    const turn = countTurns(exchange.body?.root ?? null);
    const ledger = ledgers.read(id);
    const converse = (dropBlock: boolean): Conversed => ({ ...exchange, conversation: { id, turn, dropBlock } });
    return ledger instanceof Promise ? ledger.then((read) => converse(read.dropBlock)) : converse(ledger.dropBlock);
  };
}

/** The `restore` step; see `restore.ts`. */
export function createRestore(ledgers: Ledgers): (exchange: Conversed) => Conversed | Promise<Conversed> {
  return (exchange) => {
    if (exchange.body === null) return exchange;
    const ledger = ledgers.read(exchange.conversation.id);
    return ledger instanceof Promise ? ledger.then((read) => restore(exchange, read)) : restore(exchange, ledger);
  };
}
