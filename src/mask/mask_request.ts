import type { Body } from '../model/body.ts';
import type { Decided } from '../model/exchange.ts';
import type { MaskMark } from '../model/scan.ts';
import type { TokenTables } from '../model/token.ts';
import type { MaskDetectors } from './detectors.ts';
import type { BodyFindings } from './leaves.ts';
import type { ScanMemo } from './memo.ts';
import { type Masks, Redactor } from './redact.ts';
import { addFindings, maskBody } from './request.ts';
import { ExchangeTokens, type KeyedHash, masksOf } from './tokens.ts';

/** Where tokens come from and go to. */
export interface TokenOptions {
  readonly tables: TokenTables;
  /** Keys the tokens; the same on all nodes and after a restart. */
  readonly keyedHash: KeyedHash;
  /** New tokens could not be stored: they become values again on this node alone, while it runs. */
  readonly onFault: (fault: unknown) => void;
}

interface Asked {
  readonly exchange: Decided;
  readonly body: Body;
  readonly found: BodyFindings;
  readonly detectors: MaskDetectors;
  readonly memo: ScanMemo;
  readonly keyedHash: KeyedHash;
  readonly tokens: TokenOptions | undefined;
}

/**
 * Masks the body of a request, counts the masks in `marks` and gives the tokens it has. Values that become tokens are
 * exact values of their conversation, so that they become the same token in any context. A promise only where the plan
 * asks for tokens.
 */
export function maskInto(marks: MaskMark[], asked: Asked): ExchangeTokens | Promise<ExchangeTokens> {
  const { exchange, body, found, keyedHash } = asked;
  if ([...exchange.maskPlan.values()].includes('token')) return maskWithTokens(marks, asked);
  const tokens = new ExchangeTokens(keyedHash, '', []);
  maskBody(body, found, exchange.detectors, masksOf(exchange.detectors.always, exchange.maskPlan, marks, tokens));
  return tokens;
}

async function maskWithTokens(marks: MaskMark[], asked: Asked): Promise<ExchangeTokens> {
  const { exchange, body, found, detectors, memo, keyedHash } = asked;
  const { conversation, identity, maskPlan } = exchange;
  const { always } = exchange.detectors;
  const known = (await asked.tokens?.tables.of(conversation.id)) ?? [];
  const tokens = new ExchangeTokens(keyedHash, identity.principal.tenant, known);
  supplyAll(body, found, masksOf(always, maskPlan, [], tokens), tokens);
  const entries = [...tokens.entries.values()];
  const masks = masksOf(always, maskPlan, marks, tokens);
  if (entries.length === 0) {
    maskBody(body, found, exchange.detectors, masks);
    return tokens;
  }
  const values = [detectors.tokensOnly(entries)];
  const whole = await addFindings(body, found, values, { memo, of: () => true });
  maskBody(body, whole, detectors.withTokens(entries), masks);
  if (tokens.added.length > 0) {
    await asked.tokens?.tables.add(conversation.id, tokens.added).catch(asked.tokens.onFault);
  }
  return tokens;
}

/** Supplies every value that becomes a token. */
function supplyAll(body: Body, found: BodyFindings, masks: Masks, tokens: ExchangeTokens): void {
  const supplying: Masks = { ...masks, token: (className, value) => tokens.supply(className, value) };
  for (const [index, spans] of found) new Redactor(supplying).runs(body.leaves[index]!.text, spans);
}
