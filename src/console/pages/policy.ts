import type { Json } from '../../model/json.ts';
import type { DetectorRow, PolicyView, RuleRow } from '../models.ts';
import { writtenRules } from '../rules.ts';
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
export async function loadPolicy({ api, actor, options, now }: Visit): Promise<Loaded> {
  const status = options.policy.status();
  const query = { from: new Date(now - DAY_MS).toISOString() };
  const answer: Json = await api.call('GET', '/admin/v1/tally', { actor, query });
  const tally = answer as unknown as Tally;
  const rules = writtenRules(options.policy.sources());
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
    rules: rules.map(
      (rule): RuleRow => ({
        ...rule,
        fired: tally.rules[rule.id]?.count ?? 0,
        lastAt: tally.rules[rule.id]?.last ?? null,
      }),
    ),
    detectors: detectorRows(options.policy.detectors(), tally),
    counted: { exchanges: tally.exchanges, more: tally.more },
  };
  return { title: 'Policy', view };
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
