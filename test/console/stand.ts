import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApprovalDesk, openApprovals } from '../../src/approve/index.ts';
import { createPolicySource } from '../../src/bundle/index.ts';
import { developmentConfig } from '../../src/config/index.ts';
import { createConsole } from '../../src/console/index.ts';
import { loadPolicy, projectPrincipal } from '../../src/decide/index.ts';
import type { Approval, MayAct } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { SessionView } from '../../src/model/login.ts';
import type { WebRequest } from '../../src/model/web.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { createWeb } from '../../src/receive/index.ts';
import { type Node, openNode, removeNode } from '../record/support.ts';
import { people } from './people.ts';
import { type AskedFor, questionOf } from './questions.ts';

/** A console in front of a real journal, policy and approvals; who is logged in is a plain cookie. */
export interface Stand {
  readonly url: string;
  readonly node: Node;
  readonly approvals: ApprovalDesk;
  /** Asks people; `agoMs` is how long ago it was. */
  ask(asked?: AskedFor, agoMs?: number): Promise<Approval>;
  /** People whose sessions are over. */
  readonly loggedOut: Set<string>;
  readonly faults: Error[];
  close(): Promise<void>;
}

export async function openStand(): Promise<Stand> {
  const node = await openNode();
  const policy = await createPolicySource({
    config: { source: 'builtin', keys: [] },
    directory: node.dataDir,
    load: loadPolicy,
    onEvent: () => undefined,
  });
  const mayAct: MayAct = (actor, action, concerned) =>
    policy.current().decide('admin', {
      v: 1,
      now: { minutes: 29_450_000, weekday: 1, hour: 2 },
      actor: projectPrincipal(actor) as unknown as JsonObject,
      action,
      requester: concerned.requester && (projectPrincipal(concerned.requester) as unknown as JsonObject),
      approval: concerned.approval,
    });
  const { approvals: approvalDefaults } = developmentConfig(
    node.dataDir,
    { credential: { roles: { default: { source: 'static', secret: { env: 'KEY' }, scheme: 'x-api-key' } } } },
    { KEY: 'sk-ant-api03-of-nobody' },
  );
  const outbound = createOutbound({});
  let agoMs = 0;
  const approvals = await openApprovals({
    store: node.store,
    keys: node.keys,
    config: approvalDefaults,
    mayAct,
    journal: node.recorder,
    outbound,
    traces: async () => 'nothing',
    clock: () => Date.now() - agoMs,
  });
  const loggedOut = new Set<string>();
  const faults: Error[] = [];
  const sessionOf = (request: WebRequest): SessionView | null => {
    const name = /(?:^|; )stand=(\w+)/.exec(request.headers.get('cookie') ?? '')?.[1] ?? '';
    const principal = people[name];
    if (!principal || loggedOut.has(name)) return null;
    const actor = { principal, authenticatedAt: Date.now(), via: 'session' } as const;
    return { id: `ses_${name}`, actor, csrf: `csrf-of-${name}`, endsAt: Date.now() + 3_600_000 };
  };
  const console = createConsole({
    authenticate: (request) => {
      const session = sessionOf(request);
      return session && { kind: 'person', actor: session.actor, session };
    },
    routes: [...node.recorder.routes, ...approvals.routes],
    mayAct,
    policy: {
      status: () => policy.status(),
      sources: () => policy.sources(),
      detectors: () => [{ id: 'anthropic', class: 'credential', label: 'Anthropic API key, admin key or OAuth token' }],
    },
    status: () => ({
      readiness: { serving: true, policy: true, journal: true, credential: 'no usable credential' },
      sections: [
        { title: 'Leases', facts: [{ name: 'default', values: ['default#3, ends in 42 min'], code: false }] },
        { title: 'Stores', facts: [{ name: 'journal', values: ['takes writes'], code: false }] },
      ],
    }),
    append: (event) => node.recorder.append(event),
    onFault: (error) => faults.push(error),
    lookMs: 100,
  });
  const web = createWeb(console.routes, (error) => faults.push(error));
  const server = createServer((message, response) => {
    void web.answer(message, response).then((done) => {
      if (!done) response.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    node,
    approvals,
    loggedOut,
    faults,
    async ask(asked = {}, ago = 0) {
      agoMs = ago;
      const { approval } = await approvals.ask(questionOf(asked));
      agoMs = 0;
      return approval;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await approvals.close();
      await outbound.close();
      await policy.close();
      await removeNode(node);
    },
  };
}
