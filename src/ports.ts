import { createConsole } from './console/index.ts';
import { GatewayError, stackOf, toGatewayError } from './errors.ts';
import { revocationRoutes } from './identify/index.ts';
import type { AdminRoute } from './model/admin.ts';
import type { AdminAction, MayAct } from './model/approval.ts';
import type { Log, Metrics } from './observe/index.ts';
import {
  type Admission,
  type Arrival,
  createAdminServer,
  createDataServer,
  createWeb,
  type PortServer,
} from './receive/index.ts';
import type { Rooms } from './rooms.ts';

export interface PortsOptions {
  readonly rooms: Rooms;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly admission: Admission;
  /** Answers one request of the data port; never rejects. */
  readonly handle: (arrival: Arrival) => Promise<void>;
}

/** Makes the two ports, not listening yet: agents on the one, operators and people on the other. */
export function createPorts(options: PortsOptions): { readonly data: PortServer; readonly admin: PortServer } {
  const { rooms, log, metrics, admission, handle } = options;
  const { approvals, login, onEvent, people, policies, recorder, revocations } = rooms;
  const onFault = (thrown: Error, request?: string) => {
    const error = toGatewayError(thrown);
    const fields = { code: error.code, detail: error.detail ?? '', stack: stackOf(error) };
    log.error('a fault outside any exchange', request === undefined ? fields : { request, ...fields });
  };
  const routes: readonly AdminRoute[] = [
    ...guarded(recorder.routes, rooms.mayAct, ({ path }) => (path.endsWith('/tally') ? 'policy.view' : 'session.view')),
    ...guarded(revocationRoutes(revocations, onEvent), rooms.mayAct, () => 'identity.revoke'),
    ...guarded(policies.routes, rooms.mayAct, ({ method }) => (method === 'GET' ? 'policy.view' : 'bundle.accept')),
    // Approvals ask policy themselves, about each one.
    ...approvals.routes,
  ];
  const readiness = () => readinessOf(rooms, admission);
  const pages = createConsole({
    authenticate: login.authentication.who,
    routes,
    mayAct: rooms.mayAct,
    policy: {
      status: () => policies.status(),
      sources: () => policies.sources(),
      detectors: () => rooms.masking.rules(),
    },
    status: () => ({ readiness: readiness(), sections: statusOf(rooms, admission) }),
    append: (event) => recorder.append(event),
    onFault,
  });
  return {
    data: createDataServer({
      web: createWeb(people.oauthRoutes, onFault),
      handle,
      headersTimeoutMs: 10_000,
      onMalformed: (code) => {
        metrics.rejected.inc({ code });
        void onEvent({ kind: 'input.rejected', exchange: null, body: { v: 1, code: 'FRAMING', parser: code } });
      },
      onFault,
    }),
    admin: createAdminServer({
      authenticate: login.authentication.forApi,
      web: createWeb([...login.routes, ...pages.routes], onFault),
      routes,
      readiness,
      metrics: () => {
        measure(rooms, metrics, admission, readiness());
        return metrics.render();
      },
      onFault,
      onRefused: (request, error) => log.info(error.message, { request, code: error.code, detail: error.detail ?? '' }),
    }),
  };
}

/** Sets what is measured only when somebody asks. */
function measure(
  { approvals, policies }: Rooms,
  metrics: Metrics,
  admission: Admission,
  readiness: ReturnType<typeof readinessOf>,
): void {
  metrics.active.set(admission.active);
  metrics.held.set(approvals.waiting);
  for (const [check, holds] of Object.entries(readiness)) metrics.ready.set({ check }, holds === true ? 1 : 0);
  const { active, expires_at } = policies.status();
  metrics.bundle.reset();
  metrics.bundleExpires.remove();
  if (active) metrics.bundle.set({ name: active.bundle, version: active.version, revision: active.revision }, 1);
  if (expires_at !== null) metrics.bundleExpires.set(expires_at);
}

/** Operations that the operator may use, and a person as far as the policy point `sallyport/admin` lets them. */
function guarded(
  routes: readonly AdminRoute[],
  mayAct: MayAct,
  actionOf: (route: AdminRoute) => AdminAction,
): readonly AdminRoute[] {
  return routes.map((route) => ({
    ...route,
    handler: (request) => {
      const { actor } = request;
      if (actor !== null) {
        const decision = mayAct(actor.principal, actionOf(route), { requester: null, approval: null });
        if (decision.effect !== 'allow') throw new GatewayError('NOT_PERMITTED');
      }
      return route.handler(request);
    },
  }));
}

/** Named checks of readiness; each true or a short reason. */
function readinessOf(rooms: Rooms, admission: Admission): { readonly [name: string]: true | string } {
  const { credentials, people, policies, recorder, revocations } = rooms;
  const credential = credentials.health();
  return {
    serving: admission.draining ? 'draining' : true,
    policy: policies.status().unavailable ?? true,
    journal: recorder.healthy || 'the audit journal takes no writes',
    identity: people.identify.readiness(),
    credential: credential.usable || (credential.fault ?? 'no usable credential'),
    revocations: revocations.healthy || 'the revocation list cannot be read',
  };
}

/** What the status page shows besides readiness. */
function statusOf({ approvals, credentials, parking, recorder, store }: Rooms, admission: Admission) {
  const fact = (name: string, value: string | number) => ({ name, values: [String(value)], code: false });
  const ends = (at: number) =>
    Number.isFinite(at) ? `until ${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC` : 'without an end';
  return [
    {
      title: 'Exchanges',
      facts: [fact('Running', admission.active), fact('Recordings open', recorder.live)],
    },
    {
      title: 'Holds',
      facts: [fact('Callers that wait for humans', approvals.waiting), fact('Parked answers', parking.size)],
    },
    {
      title: 'Leases',
      facts: credentials.leases().map(({ role, source, lease, expiresAt, fault }) => ({
        name: role,
        values: [
          lease === null ? 'none held' : `${lease}, ${ends(expiresAt ?? 0)}`,
          source.replaceAll('_', ' '),
          ...(fault === null ? [] : [fault]),
        ],
        code: false,
      })),
    },
    {
      title: 'Stores',
      facts: [
        fact('Shared state', store.kind),
        fact('Journal', recorder.healthy ? 'takes writes' : 'takes no writes'),
        fact('Data directory', store.directory),
      ],
    },
  ];
}
