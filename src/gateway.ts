import { randomBytes } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createApproveAnswerStep,
  createApproveStep,
  createGrantStep,
  createParking,
  openApprovals,
  requestFingerprint,
  toolCallFingerprint,
} from './approve/index.ts';
import { createPolicySource } from './bundle/index.ts';
import { type Config, parseAddress } from './config/index.ts';
import { createLogin } from './console/login_room.ts';
import {
  createConverse,
  createNoteStep,
  createRestore,
  openContents,
  openLedgers,
  type RenamedCall,
} from './conversation/index.ts';
import { createCredentials, credentialStep } from './credential/index.ts';
import {
  callJudge,
  carryOut,
  createAnswerStep,
  createMayAct,
  createRequestStep,
  decideRequest,
  loadPolicy,
  projectRequest,
  projectToolUse,
  textBlock,
} from './decide/index.ts';
import { createEnds, refusedRequest } from './ends.ts';
import { GatewayError, toGatewayError } from './errors.ts';
import { createCorrectStep, createForward, createHoldStep, createUpstream } from './forward/index.ts';
import {
  createDevelopmentIssuer,
  createPeople,
  createRevocations,
  revocationMarks,
  revocationRoutes,
} from './identify/index.ts';
import { createMasking } from './mask/index.ts';
import type { AdminRoute } from './model/admin.ts';
import type { AuditEvent } from './model/event.ts';
import type { Identified } from './model/exchange.ts';
import type { JsonObject } from './model/json.ts';
import { Secret } from './model/secret.ts';
import { createLog, createMetrics, type Log } from './observe/index.ts';
import { createOutbound } from './outbound/index.ts';
import { createPipeline, type Steps, wayBack } from './pipeline.ts';
import {
  type Arrival,
  createAdminServer,
  createAdmission,
  createDataServer,
  createFrame,
  createRead,
  createWeb,
  refuse,
} from './receive/index.ts';
import { openRecorder } from './record/index.ts';
import { keyFiles, openKeys } from './seal/index.ts';
import { openStore } from './store/index.ts';

/** A gateway, built but not listening. */
export interface Gateway {
  /** Opens both ports; resolves to their URLs. Rejects with `StartError` when one is taken. */
  listen(): Promise<{ readonly data: string; readonly admin: string }>;
  /** Takes nothing new, lets running exchanges end (`limits.drain_s` at most), and gives everything up. */
  drain(): Promise<void>;
  readonly log: Log;
}

/** Where a running gateway's admin API is reached: file name in the data directory, read by the command line. */
const adminFile = 'admin.json';

/**
 * The composition root: builds every room from the configuration and joins them. Rejects with `StartError` where a
 * room cannot start; nothing is left open then.
 */
