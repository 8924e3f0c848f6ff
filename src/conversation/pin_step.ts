import type { Decided } from '../model/exchange.ts';
import { unlessItBegins } from './begins.ts';
import type { Contents } from './contents.ts';
import { type Ledger, type Ledgers, nothingChanged } from './ledger.ts';
import { type Edits, repin, unite } from './pin.ts';
import { isSideRequest, lastAssistant } from './places.ts';
import { askToDropBlocks } from './restore.ts';

export interface PinOptions {
  readonly ledgers: Ledgers;
  /** The hits of a request, to tell whether a new mask edits what Claude saw before. */
  readonly contents: Pick<Contents, 'hitsOf'>;
  /** The rule set that is active: its digest, and whether its bundle wants it to end all pins to others. */
  readonly rules: () => { readonly digest: string; readonly urgent: boolean };
  /** Whether the tables of another rule set are at hand. */
  readonly kept: (digest: string) => boolean;
  /** The upstream organisation of a credential role (null: the default role); null where all roles are of one. */
  readonly organisationOf: (role: string | null) => string | null;
  readonly now: () => number;
  /** A pin could not be stored: the conversation goes on with it in memory only. */
  readonly onFault: (fault: unknown) => void;
}

/**
 * The `pin` step, between decide and mask: the masks that apply are the pinned ones united with the decided ones. A
 * decision that asks for more re-pins at once; where that edits what stands before something Claude said, the
 * conversation is marked and Claude is asked to drop the thinking bound to it. Requests beside the conversation are
 * rewritten like it and pin nothing.
 *
 * The step rejects with GatewayError STATE_UNAVAILABLE where such a mark cannot be made durable.
 */
export function createPinStep(options: PinOptions): (exchange: Decided) => Decided | Promise<Decided> {
  const { ledgers } = options;

  const pinTo = (asked: Decided, before: Ledger): Decided | Promise<Decided> => {
    const { digest, urgent } = options.rules();
    const organisation = options.organisationOf(asked.decision.credential);
    const wanted = { rules: digest, urgent, plan: asked.maskPlan, organisation, kept: options.kept };
    const { pin, changed, edits } = repin(before.pin, wanted, options.now());
    const exchange = pin === null ? asked : { ...asked, maskPlan: unite(pin.plan, asked.maskPlan) };
    if (isSideRequest(exchange)) return exchange;
    if (changed) ledgers.pin(exchange.conversation.id, pin).catch(options.onFault);
    if (exchange.conversation.dropBlock || !editsEarlier(exchange, edits, options.contents)) return exchange;
    return ledgers.markDropBlock(exchange.conversation.id).then(() => withDropBlock(exchange));
  };

  return (exchange) => {
    if (exchange.body === null) return exchange;
    const before = unlessItBegins(exchange, ledgers.read(exchange.conversation.id), nothingChanged);
    return before instanceof Promise ? before.then((ledger) => pinTo(exchange, ledger)) : pinTo(exchange, before);
  };
}

function withDropBlock(exchange: Decided): Decided {
  const binding = askToDropBlocks(exchange.body!.root);
  if (binding) exchange.body!.splices.push(binding);
  return { ...exchange, conversation: { ...exchange.conversation, dropBlock: true } };
}

/** Whether something changes in what stands before the last that Claude said. */
function editsEarlier({ body, maskPlan }: Decided, edits: Edits, contents: PinOptions['contents']): boolean {
  if (!edits.all && !edits.rules && edits.classes.size === 0) return false;
  const last = lastAssistant(body!.leaves);
  if (last === -1) return false;
  if (edits.all) return true;
  return contents.hitsOf(body!).some(({ leaf, spans }) => {
    if (leaf.message > last) return false;
    return spans.some((span) => edits.classes.has(span.class) || (edits.rules && maskPlan.has(span.class)));
  });
}
