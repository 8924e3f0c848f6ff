import { addMask, type MaskMode, type MaskPlan } from '../model/scan.ts';

/**
 * What the rewriting of one conversation is pinned to, so that what Claude saw once looks the same on every turn. It
 * never weakens a decision. Times are epoch milliseconds.
 */
export interface Pin {
  /** Digests of rule sets, oldest first; the masks of all of them apply, the last is the one that was active. */
  readonly rules: readonly string[];
  readonly plan: MaskPlan;
  /** The upstream organisation, where there is more than one. */
  readonly organisation: string | null;
  readonly pinnedAt: number;
  readonly usedAt: number;
}

/** What is decided for one request, and by which rules. */
export interface Wanted {
  readonly rules: string;
  /** The bundle says that its rules must take effect at once, whatever is pinned. */
  readonly urgent: boolean;
  readonly plan: MaskPlan;
  readonly organisation: string | null;
  /** Whether this node has a rule set that is not active any more. */
  readonly kept: (digest: string) => boolean;
}

/** The pin to go on with; null where there is nothing to pin. */
export interface Pinning {
  readonly pin: Pin | null;
  /** The pin is not the one that was there: it has to be stored. */
  readonly changed: boolean;
  /** What may now look different in what Claude saw before. */
  readonly edits: Edits;
}

export interface Edits {
  /** Classes that are masked now, or more strongly, and were not. */
  readonly classes: ReadonlySet<string>;
  /** Rules were added, so that pinned classes may cover more. */
  readonly rules: boolean;
  /** Masks of a pin that has ended may be gone, or the organisation is another one. */
  readonly all: boolean;
}

const idleMs = 8 * 3600_000;
/** Milliseconds that a pin holds at most. */
export const pinMs = 24 * 3600_000;
/** A pin that is used is stored again after so long. */
const touchMs = 600_000;
/** Rule sets that one conversation keeps; each costs a scan. */
const rulesMost = 3;

/** Whether a pin still holds. */
function holds(pin: Pin, { rules, urgent, kept }: Wanted, now: number): boolean {
  if (now - pin.usedAt >= idleMs || now - pin.pinnedAt >= pinMs) return false;
  return pin.rules.every((digest) => digest === rules || (!urgent && kept(digest)));
}

/**
 * The pin after a decision: what was pinned united with what is decided. A conversation in which nothing is masked,
 * and which has one organisation to go to, needs none.
 */
export function repin(before: Pin | null, wanted: Wanted, now: number): Pinning {
  const held = before !== null && holds(before, wanted, now) ? before : null;
  const plan = unite(held?.plan ?? new Map(), wanted.plan);
  const classes = new Set([...plan].filter(([name, mode]) => held?.plan.get(name) !== mode).map(([name]) => name));
  const known = held?.rules ?? [];
  const added = !known.includes(wanted.rules);
  const rules = added ? [...known, wanted.rules].slice(-rulesMost) : known;
  const moved = before !== null && before.organisation !== null && before.organisation !== wanted.organisation;
  const dropped = added && known.length >= rulesMost;
  const edits: Edits = {
    classes,
    rules: held !== null && added,
    all: moved || dropped || (before !== null && held === null && loses(before, plan, wanted.rules)),
  };
  if (plan.size === 0 && wanted.organisation === null) return { pin: null, changed: before !== null, edits };
  const changed = held === null || classes.size > 0 || added || moved || now - held.usedAt >= touchMs;
  if (!changed) return { pin: held, changed, edits };
  const pin: Pin = { rules, plan, organisation: wanted.organisation, pinnedAt: held?.pinnedAt ?? now, usedAt: now };
  return { pin, changed, edits };
}

/** Both plans; where both name a class the stronger mode wins. */
export function unite(one: MaskPlan, other: MaskPlan): Map<string, MaskMode> {
  const plan = new Map(one);
  for (const [name, mode] of other) addMask(plan, name, mode);
  return plan;
}

/** Whether something that a pin masked may not be masked alike any more. */
function loses(before: Pin, plan: MaskPlan, rules: string): boolean {
  if (before.plan.size > 0 && before.rules.some((digest) => digest !== rules)) return true;
  return [...before.plan].some(([name, mode]) => plan.get(name) !== mode);
}