export async function createGateway(config: Config): Promise<Gateway> {
  const log = createLog(config.log.level);
  const metrics = createMetrics();
  const closers: (() => unknown)[] = [];
  const opened = <Room>(room: Room, close: (room: Room) => unknown): Room => {
    closers.push(() => close(room));
    return room;
  };
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };

  try {
    const store = opened(await openStore({ dataDir: config.data_dir, url: config.store.url }), (room) => room.close());
    const keys = await openKeys(keyFiles(store.directory, config.store.keys_dir ?? null));
    const recorder = opened(
      await openRecorder({ store, keys, mode: config.record.mode, onNotice: (text) => log.warn(text) }),
      (room) => room.close(),
    );
    const onEvent = (event: AuditEvent): Promise<void> => {
      log.info(event.kind, { event: event.kind });
      return recorder.append(event).catch((fault: GatewayError) => log.error(fault.message, { code: fault.code }));
    };
    const outbound = opened(createOutbound({}), (room) => room.close());

    const revocations = opened(await createRevocations(store), (room) => room.close());
    // Where the ports are is known once they listen; until then nobody can ask.
    const urls = { data: '', admin: '' };
    const people = opened(
      await createPeople({
        config: config.identity,
        dataDir: config.data_dir,
        store,
        development: config.identity.development ? await createDevelopmentIssuer({ dataDir: config.data_dir }) : null,
        outbound,
        revocations,
        urls: { data: () => urls.data, console: () => config.console.url ?? urls.admin },
        onEvent,
        onKeyFailure: (issuer, error) =>
          log.warn(`the keys of issuer ${issuer} could not be fetched`, { detail: String(error) }),
      }),
      (room) => room.close(),
    );
    const { identify } = people;
    const operatorToken = new Secret(randomBytes(32).toString('base64url'));
    const login = await createLogin({
      config: config.identity,
      store,
      outbound,
      checks: people.logins,
      devices: people.devices,
      operatorToken,
      personalToken: identify.admin,
      revoked: (identity) => revocations.revoked(revocationMarks(identity)),
      consoleUrl: () => config.console.url ?? urls.admin,
      onEvent,
      onFailure: (provider, detail) => log.warn(`a login by ${provider} failed`, { detail }),
    });
    const ledgers = await openLedgers(store, keys, Date.now);
    const contents = opened(await openContents(store, keys, Date.now), (room) => room.close());
    const policies = opened(
      await createPolicySource({ config: config.policy, directory: store.directory, load: loadPolicy, onEvent }),
      (room) => room.close(),
    );
    const credentials = opened(
      createCredentials({
        config: config.credential,
        upstreamUrl: config.upstream.url,
        outbound,
        onEvent,
        log: { info: () => undefined, warn: (_fields, text) => log.warn(text) },
      }),
      (room) => room.close(),
    );
    const masking = opened(
      createMasking({
        newHits: contents.newHits,
        exact: () => [
          ...config.mask.values.map(({ name, secret }) => ({ name, class: name, value: secret.reveal() })),
          ...credentials.secrets().map((value) => ({ name: 'lease', class: 'lease', value })),
        ],
      }),
      (room) => room.close(),
    );
    credentials.onChange(() => masking.refresh());
    const upstream = opened(
      createUpstream({
        url: config.upstream.url,
        connectTimeoutMs: config.limits.upstream_connect_timeout_s * 1000,
        idleTimeoutMs: config.limits.upstream_idle_timeout_s * 1000,
        headersTimeoutMs: 600_000,
      }),
      (room) => room.close(),
    );

    // What goes into the ledger goes upstream again: it is kept as a request would be masked.
    const renamed = (conversation: string, callId: string, call: RenamedCall) => {
      const inputText = Buffer.from(masking.cleanse(Buffer.from(call.inputText))).toString();
      return ledgers.addRenamedCall(conversation, callId, { ...call, inputText });
    };
    const deciding = { source: policies, clock: Date.now };
    const approvals = opened(
      await openApprovals({
        store,
        keys,
        config: config.approvals,
        mayAct: createMayAct(deciding),
        journal: recorder,
        outbound,
        traces: (exchange) => recorder.trace(exchange),
        onReleased: ({ principal, marks }) => contents.release(principal, marks),
        onNoticeFault: (channel, fault, dead) =>
          log.warn(`a notice by ${channel} ${dead ? 'was given up' : 'could not be delivered yet'}`, { detail: fault }),
      }),
      (room) => room.close(),
    );
    const parking = opened(createParking(), (room) => room.close());
    const checkRevoked = ({ identity }: Identified) => {
      if (revocations.revoked(revocationMarks(identity))) throw new GatewayError('TOKEN_REVOKED');
    };
    const steps: Steps = {
      frame: createFrame({ headers: config.limits.header_count }),
      identify: identify.step,
      read: createRead({
        bytes: config.limits.body_bytes,
        depth: config.limits.body_depth,
        keys: config.limits.body_keys,
        timeoutMs: config.limits.body_timeout_s * 1000,
      }),
      converse: createConverse(ledgers, (text) => keys.keyedHash('conversation', text)),
      restore: createRestore(ledgers, contents),
      scan: masking.scanRequest,
      decide: createRequestStep(deciding),
      mask: masking.maskRequest,
      approve: createApproveStep({
        approvals,
        parking,
        fingerprint: (exchange) =>
          requestFingerprint(exchange, exchange.decision.credential ?? credentials.defaultRole),
        facts: (exchange) => ({ ...projectRequest(exchange, Date.now) }) as unknown as JsonObject,
        releases: contents.marksOf,
        decideAgain: (exchange) => decideRequest(exchange, deciding),
        stillKnown: (exchange) => {
          checkRevoked(exchange);
          if (exchange.identity.token.expiresAt * 1000 <= Date.now()) throw new GatewayError('TOKEN_EXPIRED');
        },
        clock: Date.now,
        contact: config.approvals.contact ?? null,
        holdsMost: config.approvals.held_most,
        streamHoldMs: config.approvals.hold_stream_s * 1000,
        callHoldMs: config.approvals.hold_call_s * 1000,
      }),
      credential: credentialStep(credentials),
      grant: createGrantStep(approvals),
      record: (exchange) => recorder.intent(exchange),
      back: {
        hold: () => createHoldStep(),
        scan: masking.scanStep,
        decide: (exchange) => createAnswerStep(exchange, { clock: Date.now, renamed }),
        mask: masking.maskStep,
        note: (exchange) => createNoteStep(exchange, ledgers.markDropBlock),
        approve: (exchange) => {
          const judge = callJudge(exchange, { clock: Date.now });
          return createApproveAnswerStep(exchange, {
            approvals,
            fingerprint: ({ identity, conversation }, part) =>
              toolCallFingerprint({
                principal: identity.principal,
                conversation: conversation.id,
                tool: part.verdict!.tool,
                inputText: part.inputText!,
              }),
            facts: (_exchange, part) =>
              ({ ...projectToolUse(exchange, part, part.verdict!.callIndex, Date.now) }) as unknown as JsonObject,
            judgeAgain: (part) => {
              checkRevoked(exchange);
              return judge(part, policies.current());
            },
            deny: (part, verdict) => carryOut(exchange, part, verdict, { renamed }),
            text: (index, text) => textBlock(index, text, null),
            clock: Date.now,
            contact: config.approvals.contact ?? null,
            holdMs: config.approvals.hold_stream_s * 1000,
          });
        },
        correct: () => createCorrectStep(),
        record: (exchange) => recorder.step(exchange),
      },
    };
    const style = { claudeCodeDenialStatus: config.replies.claude_code_denial_status };
    const ends = createEnds({ recorder, metrics, log, style, parking, withhold: contents.withhold });
    const forward = createForward({
      upstream,
      credentials,
      headers: config.upstream.headers,
      wayBack: (exchange, write) => wayBack(steps, exchange, write),
      cleanse: (_exchange, bytes) => masking.cleanse(bytes),
      callAnswerMs: config.approvals.hold_call_s * 1000,
      forwarded: (exchange) =>
        contents
          .forwarded(exchange)
          ?.catch((fault: GatewayError) => log.warn(fault.message, { exchange: exchange.id })),
      tellLate: (exchange, error) => refuse(exchange.reply, refusedRequest(exchange.id, exchange), error, style),
    });
    const answer = createPipeline(steps, forward, ends);
    const admission = createAdmission(config.limits.concurrent_requests);

    const handle = async (arrival: Arrival): Promise<void> => {
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
    const onPortFault = (error: Error) =>
      log.error('a fault outside any exchange', { detail: error.message, stack: error.stack ?? '' });
    const data = opened(
      createDataServer({
        web: createWeb(people.oauthRoutes, onPortFault),
        handle,
        headersTimeoutMs: 10_000,
        onMalformed: (code) => {
          metrics.rejected.inc({ code });
          void onEvent({ kind: 'input.rejected', exchange: null, body: { v: 1, code: 'FRAMING', parser: code } });
        },
        onFault: (error) =>
          log.error('a fault outside any exchange', { detail: error.message, stack: error.stack ?? '' }),
      }),
      (server) => server.close(),
    );
    const admin = opened(
      createAdminServer({
        authenticate: login.authentication.forApi,
        web: createWeb(login.routes, onPortFault),
        routes: [
          ...recorder.routes,
          ...revocationRoutes(revocations, onEvent),
          ...policies.routes,
          ...approvals.routes,
        ] satisfies AdminRoute[],
        readiness: () => ({
          serving: admission.draining ? 'draining' : true,
          policy: policies.status().unavailable ?? true,
          journal: recorder.healthy || 'the audit journal takes no writes',
          identity: identify.readiness(),
          credential: credentials.health().usable || (credentials.health().fault ?? 'no usable credential'),
          revocations: revocations.healthy || 'the revocation list cannot be read',
        }),
        metrics: () => {
          metrics.active.set(admission.active);
          return metrics.render();
        },
        onFault: onPortFault,
      }),
      (server) => server.close(),
    );
    void identify.warm();
    void credentials.warm();

    return {
      log,
      async listen() {
        const [dataAt, adminAt] = [parseAddress(config.listen.data), parseAddress(config.listen.admin)];
        urls.data = await data.listen(dataAt!.host, dataAt!.port);
        urls.admin = await admin.listen(adminAt!.host, adminAt!.port);
        writeOwnFile(
          join(store.directory, adminFile),
          JSON.stringify({ url: urls.admin, token: operatorToken.reveal() }),
        );
        await onEvent({ kind: 'gateway.started', exchange: null, body: { v: 1, cut_off: recorder.cutOff } });
        return urls;
      },
      async drain() {
        await admission.drain(config.limits.drain_s * 1000);
        await onEvent({ kind: 'gateway.stopped', exchange: null, body: { v: 1 } });
        await closeAll();
      },
    };
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
}

function writeOwnFile(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}
