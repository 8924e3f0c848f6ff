import type { Conversed, Read } from '../model/exchange.ts';
import { unlessItBegins } from './begins.ts';
import { conversationIds, countTurns } from './identify.ts';
import { type Ledger, type Ledgers, nothingChanged } from './ledger.ts';

/**
 * The `converse` step: names the conversation and reads what the gateway remembers of it.
 *
 * @param keyedHash HMAC under this gateway's key
 */
export function createConverseStep(
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
