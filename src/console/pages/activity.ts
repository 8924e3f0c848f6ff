import { GatewayError } from '../../errors.ts';
import type { ActivityView, ExchangeRow, Filters } from '../models.ts';
import type { Loaded, Visit } from './visit.ts';

const PAGE_ROWS = '50';
const names = ['from', 'to', 'function', 'principal', 'effect'] as const;

interface ExchangePage {
  readonly exchanges: readonly ExchangeRow[];
  /** The cursor of the page after it, or null at the end. */
  readonly next: string | null;
}

/** Exchanges that match the filters of the query, newest first. */
export async function loadActivity({ api, actor, request }: Visit): Promise<Loaded> {
  const filters = Object.fromEntries(
    names.map((name) => [name, (request.query.get(name) ?? '').trim().slice(0, 200)]),
  ) as unknown as Filters;
  const before = request.query.get('before');
  const query: { [name: string]: string } = { limit: PAGE_ROWS };
  for (const name of names) if (filters[name] !== '') query[name] = filters[name];
  for (const name of ['from', 'to']) if (query[name] !== undefined) query[name] = inZone(query[name]);
  if (before !== null) query.before = before;
  const show = (answer: ExchangePage, fault: string | null): Loaded => ({
    title: 'Activity',
    view: {
      page: 'activity',
      filters,
      exchanges: answer.exchanges,
      next: answer.next === null ? null : nextQuery(filters, answer.next),
      fault,
    } satisfies ActivityView,
  });
  try {
    return show(await api.call<ExchangePage>('GET', '/admin/v1/exchanges', { actor, query }), null);
  } catch (thrown) {
    if (!(thrown instanceof GatewayError) || thrown.code !== 'ADMIN_INPUT') throw thrown;
    return show({ exchanges: [], next: null }, thrown.message);
  }
}

/** A time as people type it, `2026-01-05 02:15`, is UTC. */
function inZone(text: string): string {
  const typed = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)$/.exec(text);
  return typed ? `${typed[1]}T${typed[2]}Z` : text;
}

function nextQuery(filters: Filters, before: string): string {
  const query = new URLSearchParams();
  for (const name of names) if (filters[name] !== '') query.set(name, filters[name]);
  query.set('before', before);
  return query.toString();
}
