import type { Conversed } from '../model/exchange.ts';
import { unlessItBegins, unlessItRepeatsNothing } from './begins.ts';
import type { Contents } from './contents.ts';
import { type Ledgers, nothingChanged } from './ledger.ts';
import { restore } from './restore.ts';
import { nothingWithheld } from './withheld_index.ts';

/**
 * The `restore` step; see `restore.ts`. Rejects with GatewayError STATE_UNAVAILABLE where it matters.
 *
 * @param contents by default nothing is withheld
 */
export function createRestoreStep(
  ledgers: Ledgers,
  contents?: Pick<Contents, 'withheldOf' | 'taken'>,
): (exchange: Conversed) => Conversed | Promise<Conversed> {
  const withheldOf = contents?.withheldOf ?? (() => nothingWithheld);
  const onTaken = contents?.taken ?? (() => undefined);
  return (exchange) => {
    if (exchange.body === null) return exchange;
    const ledger = unlessItBegins(exchange, ledgers.read(exchange.conversation.id), nothingChanged);
    const withheld = unlessItRepeatsNothing(exchange, withheldOf(exchange.identity.principal), nothingWithheld);
    if (ledger instanceof Promise || withheld instanceof Promise) {
      return Promise.all([ledger, withheld]).then(([read, texts]) => restore(exchange, read, texts, onTaken));
    }
    return restore(exchange, ledger, withheld, onTaken);
  };
}
