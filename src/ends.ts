import type { Parking } from './approve/index.ts';
import { GatewayError, stackOf } from './errors.ts';
import type { Dispatch, Held } from './model/approval.ts';
import type { Outcome } from './model/event.ts';
import type { AnswerEnd, Conversed, Recorded } from './model/exchange.ts';
import type { Log, Metrics } from './observe/index.ts';
import type { Ends } from './pipeline.ts';
import { type RefusalStyle, type RefusedRequest, refuse } from './receive/index.ts';
import type { Recorder } from './record/index.ts';

export interface EndsOptions {
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly style: RefusalStyle;
  readonly parking: Parking;
  /** Remembers what of a denied request must not come back. */
  readonly withhold: (exchange: Conversed, how: GatewayError['withhold']) => Promise<void>;
}

/** Joins what the end of an exchange takes: the reply, the audit event, the metrics and, for faults, the log. */
export function createEnds({ recorder, metrics, log, style, parking, withhold }: EndsOptions): Ends {
  const logFault = (exchange: string, error: GatewayError) => {
    const fields = { exchange, code: error.code, detail: error.detail ?? '' };
    // Why a token was refused is told nowhere else.
    if (error.status < 500 && error.reason === 'identity') log.info(error.message, fields);
    if (error.status < 500) return;
    if (error.code === 'INTERNAL') log.error(error.message, { ...fields, stack: stackOf(error) });
    else log.warn(error.message, fields);
  };

  return {
    async refused(arrival, reached, error) {
      if (error.withhold !== 'none' && reached.conversation) {
        // Before the denial is told: the next request may follow at once.
        await withhold(reached as Conversed, error.withhold).catch((fault: GatewayError) =>
          logFault(arrival.id, fault),
        );
      }
      if (reached.answer && !reached.attached) reached.answer.finish(error);
      reached.held?.settle('not_sent').catch((fault: GatewayError) => logFault(arrival.id, fault));
      const gone = arrival.signal.aborted && !(arrival.signal.reason instanceof GatewayError);
      if (!gone) refuse(arrival.reply, refusedRequest(arrival.id, reached), error, style);
      const { route } = reached;
      metrics.requests.inc({ route: route?.pattern ?? 'none', outcome: 'refused', reason: error.reason });
      if (reached.decision) metrics.decisions.inc({ point: 'request', effect: reached.decision.effect });
      logFault(arrival.id, error);
      const recorded = reached.route
        ? recorder.refused(reached as Parameters<Recorder['refused']>[0], error)
        : recorder.append({
            kind: 'input.rejected',
            exchange: arrival.id,
            body: { v: 1, code: error.code, reason: error.reason, status: error.status },
          });
      recorded.catch((fault: GatewayError) => logFault(arrival.id, fault));
    },

    async finished(exchange, end) {
      const outcome = outcomeOf(exchange, end);
      if (end instanceof GatewayError) {
        const gone = outcome.end === 'client_gone';
        if (!gone) {
          refuse(exchange.reply, refusedRequest(exchange.id, exchange), end, style);
          exchange.recording.frame('error', -1, { code: end.code, type: end.type, message: end.message });
        }
        // A caller that leaves is no fault.
        if (!gone || end.code !== 'UPSTREAM_CONNECT') logFault(exchange.id, end);
      }
      const route = exchange.route.pattern;
      metrics.requests.inc({ route, outcome: outcome.end, reason: end instanceof GatewayError ? end.reason : 'none' });
      metrics.duration.observe({ route }, (Date.now() - exchange.startedAt) / 1000);
      metrics.decisions.inc({ point: 'request', effect: exchange.decision.effect });
      for (const mark of exchange.masks) metrics.masks.inc({ class: mark.class }, mark.count);
      if (exchange.held)
        settle(exchange, exchange.held, end, parking).catch((fault: GatewayError) => logFault(exchange.id, fault));
      await exchange.recording.end(outcome).catch((fault: GatewayError) => logFault(exchange.id, fault));
    },
  };
}

/** What a refusal has to know of its request. */
export function refusedRequest(id: string, reached: Partial<Recorded>): RefusedRequest {
  const { client = null, route, body } = reached;
  return { id, client, action: route?.action ?? null, model: body?.root.get('model')?.string() ?? null };
}

/** Says what became of a grant: spent once the answer was delivered, usable again where Claude gave none. */
async function settle(exchange: Recorded, held: Held, end: AnswerEnd | GatewayError, parking: Parking): Promise<void> {
  if (end instanceof GatewayError) {
    // Once Claude answers there is a connection: it is the caller who left an answer that could not be kept.
    const left = end.code === 'UPSTREAM_CONNECT' && exchange.notes.upstream_status !== undefined;
    return held.settle(left ? 'delivered' : dispatchOf(end));
  }
  if (end === 'upstream_error') {
    return held.settle(Number(exchange.notes.upstream_status) >= 400 ? 'upstream_refused' : 'upstream_cut');
  }
  // Where its caller left, the answer waits in the parking and the grant with it. What the store does not take now it
  // gets later.
  parking.settled(exchange.answer, () => void held.settle('delivered').catch(() => undefined));
}

function dispatchOf({ code }: GatewayError): Dispatch {
  switch (code) {
    case 'UPSTREAM_CONNECT':
    case 'CREDENTIAL_UNAVAILABLE':
      return 'not_sent';
    case 'UPSTREAM_CREDENTIAL':
      return 'upstream_refused';
    case 'UPSTREAM_PROTOCOL':
    case 'UPSTREAM_TIMEOUT':
      return 'upstream_cut';
    default:
      return 'delivered';
  }
}

function outcomeOf(exchange: Recorded, end: Parameters<Ends['finished']>[1]): Outcome {
  const { signal, notes, reply } = exchange;
  const gone = signal.aborted && !(signal.reason instanceof GatewayError);
  const fault = end instanceof GatewayError ? end : null;
  return {
    status: reply.begun ? reply.status : (fault?.status ?? 0),
    end: gone ? 'client_gone' : end instanceof GatewayError ? 'fault' : end,
    code: gone ? null : (fault?.code ?? null),
    usage: null,
    stopReason: null,
    notes,
  };
}
