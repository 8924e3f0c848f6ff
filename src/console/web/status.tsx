import type { StatusView } from '../models.ts';
import { Heading } from './layout.tsx';
import { Badge, Facts, Panel } from './parts.tsx';
import { Visible } from './text.tsx';

/** How the gateway is: what it needs to serve, its leases, stores and holds. */
export function Status({ view }: { readonly view: StatusView }) {
  const faulty = view.checks.filter((check) => check.fault !== null);
  return (
    <>
      <Heading title="Status">
        <Badge tone={faulty.length === 0 ? 'ok' : 'bad'}>{faulty.length === 0 ? 'ready' : 'not ready'}</Badge>
      </Heading>
      <Panel title="What serving needs">
        <ul class="checks">
          {view.checks.map((check) => (
            <li key={check.name}>
              <Badge tone={check.fault === null ? 'ok' : 'bad'}>{check.fault === null ? 'well' : 'fault'}</Badge>
              <span>
                <strong>{check.name}</strong>
                {check.fault !== null && (
                  <span class="muted">
                    {' '}
                    <Visible text={check.fault} />
                  </span>
                )}
              </span>
            </li>
          ))}
        </ul>
      </Panel>
      <div class="tiles">
        {view.sections.map((section) => (
          <Panel key={section.title} title={section.title}>
            <Facts facts={section.facts} />
          </Panel>
        ))}
      </div>
    </>
  );
}
