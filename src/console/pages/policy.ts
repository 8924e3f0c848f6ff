import type { DetectorRow, PolicyView, RuleRow } from '../models.ts';
import { isOf, type WrittenRule } from '../rules.ts';
import type { Loaded, Visit } from './visit.ts';

const DAY_MS = 86_400_000;

/** What the journal says of a stretch of time: how often each rule spoke and each detector masked. */
interface Tally {
  readonly exchanges: number;
  readonly more: boolean;
  readonly rules: { readonly [id: string]: Counted };
  readonly detectors: { readonly [id: string]: Counted & { readonly class: string } };
}

interface Counted {
  readonly count: number;
  readonly last: string;
}

/** The active policy, its rules and detectors, and what each did in the last day. */
export async function loadPolicy({ api, actor, options, now, rules }: Visit): Promise<Loaded> {
  const status = options.policy.status();
  const query = { from: new Date(now - DAY_MS).toISOString() };
  const tally = await api.call<Tally>('GET', '/admin/v1/tally', { actor, query });
  const view: PolicyView = {
    page: 'policy',
    active: status.active && {
      bundle: status.active.bundle,
      version: status.active.version,
      revision: status.active.revision,
      bundleVersion: status.active.bundle_version,
      activatedAt: status.active.activated_at,
      source: status.source,
      expiresAt: status.expires_at === null ? null : status.expires_at * 1000,
    },
    fault: status.unavailable ?? (status.refused && `The newest bundle was refused: ${status.refused.detail}`),
    rules: rules().map((rule): RuleRow => ({ ...rule, ...spoken(rule, tally) })),
    detectors: detectorRows(options.policy.detectors(), tally),
    counted: { exchanges: tally.exchanges, more: tally.more },
  };
  return { title: 'Policy', view };
}

/** How often a rule spoke, under any of its ids. */
function spoken(rule: WrittenRule, { rules }: Tally): Pick<RuleRow, 'fired' | 'lastAt'> {
  const ids = Object.keys(rules).filter((id) => isOf(rule, id));
  const last = ids.map((id) => rules[id]!.last).sort();
  return { fired: ids.reduce((sum, id) => sum + rules[id]!.count, 0), lastAt: last.at(-1) ?? null };
}

/** The detectors there are, and those of exact values and earlier bundles that masked something. */
function detectorRows(known: readonly Pick<DetectorRow, 'id' | 'class' | 'label'>[], tally: Tally): DetectorRow[] {
  const rows = new Map<string, DetectorRow>();
  for (const detector of known) rows.set(detector.id, { ...detector, masked: 0, lastAt: null });
  for (const [id, { count, last, class: className }] of Object.entries(tally.detectors)) {
    const row = rows.get(id) ?? { id, class: className, label: '', masked: 0, lastAt: null };
    rows.set(id, { ...row, masked: count, lastAt: last });
  }
  return [...rows.values()];
}
