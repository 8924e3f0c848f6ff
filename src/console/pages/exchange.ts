import { GatewayError } from '../../errors.ts';
import type { Principal } from '../../model/principal.ts';
import type { ExchangeRow, ExchangeView } from '../models.ts';
import { placeOf } from '../rules.ts';
import type { Loaded, Visit } from './visit.ts';

type Shown = ExchangeRow & Omit<ExchangeView, 'page' | 'exchange' | 'places'>;

/**
 * One exchange in full. Whose exchange it is is put to policy once more, and the view is recorded before anything is
 * shown. Rejects with NOT_FOUND, POLICY_DENIED or AUDIT_UNAVAILABLE.
 */
export async function loadExchange({ api, actor, request, options, rules }: Visit): Promise<Loaded> {
  const id = request.params.id ?? '';
  const answer = await api.call<Shown>('GET', '/admin/v1/exchanges/{id}', { actor, params: { id } });
  const { recording, returned, events, ...exchange } = answer;
  const requester = requesterOf(events);
  const decision = options.mayAct(actor.principal, 'session.view', { requester, approval: null });
  if (decision.effect !== 'allow') {
    throw new GatewayError('POLICY_DENIED', decision.reasons.map((reason) => reason.message).join(' ') || undefined);
  }
  const { subject, person, tenant } = actor.principal;
  await options.append({
    kind: 'session.viewed',
    exchange: exchange.id,
    body: { v: 1, viewer: { subject, person, tenant }, content: returned !== null },
  });
  const written = rules();
  const places: { [rule: string]: string } = {};
  const place = (id: unknown, effect: unknown) => {
    const found = placeOf(written, String(id), String(effect));
    if (found !== null) places[String(id)] = found;
  };
  for (const id of exchange.rules) place(id, exchange.effect);
  for (const call of returned?.calls ?? []) {
    if (Array.isArray(call.rules)) for (const id of call.rules) place(id, call.effect);
  }
  return {
    title: `${exchange.function ?? exchange.subject ?? 'Exchange'} at ${exchange.at.slice(11, 16)} UTC`,
    view: { page: 'exchange', exchange, recording, returned, events, places },
  };
}

/** Who made the exchange, as its first event has it; null where nobody was known. */
function requesterOf(events: Shown['events']): Principal | null {
  const principals = events.map(({ body }) => body.principal as Principal | null | undefined);
  return principals.find((principal) => principal != null) ?? null;
}
