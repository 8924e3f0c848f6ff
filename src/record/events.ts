import { createHash } from 'node:crypto';
import type { GatewayError } from '../errors.ts';
import type { CallVerdict } from '../model/answer.ts';
import type { Body } from '../model/body.ts';
import type { Decision, PolicyIdentity } from '../model/decision.ts';
import type { AuditEvent, Outcome } from '../model/event.ts';
import type { Credentialed, Decided, Framed } from '../model/exchange.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { MaskMark } from '../model/scan.ts';

/** Texts that the caller chose (model, version) are cut to this many characters. */
const CLAIM_CHARACTERS = 200;

/** What is known of an exchange at the moment it ends or goes on: more, the further it came. */
export type Known = Framed & Partial<Omit<Decided, keyof Framed>>;

/** The event that must be durable before the first byte goes upstream. */
export function intentEvent(exchange: Credentialed): AuditEvent {
  return {
    kind: 'exchange.intent',
    exchange: exchange.id,
    body: {
      ...described(exchange),
      lease: { id: exchange.lease.id, role: exchange.lease.role },
      body: exchange.body && bodyFacts(exchange.body),
      masks: exchange.masks.map(markFacts),
    },
  };
}

/** The event of an exchange that ended before its intent: every exit writes one. */
export function refusedEvent(exchange: Known, error: GatewayError): AuditEvent {
  return {
    kind: 'exchange.refused',
    exchange: exchange.id,
    body: {
      ...described(exchange),
      code: error.code,
      reason: error.reason,
      status: error.status,
      rules: [...error.rules],
    },
  };
}

/** How an exchange ended, with what the recording knows of it. */
export function outcomeEvent(exchange: string, outcome: Outcome, added: JsonObject): AuditEvent {
  const { stopReason, usage, ...rest } = outcome;
  return {
    kind: 'exchange.outcome',
    exchange,
    body: { v: 1, ...(rest as JsonObject), stop_reason: stopReason, usage, ...added },
  };
}

/** Written at start for an exchange that a crash cut off. */
export function unknownOutcome(exchange: string): AuditEvent {
  const outcome: Outcome = { status: 0, end: 'unknown', code: null, usage: null, stopReason: null };
  return outcomeEvent(exchange, outcome, {});
}

/** What policy said of a tool call. The input is not in it: only its digest would be, and the recording has it. */
export function callDecidedEvent(exchange: Decided, verdict: CallVerdict): AuditEvent {
  return {
    kind: 'tool_use.decided',
    exchange: exchange.id,
    body: {
      v: 1,
      tool: claim(verdict.tool),
      call: claim(verdict.callId),
      effect: verdict.effect,
      rules: verdict.reasons.map((reason) => reason.id),
      revision: exchange.policy.revision,
    },
  };
}

function described(exchange: Known): JsonObject {
  const root = exchange.body?.root;
  return {
    v: 1,
    started_at: exchange.startedAt,
    action: exchange.route.action,
    route: exchange.route.pattern,
    method: exchange.route.method,
    client: { app: claim(exchange.client.app), version: claim(exchange.client.version), class: exchange.client.class },
    principal: exchange.identity ? principalFacts(exchange.identity.principal) : null,
    token: exchange.identity?.token.id ?? null,
    model: claim(root?.get('model')?.string() ?? null),
    stream: root?.get('stream')?.boolean() ?? null,
    max_tokens: root?.get('max_tokens')?.number() ?? null,
    conversation: exchange.conversation ? { id: exchange.conversation.id, turn: exchange.conversation.turn } : null,
    detections: exchange.detections ? exchange.detections.all : null,
    policy: exchange.policy ? policyFacts(exchange.policy) : null,
    decision: exchange.decision ? decisionFacts(exchange.decision) : null,
    notes: exchange.notes,
  };
}

function principalFacts(principal: Principal): JsonObject {
  const { tenant, issuer, subject, kind, person, owner, groups, actors, strength } = principal;
  return { tenant, issuer, subject, kind, person, owner, groups, function: principal.function, actors, strength };
}

function policyFacts({ bundle, version, revision }: PolicyIdentity): JsonObject {
  return { bundle, version, revision };
}

function decisionFacts(decision: Decision): JsonObject {
  return {
    effect: decision.effect,
    reasons: decision.reasons.map(({ id, policy, severity }) => ({ id, policy, severity })),
    record: decision.record,
    credential: decision.credential,
  };
}

function bodyFacts(body: Body): JsonObject {
  return {
    bytes: body.bytes.length,
    sha256: createHash('sha256').update(body.bytes).digest('hex'),
    edits: body.splices.length,
  };
}

/** A mask mark as stored: which detector, how, how often. */
export function markFacts({ detector, class: name, mode, count }: MaskMark): JsonObject {
  return { detector, class: name, mode, count };
}

function claim(text: string | null): Json {
  return text && text.length > CLAIM_CHARACTERS ? `${text.slice(0, CLAIM_CHARACTERS)}…` : text;
}
