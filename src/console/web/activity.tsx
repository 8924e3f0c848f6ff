import type { ActivityView, ExchangeRow, Filters } from '../models.ts';
import { Heading } from './layout.tsx';
import { Badge, duration, Effect, Empty, Who } from './parts.tsx';
import { Visible } from './text.tsx';

const effects = [
  ['', 'any decision'],
  ['allow', 'allowed'],
  ['deny', 'denied'],
  ['require_approval', 'asked a person'],
  ['refused', 'refused by the gateway'],
] as const;

const dayName = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' });

/** Exchanges with their decisions and masks. */
export function Activity({ view }: { readonly view: ActivityView }) {
  return (
    <>
      <Heading title="Activity">
        <p class="muted">times are UTC</p>
      </Heading>
      <FilterForm filters={view.filters} />
      {view.fault !== null && (
        <p class="barred" role="alert">
          <Visible text={view.fault} />
        </p>
      )}
      {view.exchanges.length === 0 && view.fault === null && (
        <Empty title="Nothing matches">
          {Object.values(view.filters).some((value) => value !== '')
            ? 'No exchange fits these filters. Take one away, or look at another time.'
            : 'As soon as an agent calls Claude through this gateway, the call is here.'}
        </Empty>
      )}
      {view.exchanges.length > 0 &&
        days(view.exchanges).map(([day, exchanges]) => (
          <section key={day}>
            <h2 class="day">{day}</h2>
            <ol class="rows">
              {exchanges.map((exchange) => (
                <Row key={exchange.id} exchange={exchange} />
              ))}
            </ol>
          </section>
        ))}
      {view.next !== null && (
        <p class="pager">
          <a class="button" href={`/activity?${view.next}`} rel="next">
            Older
          </a>
        </p>
      )}
    </>
  );
}

function FilterForm({ filters }: { readonly filters: Filters }) {
  return (
    <form class="filters" method="get" action="/activity" data-filters>
      <label>
        Function
        <input name="function" defaultValue={filters.function} placeholder="nightly-report" autoComplete="off" />
      </label>
      <label>
        Principal
        <input name="principal" defaultValue={filters.principal} placeholder="ada@example.test" autoComplete="off" />
      </label>
      <label>
        Decision
        <select name="effect">
          {effects.map(([value, text]) => (
            <option key={value} value={value} selected={filters.effect === value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        From
        <input name="from" defaultValue={filters.from} placeholder="2026-01-05 02:00" autoComplete="off" />
      </label>
      <label>
        To
        <input name="to" defaultValue={filters.to} placeholder="2026-01-05 03:00" autoComplete="off" />
      </label>
      <button type="submit">Filter</button>
    </form>
  );
}

function Row({ exchange }: { readonly exchange: ExchangeRow }) {
  const masked = exchange.masks.reduce((sum, mask) => sum + mask.count, 0);
  const { usage } = exchange;
  return (
    <li class="row">
      <a data-item href={`/activity/${encodeURIComponent(exchange.id)}`}>
        <span class="row-time">
          <time dateTime={exchange.at}>{exchange.at.slice(11, 19)}</time>
        </span>
        <span class="row-who">
          <Who requester={{ function: exchange.function, subject: exchange.subject ?? 'nobody known' }} />
        </span>
        <span class="row-what">
          <Visible text={exchange.model ?? exchange.action ?? ''} />
        </span>
        <span class="row-marks">
          <Effect effect={exchange.effect} />
          {exchange.effect !== 'allow' &&
            exchange.rules.map((rule) => (
              <code class="rule" key={rule}>
                {rule}
              </code>
            ))}
          {exchange.calls !== null && exchange.calls.deny > 0 && (
            <Badge tone="bad">
              {exchange.calls.deny} {exchange.calls.deny === 1 ? 'call' : 'calls'} denied
            </Badge>
          )}
          {masked > 0 && <Badge tone="mask">{masked} masked</Badge>}
          {exchange.end !== null && !['complete', 'refused', 'denied'].includes(exchange.end) && (
            <Badge tone="bad">{exchange.end.replaceAll('_', ' ')}</Badge>
          )}
          {exchange.end === null && <Badge tone="wait">running</Badge>}
        </span>
        <span class="row-size">
          {usage !== null && (
            <span title="tokens in and out">
              {usage.input_tokens}
              {' → '}
              {usage.output_tokens}
            </span>
          )}
          {exchange.duration_ms !== null && <span>{duration(exchange.duration_ms)}</span>}
        </span>
      </a>
    </li>
  );
}

/** `Tuesday, 24 November 2026` with the exchanges of that day, in order. */
function days(exchanges: readonly ExchangeRow[]): (readonly [string, readonly ExchangeRow[]])[] {
  const byDay = new Map<string, ExchangeRow[]>();
  for (const exchange of exchanges) {
    const day = dayName.format(Date.parse(exchange.at));
    const known = byDay.get(day);
    if (known) known.push(exchange);
    else byDay.set(day, [exchange]);
  }
  return [...byDay];
}
