import type { JsonObject } from '../../model/json.ts';
import type { ExchangeRow, ExchangeView, Fact, Returned } from '../models.ts';
import { Block, Raw } from './content.tsx';
import { Heading } from './layout.tsx';
import { Badge, duration, Effect, Empty, Facts, Moment, Panel, utc } from './parts.tsx';
import { Visible } from './text.tsx';

const recordings = {
  whole: ['ok', 'Recording whole', 'Every sealed segment opened, and the last one says that nothing is missing.'],
  open: ['wait', 'Recording not finished', 'The exchange still runs, or a crash cut it off.'],
  broken: ['bad', 'Recording broken', 'Something was changed, moved or taken away since it was written.'],
  none: ['plain', 'No content recorded', 'Policy kept facts only, or the exchange ended before there was an answer.'],
} as const;

/** One exchange in full, as its recording has it. */
export function Exchange({ view }: { readonly view: ExchangeView }) {
  const { exchange, recording, returned } = view;
  const [tone, title, text] = recordings[recording.state];
  return (
    <>
      <Heading
        above={<a href="/activity">Activity</a>}
        title={
          <>
            <Visible text={exchange.function ?? exchange.subject ?? 'Nobody known'} />
            {' asked '}
            <Visible text={returned?.model ?? exchange.model ?? exchange.action ?? 'nothing known'} />
          </>
        }
      >
        <p class="marks">
          <Effect effect={exchange.effect} />
          <span class="muted">
            <Moment at={exchange.at} /> UTC
          </span>
        </p>
      </Heading>
      <div class={`integrity integrity-${tone}`}>
        <Badge tone={tone}>{title}</Badge>
        <span>
          {text}
          {recording.fault !== null && (
            <>
              {' '}
              <Visible text={recording.fault} />
            </>
          )}
        </span>
      </div>
      <div class="columns">
        <div>
          {returned === null ? (
            <Empty title="Nothing came back that was kept">{`The exchange ended as: ${exchange.end ?? 'still running'}.`}</Empty>
          ) : (
            <Answer returned={returned} places={view.places} />
          )}
          <Panel title="In the journal" aside={<p class="muted">{view.events.length} events</p>}>
            <ol class="events">
              {view.events.map((event) => (
                <li key={event.seq}>
                  <Raw
                    text={JSON.stringify(event.body, null, 2)}
                    title={
                      <>
                        <code class="rule">{event.kind}</code>
                        <span class="muted">
                          {' '}
                          {utc(Date.parse(event.at)).slice(11)}, number {event.seq}
                        </span>
                      </>
                    }
                  />
                </li>
              ))}
            </ol>
          </Panel>
        </div>
        <div class="side">
          <Panel title="The decision">
            <Rules rules={exchange.rules} places={view.places} />
            <Facts facts={decisionFacts(exchange)} />
          </Panel>
          <Panel title="Facts">
            <Facts facts={exchangeFacts(exchange)} />
          </Panel>
          {exchange.masks.length > 0 && (
            <Panel title="Masked">
              <ul class="tally">
                {exchange.masks.map((mask) => (
                  <li>
                    <Badge tone="mask">{mask.class}</Badge>
                    <span class="muted">
                      {mask.count} × {mask.detector}
                    </span>
                  </li>
                ))}
              </ul>
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

function Answer({ returned, places }: { readonly returned: Returned; readonly places: ExchangeView['places'] }) {
  const calls = new Map(returned.calls.map((call) => [call.index, call]));
  const shown = new Set(returned.content.map((block) => block.index));
  return (
    <Panel title="What came back" aside={<p class="muted">{returned.stop_reason}</p>}>
      <ol class="blocks">
        {returned.content.map((block) => (
          <li class={kindOf(block)}>
            <BlockHead block={block} call={calls.get(block.index ?? null) ?? null} places={places} />
            <Block block={block} />
          </li>
        ))}
        {returned.calls
          .filter((call) => !shown.has(call.index))
          .map((call) => (
            <li class="block-call">
              <BlockHead block={{ type: 'tool_use' }} call={call} places={places} />
            </li>
          ))}
        {returned.errors.map((error) => (
          <li class="block-error">
            <p class="block-head">
              <Badge tone="bad">error</Badge>
            </p>
            <Block block={{ type: 'error', error }} />
          </li>
        ))}
      </ol>
      {returned.gaps > 0 && (
        <p class="barred">
          {returned.gaps} {returned.gaps === 1 ? 'stretch was' : 'stretches were'} not recorded.
        </p>
      )}
    </Panel>
  );
}

function BlockHead({
  block,
  call,
  places,
}: {
  readonly block: JsonObject;
  readonly call: JsonObject | null;
  readonly places: ExchangeView['places'];
}) {
  const rules = Array.isArray(call?.rules) ? (call.rules as readonly string[]) : [];
  const tool = call?.tool ?? block.name;
  if (tool === undefined && call === null) return <p class="block-head muted">{String(block.type ?? 'block')}</p>;
  return (
    <div class="block-head">
      <p class="marks">
        <strong>
          <Visible text={String(tool)} />
        </strong>
        {call !== null && <Effect effect={String(call.effect)} />}
      </p>
      {rules.length > 0 && <Rules rules={rules} places={places} />}
    </div>
  );
}

function Rules({ rules, places }: { readonly rules: readonly string[]; readonly places: ExchangeView['places'] }) {
  if (rules.length === 0) return <p class="muted">No rule spoke.</p>;
  return (
    <ul class="rules">
      {rules.map((rule) => (
        <li>
          <code class="rule">{rule}</code>
          {places[rule] !== undefined && <span class="place">{places[rule]}</span>}
        </li>
      ))}
    </ul>
  );
}

function kindOf(block: JsonObject): string {
  if (block.input !== undefined) return 'block-call';
  return typeof block.thinking === 'string' ? 'block-thinking' : 'block-text';
}

function decisionFacts(exchange: ExchangeRow): Fact[] {
  return [
    { name: 'policy', values: [exchange.policy?.version ?? 'none'], code: false },
    { name: 'revision', values: [exchange.policy?.revision.slice(0, 16) ?? 'none'], code: false },
    { name: 'ended', values: [[exchange.end ?? 'running', exchange.code].filter(Boolean).join(', ')], code: false },
  ];
}

function exchangeFacts(exchange: ExchangeRow): Fact[] {
  const { usage } = exchange;
  const fact = (name: string, value: string | null): Fact => ({ name, values: [value ?? 'none'], code: false });
  return [
    fact('exchange', exchange.id),
    fact('conversation', exchange.session),
    fact('subject', exchange.subject),
    fact('status', exchange.status === null ? null : String(exchange.status)),
    fact('took', exchange.duration_ms === null ? null : duration(exchange.duration_ms)),
    fact('tokens in, out', usage && `${usage.input_tokens}, ${usage.output_tokens}`),
    fact('lease', exchange.lease && `${exchange.lease.id} (${exchange.lease.role})`),
  ];
}
