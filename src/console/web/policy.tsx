import type { DetectorRow, PolicyView, RuleRow } from '../models.ts';
import { Heading } from './layout.tsx';
import { Age, Badge, Does, Empty, Facts, Panel } from './parts.tsx';
import { Visible } from './text.tsx';

/** The active policy, and what each rule and detector did in the last day. */
export function Policy({ view, now }: { readonly view: PolicyView; readonly now: number }) {
  const { active } = view;
  return (
    <>
      <Heading title="Policy">
        <p class="muted">
          counted over {view.counted.exchanges} {view.counted.exchanges === 1 ? 'exchange' : 'exchanges'} of the last
          day
          {view.counted.more && ', the newest'}
        </p>
      </Heading>
      {view.fault !== null && (
        <p class="barred" role="alert">
          <Visible text={view.fault} />
        </p>
      )}
      {active === null ? (
        <Empty title="No policy is active">Every request is refused until there is one.</Empty>
      ) : (
        <Panel
          title={`${active.bundle} ${active.version}`}
          aside={<Badge tone="ok">{active.source === 'builtin' ? 'built in' : 'signed'}</Badge>}
        >
          <Facts
            facts={[
              { name: 'revision', values: [active.revision], code: false },
              { name: 'bundle version', values: [String(active.bundleVersion)], code: false },
            ]}
          />
          <p class="muted">
            {'active since '}
            <Age at={active.activatedAt} now={now} />
            {active.expiresAt !== null && (
              <>
                {', expires '}
                <Age at={active.expiresAt} now={now} />
              </>
            )}
          </p>
        </Panel>
      )}
      {groups(view.rules).map(([name, rules]) => (
        <Panel key={name} title={name}>
          <ul class="ledger">
            {rules.map((rule) => (
              <RuleLine key={`${rule.id} ${rule.place}`} rule={rule} now={now} />
            ))}
          </ul>
        </Panel>
      ))}
      {view.detectors.length > 0 && <Detectors detectors={view.detectors} now={now} />}
    </>
  );
}

/** Those that masked something first, the others folded away: a library has hundreds. */
function Detectors({ detectors, now }: { readonly detectors: readonly DetectorRow[]; readonly now: number }) {
  const busy = detectors.filter(({ masked }) => masked > 0);
  const quiet = detectors.filter(({ masked }) => masked === 0);
  return (
    <Panel title="Detectors" aside={<p class="muted">{detectors.length} in all</p>}>
      {busy.length > 0 && <DetectorLines detectors={busy} now={now} />}
      {quiet.length > 0 && (
        <details class="quiet-ones">
          <summary>{quiet.length} that masked nothing in the last day</summary>
          <DetectorLines detectors={quiet} now={now} />
        </details>
      )}
    </Panel>
  );
}

function DetectorLines({ detectors, now }: { readonly detectors: readonly DetectorRow[]; readonly now: number }) {
  return (
    <ul class="ledger">
      {detectors.map((detector) => (
        <li key={detector.id}>
          <span class="ledger-name">
            <code class="rule">{detector.id}</code>
            <span>{detector.label}</span>
            <span class="place">{detector.class}</span>
          </span>
          {detector.masked > 0 && <Count count={detector.masked} word="masked" last={detector.lastAt} now={now} />}
        </li>
      ))}
    </ul>
  );
}

function RuleLine({ rule, now }: { readonly rule: RuleRow; readonly now: number }) {
  return (
    <li>
      <Does effect={rule.effect} />
      <span class="ledger-name">
        <code class="rule">{rule.id}</code>
        <span>
          <Visible text={rule.title} />
        </span>
        <span class="place">{rule.place}</span>
      </span>
      <Count count={rule.fired} word="spoke" last={rule.lastAt} now={now} />
    </li>
  );
}

function Count({
  count,
  word,
  last,
  now,
}: {
  readonly count: number;
  readonly word: string;
  readonly last: string | null;
  readonly now: number;
}) {
  if (count === 0) return <span class="tally-count muted">not in the last day</span>;
  return (
    <span class="tally-count">
      <strong>{count}</strong> {word}
      {last !== null && (
        <span class="muted">
          {', '}
          <Age at={Date.parse(last)} now={now} />
        </span>
      )}
    </span>
  );
}

function groups(rules: readonly RuleRow[]): (readonly [string, readonly RuleRow[]])[] {
  const byPackage = new Map<string, RuleRow[]>();
  for (const rule of rules) {
    const known = byPackage.get(rule.package);
    if (known) known.push(rule);
    else byPackage.set(rule.package, [rule]);
  }
  return [...byPackage];
}
