import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ApprovalDesk,
  type ApprovalsOptions,
  openApprovals,
  toolCallFingerprint,
} from '../../src/approve/index.ts';
import type { Actor, AdminRequest } from '../../src/model/admin.ts';
import type { Question, Standing } from '../../src/model/approval.ts';
import type { ApprovalRequirement } from '../../src/model/decision.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { Principal } from '../../src/model/principal.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { type Keys, keyFiles, openKeys } from '../../src/seal/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { decisionOf } from '../model/decisions.ts';

export const agent: Principal = {
  tenant: 'acme',
  issuer: 'https://idp.example',
  subject: 'agent-7',
  kind: 'workload',
  person: null,
  owner: 'olga',
  groups: ['agents'],
  function: 'triage',
  actors: [],
  strength: null,
};

export const human = (
  person: string | null,
  groups: readonly string[] = ['leads'],
  more: Partial<Principal> = {},
): Principal => ({
  ...agent,
  subject: `login-of-${person}`,
  kind: 'human',
  person,
  owner: null,
  groups,
  ...more,
});

export const need = (more: Partial<ApprovalRequirement> = {}): ApprovalRequirement => ({
  groups: ['leads'],
  quorum: 1,
  scopes: ['once', 'session', 'time_boxed'],
  expires_s: 600,
  grant_s: 300,
  reason_required: false,
  ...more,
});

/** A question about a shell command. */
export function question(command: string, more: Partial<Question> = {}): Question {
  const principal = more.principal ?? agent;
  const conversation = more.conversation ?? 'c1';
  const bound = toolCallFingerprint({ principal, conversation, tool: 'Bash', inputText: JSON.stringify({ command }) });
  return {
    bound,
    principal,
    conversation,
    exchange: 'req_1',
    action: 'tool.use',
    summary: 'Bash',
    requirements: [need()],
    reasons: [{ id: 'risky-shell', message: 'it deletes', policy: 'policies.commands', severity: 'high' }],
    policy: { bundle: 'b', version: '1.0.0', revision: 'r' },
    maxTokens: null,
    facts: { commands: [[command]] },
    releases: [],
    ...more,
  };
}

export const defaults: ApprovalsOptions['config'] = {
  expires_max_s: 86_400,
  grant_max_s: 86_400,
  denial_s: 900,
  break_glass_s: 60,
  grant_uses: 3,
  pending_most_per_caller: 10_000,
  keep_days: 90,
  notify: [],
};

/** A desk on a store, with a clock that stands still until it is moved. */
export interface Bench {
  readonly desk: ApprovalDesk;
  readonly store: Store;
  readonly keys: Keys;
  readonly events: AuditEvent[];
  /** Kinds of events so far, without those of `grant.` where `approvals` is set. */
  kinds(): string[];
  now: number;
  actor(person: string | null, groups?: readonly string[], more?: Partial<Principal>): Actor;
  /** A call of the admin API. */
  call(
    method: string,
    path: string,
    actor: Actor | null,
    body?: JsonObject,
    query?: { readonly [name: string]: string },
  ): Promise<Json>;
  approve(standing: Standing, person: string, more?: JsonObject): Promise<Json>;
  deny(standing: Standing, person: string, more?: JsonObject): Promise<Json>;
  close(): Promise<void>;
}

export interface BenchOptions extends Partial<ApprovalsOptions> {
  readonly url?: string;
  readonly directory?: string;
  /** Where the keys are; nodes of a fleet have the same. */
  readonly keysIn?: string;
}

const epoch = Date.UTC(2026, 10, 24);

export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'approve-'));
  const store = await openStore({ dataDir: join(directory, 'data'), url: options.url ?? 'sqlite' });
  const keys = await openKeys(keyFiles(options.keysIn ?? store.directory));
  const outbound = createOutbound();
  const events: AuditEvent[] = [];
  const bench = { now: epoch };
  const desk = await openApprovals({
    store,
    keys,
    config: defaults,
    mayAct: () => decisionOf('allow'),
    journal: {
      append: async (event) => {
        events.push(event);
      },
    },
    outbound,
    traces: async () => 'nothing',
    clock: () => bench.now,
    pollMs: 20,
    sweepMs: 3_600_000,
    ...options,
  });
  const call: Bench['call'] = async (method, path, actor, body = {}, query = {}) => {
    for (const route of desk.routes) {
      const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      const found = new RegExp(`^${route.path.replace(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
      if (route.method !== method || !found) continue;
      const params = Object.fromEntries(names.map((name, at) => [name, found[at + 1]!]));
      return route.handler({ query, params, body, actor } satisfies AdminRequest);
    }
    throw new Error(`no route ${method} ${path}`);
  };
  const actor: Bench['actor'] = (person, groups, more) => ({
    principal: human(person, groups, more),
    authenticatedAt: bench.now,
    via: 'token',
  });
  const verdict =
    (kind: 'approve' | 'deny') =>
    (standing: Standing, person: string, more: JsonObject = {}) =>
      call('POST', `/admin/v1/approvals/${standing.approval.id}/decisions`, actor(person), {
        verdict: kind,
        fingerprint: standing.approval.fingerprint,
        ...more,
      });
  return Object.assign(bench, {
    desk,
    store,
    keys,
    events,
    kinds: () => events.map((event) => event.kind),
    actor,
    call,
    approve: verdict('approve'),
    deny: verdict('deny'),
    async close() {
      await desk.close();
      await store.close();
      await outbound.close();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  });
}

/** The standing as `granted`, or a failure that says what it is instead. */
export function granted(standing: Standing): Standing & { readonly state: 'granted' } {
  if (standing.state !== 'granted') throw new Error(`it is ${standing.state}, not granted`);
  return standing;
}
