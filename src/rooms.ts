import { randomBytes } from 'node:crypto';
import { createParking, openApprovals } from './approve/index.ts';
import { createPolicySource } from './bundle/index.ts';
import type { Config } from './config/index.ts';
import { createLogin, loginShell } from './console/index.ts';
import { openContents, openLedgers, openRuleShelf, openTokens, type RuleShelf } from './conversation/index.ts';
import { createCredentials } from './credential/index.ts';
import { createMayAct, loadPolicy } from './decide/index.ts';
import type { GatewayError } from './errors.ts';
import { createUpstream } from './forward/index.ts';
import { createDevelopmentIssuer, createPeople, createRevocations, revocationMarks } from './identify/index.ts';
import { createMasking, loadTables, type Masking } from './mask/index.ts';
import type { ActivePolicy, PolicyBundle } from './model/decision.ts';
import type { AuditEvent } from './model/event.ts';
import { Secret } from './model/secret.ts';
import { eventFields, type Log, type Metrics } from './observe/index.ts';
import { createOutbound } from './outbound/index.ts';
import { openRecorder } from './record/index.ts';
import { keyFiles, openKeys } from './seal/index.ts';
import { openStore } from './store/index.ts';

/** Every room of one gateway, open. */
export type Rooms = Awaited<ReturnType<typeof open>> & {
  /** Gives everything up, in the reverse order of opening. */
  close(): Promise<void>;
};

/** Opens every room from the configuration. Rejects with `StartError` where one cannot start; nothing is left open then. */
export async function openRooms(config: Config, { log, metrics }: Observing): Promise<Rooms> {
  const closers: (() => unknown)[] = [];
  const opened: Opened = (room, close) => {
    closers.push(() => close(room));
    return room;
  };
  const close = async () => {
    for (const closeRoom of closers.splice(0).reverse()) await closeRoom();
  };
  try {
    return { ...(await open(config, { log, metrics }, opened)), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/**
 * Longest wait for the head of Claude's answer, in milliseconds: what is not streamed begins when it is whole, and the
 * official clients wait ten minutes.
 */
const ANSWER_BEGINS_MS = 600_000;

/** Where rooms say what the operator should know. */
interface Observing {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'bundleFailures'>;
}

type Opened = <Room>(room: Room, close: (room: Room) => unknown) => Room;

async function open(config: Config, { log, metrics }: Observing, opened: Opened) {
  const store = opened(await openStore({ dataDir: config.data_dir, url: config.store.url }), (room) => room.close());
  const keys = await openKeys(keyFiles(store.directory, config.store.keys_dir ?? null));
  const recorder = opened(
    await openRecorder({ store, keys, mode: config.record.mode, onNotice: (text) => log.warn(text) }),
    (room) => room.close(),
  );
  const onEvent = (event: AuditEvent): Promise<void> => {
    // A bundle that is refused wants somebody to look; the active one goes on.
    log[event.kind === 'bundle.refused' ? 'warn' : 'info'](event.kind, eventFields(event));
    if (event.kind === 'bundle.refused') metrics.bundleFailures.inc();
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
    shell: loginShell(),
  });
  const ledgers = await openLedgers(store, keys, Date.now);
  const contents = opened(await openContents(store, keys, Date.now), (room) => room.close());
  const tokenTables = await openTokens(store, keys, Date.now);
  const credentials = opened(
    createCredentials({
      config: config.credential,
      upstreamUrl: config.upstream.url,
      outbound,
      onEvent,
      log,
    }),
    (room) => room.close(),
  );
  const shelf = openRuleShelf(store.directory, ledgers);
  const masking = opened(
    createMasking({
      newHits: contents.newHits,
      pinned: shelf,
      tokens: {
        tables: tokenTables,
        keyedHash: keys.keyedHash,
        onFault: (fault) => log.warn('tokens of a conversation could not be stored', { detail: String(fault) }),
      },
      exact: () => [
        ...config.mask.values.map(({ name, secret }) => ({ name, class: name, value: secret.reveal() })),
        ...credentials.secrets().map((value) => ({ name: 'lease', class: 'lease', value })),
      ],
    }),
    (room) => room.close(),
  );
  credentials.onChange(() => masking.refresh());
  const rules = createRules(masking, shelf, log);
  const policies = opened(
    await createPolicySource({
      config: config.policy,
      directory: store.directory,
      load: rules.load,
      onActivated: rules.use,
      onEvent,
    }),
    (room) => room.close(),
  );
  const upstream = opened(
    createUpstream({
      url: config.upstream.url,
      connectTimeoutMs: config.limits.upstream_connect_timeout_s * 1000,
      idleTimeoutMs: config.limits.upstream_idle_timeout_s * 1000,
      headersTimeoutMs: ANSWER_BEGINS_MS,
    }),
    (room) => room.close(),
  );

  const deciding = { source: policies, clock: Date.now, redactLeaf: masking.redactLeaf };
  const mayAct = createMayAct(deciding);
  const approvals = opened(
    await openApprovals({
      store,
      keys,
      config: config.approvals,
      consoleUrl: () => config.console.url ?? urls.admin,
      mayAct,
      journal: recorder,
      outbound,
      traces: (exchange, since) => recorder.trace(exchange, since),
      onReleased: ({ principal, marks }) => contents.release(principal, marks),
      onNoticeFault: (channel, fault, dead) =>
        log.warn(`a notice by ${channel} ${dead ? 'was given up' : 'could not be delivered yet'}`, { detail: fault }),
    }),
    (room) => room.close(),
  );
  const parking = opened(
    createParking({
      bytes: config.approvals.parked_bytes,
      tenantBytes: config.approvals.parked_bytes_per_tenant,
      answerBytes: config.approvals.parked_bytes_per_answer,
    }),
    (room) => room.close(),
  );
  return {
    store,
    recorder,
    onEvent,
    revocations,
    urls,
    people,
    login,
    ledgers,
    contents,
    policies,
    credentials,
    masking,
    shelf,
    activeRules: rules.active,
    onPinFault: (fault: unknown) => log.warn('a pin could not be stored', { detail: String(fault) }),
    upstream,
    deciding,
    mayAct,
    approvals,
    parking,
    operatorToken,
    keys,
  };
}

/** The detector rules of bundles: tried when a bundle is loaded, used and kept once it is active. */
function createRules(masking: Masking, shelf: RuleShelf, log: Log) {
  let urgent = false;
  return {
    load(bundle: PolicyBundle): ActivePolicy {
      if (bundle.detectors !== null) loadTables(bundle.detectors);
      return loadPolicy(bundle);
    },
    use({ detectors, urgentRules }: PolicyBundle): void {
      masking.useRules(detectors);
      urgent = urgentRules;
      const { digest, bytes } = masking.compiled();
      shelf.keep(digest, bytes);
      shelf.sweep(digest).catch((fault: GatewayError) => log.warn(fault.message, { detail: 'old rules stay on disk' }));
    },
    /** The digest of the active rules, and whether they end pins to others. */
    active: () => ({ digest: masking.compiled().digest, urgent }),
  };
}
