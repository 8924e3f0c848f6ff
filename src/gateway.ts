import { join } from 'node:path';
import { type Config, parseAddress } from './config/index.ts';
import { createEnds, refusedRequest } from './ends.ts';
import { type GatewayError, toGatewayError } from './errors.ts';
import { createForward } from './forward/index.ts';
import { type AdminAddress, adminFile } from './model/admin.ts';
import type { Recorded } from './model/exchange.ts';
import { createLog, createMetrics, type Log, type Metrics } from './observe/index.ts';
import { createPipeline, wayBack } from './pipeline.ts';
import { createPorts } from './ports.ts';
import { type Admission, type Arrival, createAdmission, refuse } from './receive/index.ts';
import { openRooms, type Rooms } from './rooms.ts';
import { checkRevoked, joinSteps } from './steps.ts';
import { replaceFile } from './store/index.ts';

/** A gateway, built but not listening. */
export interface Gateway {
  /** Opens both ports; resolves to their URLs. Rejects with `StartError` when one is taken. */
  listen(): Promise<{ readonly data: string; readonly admin: string }>;
  /** Takes nothing new, lets running exchanges end (`limits.drain_s` at most), and gives everything up. */
  drain(): Promise<void>;
  readonly log: Log;
}

/**
 * The composition root: opens every room from the configuration, joins them to the two ways and puts them behind the
 * ports. Rejects with `StartError` where a room cannot start; nothing is left open then.
 */
export async function createGateway(config: Config): Promise<Gateway> {
  const log = createLog(config.log.level);
  const metrics = createMetrics();
  const rooms = await openRooms(config, { log, metrics });
  const admission = createAdmission(config.limits.concurrent_requests);
  const handle = createHandle(rooms, config, { log, metrics, admission });
  const { data, admin } = createPorts({ rooms, log, metrics, admission, handle });
  const { credentials, onEvent, people, recorder, store, urls } = rooms;
  let draining: Promise<void> | null = null;
  let started = false;

  const drain = async () => {
    rooms.parking.drain();
    await admission.drain(config.limits.drain_s * 1000);
    await Promise.all([data.close(), admin.close()]);
    if (started) await onEvent({ kind: 'gateway.stopped', exchange: null, body: { v: 1 } });
    await rooms.close();
  };
  return {
    log,
    async listen() {
      const [dataAt, adminAt] = [parseAddress(config.listen.data), parseAddress(config.listen.admin)];
      try {
        urls.data = await data.listen(dataAt!.host, dataAt!.port);
        urls.admin = await admin.listen(adminAt!.host, adminAt!.port);
      } catch (thrown) {
        await drain();
        throw thrown;
      }
      const address: AdminAddress = { url: urls.admin, token: rooms.operatorToken.reveal() };
      replaceFile(join(store.directory, adminFile), JSON.stringify(address));
      started = true;
      void people.identify.warm();
      void credentials.warm();
      await onEvent({ kind: 'gateway.started', exchange: null, body: { v: 1, cut_off: recorder.cutOff } });
      return urls;
    },
    drain() {
      draining ??= drain();
      return draining;
    },
  };
}

interface Watching {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly admission: Admission;
}

/** What becomes of a request that arrives: let in or refused, led both ways, and ended. */
function createHandle(rooms: Rooms, config: Config, { log, metrics, admission }: Watching) {
  const { contents, credentials, masking, parking, recorder, upstream } = rooms;
  const style = {
    claudeCodeDenialStatus: config.replies.claude_code_denial_status,
    retryAfterS: config.approvals.retry_after_s,
  };
  const ends = createEnds({ recorder, metrics, log, style, parking, withhold: contents.withhold });
  const steps = joinSteps(rooms, config);
  const forward = createForward({
    upstream,
    credentials,
    headers: config.upstream.headers,
    auth: config.upstream.auth,
    wayBack: (exchange, write) => wayBack(steps, exchange, write),
    cleanse: (_exchange, bytes) => masking.cleanse(bytes),
    callAnswerMs: config.approvals.hold_call_s * 1000,
    stillKnown: checkRevoked(rooms),
    forwarded: (exchange) =>
      contents
        .forwarded(exchange)
        ?.catch((fault: GatewayError) => log.warn(fault.message, { exchange: exchange.id, code: fault.code })),
    tellLate: (exchange, error) => refuse(exchange.reply, refusedRequest(exchange.id, exchange), error, style),
  });
  const timed = (exchange: Recorded) => {
    const route = exchange.route.pattern;
    if (!exchange.attached) metrics.admission.observe({ route }, (Date.now() - exchange.startedAt) / 1000);
    return forward(exchange);
  };
  const answer = createPipeline(steps, timed, ends);

  return async (arrival: Arrival): Promise<void> => {
    let leave: () => void;
    try {
      leave = admission.enter(arrival.stop);
    } catch (thrown) {
      await ends.refused(arrival, {}, toGatewayError(thrown));
      return;
    }
    try {
      await answer(arrival);
    } finally {
      leave();
    }
  };
}
