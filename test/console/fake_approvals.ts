import { createHash } from 'node:crypto';
import type { ApprovalListed, ApprovalShown } from '../../src/console/approvals.ts';
import { GatewayError } from '../../src/errors.ts';
import type { AdminRoute } from '../../src/model/admin.ts';
import type { MayAct } from '../../src/model/approval.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { Principal } from '../../src/model/principal.ts';
import { agent } from './people.ts';

export interface AskedFor {
  readonly id?: string;
  readonly requester?: Principal;
  readonly kind?: 'request' | 'tool_call';
  readonly summary?: string;
  readonly content?: JsonObject;
  readonly message?: string;
  readonly rule?: string;
  readonly quorum?: number;
  readonly scopes?: readonly ('once' | 'session' | 'time_boxed')[];
  readonly facts?: JsonObject;
  readonly agoMs?: number;
  readonly exchange?: string;
}

/** Approvals in memory, behind the routes of the admin API. */
export interface FakeApprovals {
  readonly routes: readonly AdminRoute[];
  open(asked: AskedFor): ApprovalShown;
  get(id: string): ApprovalShown;
}

export function fakeApprovals(mayAct: MayAct): FakeApprovals {
  const kept = new Map<string, ApprovalShown>();
  let serial = 0;
  const find = (id: string | undefined): ApprovalShown => {
    const found = kept.get(id ?? '');
    if (!found) throw new GatewayError('NOT_FOUND', 'There is no such approval.');
    return found;
  };
  const listed = ({ content: _content, facts: _facts, ...rest }: ApprovalShown): ApprovalListed => rest;

  const decide = (approval: ApprovalShown, actor: Principal, body: JsonObject): ApprovalShown => {
    const decision = mayAct(actor, 'approval.decide', {
      requester: approval.requester,
      approval: { rule_ids: [], action: approval.action, scope: null, quorum: 1, decisions: [] },
    });
    if (decision.effect !== 'allow') {
      throw new GatewayError('POLICY_DENIED', decision.reasons.map(({ message }) => message).join(' '));
    }
    if (body.fingerprint !== approval.fingerprint || approval.state !== 'pending') {
      throw new GatewayError('POLICY_DENIED', 'This is not what was shown to you any more. Load the page again.');
    }
    const verdicts = [
      ...approval.verdicts,
      {
        person: actor.person ?? '',
        verdict: body.verdict as 'approve' | 'deny',
        comment: (body.comment ?? null) as string | null,
        scope: (body.scope ?? null) as 'once' | null,
        at: Date.now(),
      },
    ];
    const approved = verdicts.filter(({ verdict }) => verdict === 'approve').length;
    const quorum = approval.requirements[0]!.quorum;
    const state = body.verdict === 'deny' ? 'denied' : approved >= quorum ? 'approved' : 'pending';
    const settledAt = state === 'pending' ? null : Date.now();
    return { ...approval, verdicts, state, settledAt };
  };

  return {
    routes: [
      {
        method: 'GET',
        path: '/admin/v1/approvals',
        handler: ({ query }) =>
          ({
            approvals: [...kept.values()].filter(({ state }) => state === query.state).map(listed),
          }) as unknown as Json,
      },
      {
        method: 'GET',
        path: '/admin/v1/approvals/{id}',
        handler: ({ params }) => find(params.id) as unknown as Json,
      },
      {
        method: 'POST',
        path: '/admin/v1/approvals/{id}/decisions',
        handler: ({ params, body, actor }) => {
          const decided = decide(find(params.id), actor!.principal, body);
          kept.set(decided.id, decided);
          return { state: decided.state };
        },
      },
    ],
    get: (id) => find(id),
    open(asked) {
      const content = JSON.stringify(asked.content ?? { tool: 'Bash', input: { command: 'rm -rf build' } });
      const openedAt = Date.now() - (asked.agoMs ?? 5000);
      const kind = asked.kind ?? 'tool_call';
      const approval: ApprovalShown = {
        id: asked.id ?? `apr_${++serial}`,
        state: 'pending',
        kind,
        fingerprint: createHash('sha256').update(content).digest('hex'),
        tenant: 'acme',
        requester: asked.requester ?? agent,
        conversation: 'c1',
        exchange: asked.exchange ?? 'req_00000001',
        action: kind === 'tool_call' ? 'tool.use' : 'messages.create',
        summary: asked.summary ?? 'Bash',
        requirements: [
          {
            groups: ['approvers'],
            quorum: asked.quorum ?? 1,
            scopes: asked.scopes ?? ['once', 'session'],
            expires_s: 600,
            grant_s: 900,
            reason_required: false,
          },
        ],
        reasons: [
          {
            id: asked.rule ?? 'recursive-removal',
            message: asked.message ?? 'rm -rf removes files for good; a person has to look at it first',
            policy: 'commands',
            severity: 'high',
          },
        ],
        policy: { bundle: 'baseline', version: '1.0.0', revision: 'a'.repeat(64) },
        maxTokens: null,
        openedAt,
        expiresAt: openedAt + 600_000,
        settledAt: null,
        comment: null,
        url: null,
        content,
        facts: asked.facts ?? {
          input: { commands: [['rm', '-rf', 'build']], opaque: false, paths: [], hosts: [] },
          detections: {},
        },
        verdicts: [],
      };
      kept.set(approval.id, approval);
      return approval;
    },
  };
}
