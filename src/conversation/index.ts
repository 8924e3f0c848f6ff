/** Lineage of conversations, the ledger of the gateway's own edits, and what was released or withheld. */
export { type Contents, openContents } from './contents.ts';
export { createConverseStep } from './converse_step.ts';
export { type Ledgers, openLedgers } from './ledger.ts';
export { createNoteStep } from './note_step.ts';
export { createPinStep } from './pin_step.ts';
export { createRestoreStep } from './restore_step.ts';
export { openRuleShelf, type RuleShelf } from './rule_shelf.ts';
export { openTokens } from './tokens.ts';
export { createVisibleHolds } from './visible_hold.ts';
