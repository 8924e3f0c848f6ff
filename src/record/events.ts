import { hash } from 'node:crypto';
import type { GatewayError } from '../errors.ts';
import type { CallVerdict } from '../model/answer.ts';
import type { Body } from '../model/body.ts';
import type { Decision } from '../model/decision.ts';
import type { AuditEvent, Outcome } from '../model/event.ts';
import type { Credentialed, Decided, Framed, Masked } from '../model/exchange.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { MaskMark } from '../model/scan.ts';

/** Texts that the caller chose (model, version) are cut to this many characters. */
const CLAIM_CHARACTERS = 200;

/** What is known of an exchange at the moment it ends or goes on: more, the further it came. */
export type Known = Framed & Partial<Omit<Masked, keyof Framed>>;

/** The event that must be durable before the first byte goes upstream. */
export function intentEvent(exchange: Credentialed): AuditEvent {
  return { kind: 'exchange.intent', exchange: exchange.id, body: beginning(exchange, exchange, null) };
}

/** The event of an exchange that ended before its intent: every exit writes one. */
export function refusedEvent(exchange: Known, error: GatewayError): AuditEvent {
  return { kind: 'exchange.refused', exchange: exchange.id, body: beginning(exchange, null, error) };
}

/** How an exchange ended, with what the recording knows of it. */
export function outcomeEvent(exchange: string, outcome: Outcome, added: JsonObject): AuditEvent {
  const { stopReason, usage, ...rest } = outcome;
  const body: JsonObject = { ...(rest as JsonObject), ...added, stop_reason: stopReason, usage, v: 1 };
  return { kind: 'exchange.outcome', exchange, body };
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
      call: claim(verdict.callId),
      effect: verdict.effect,
      revision: exchange.policy.revision,
      rules: verdict.reasons.map((reason) => reason.id),
      tool: claim(verdict.tool),
      v: 1,
    },
  };
}

/** Every field is always there, null where it was not reached. Keys are in order here and below: see `canonicalJson`. */
function beginning(exchange: Known, credentialed: Credentialed | null, refusal: GatewayError | null): JsonObject {
  const root = exchange.body?.root;
  const { client, route, conversation, policy, decision, identity } = exchange;
  return {
    action: route.action,
    body: credentialed?.body ? bodyFacts(credentialed.body) : null,
    client: { app: claim(client.app), class: client.class, version: claim(client.version) },
    code: refusal?.code ?? null,
    conversation: conversation ? { id: conversation.id, turn: conversation.turn } : null,
    decision: decision ? decisionFacts(decision) : null,
    detections: exchange.detections?.all ?? null,
    lease: credentialed ? { id: credentialed.lease.id, role: credentialed.lease.role } : null,
    masks: exchange.masks?.map(markFacts) ?? [],
    max_tokens: root?.get('max_tokens')?.number() ?? null,
    method: route.method,
    model: claim(root?.get('model')?.string() ?? null),
    notes: exchange.notes,
    policy: policy ? { bundle: policy.bundle, revision: policy.revision, version: policy.version } : null,
    principal: identity ? principalFacts(identity.principal) : null,
    reason: refusal?.reason ?? null,
    route: route.pattern,
    rules: refusal ? refusal.rules : null,
    started_at: exchange.startedAt,
    status: refusal?.status ?? null,
    stream: root?.get('stream')?.boolean() ?? null,
    token: identity?.token.id ?? null,
    v: 1,
  };
}

function principalFacts(principal: Principal): JsonObject {
  const { actors, groups, issuer, kind, owner, person, strength, subject, tenant } = principal;
  return { actors, function: principal.function, groups, issuer, kind, owner, person, strength, subject, tenant };
}

function decisionFacts(decision: Decision): JsonObject {
  return {
    credential: decision.credential,
    effect: decision.effect,
    reasons: decision.reasons.map(({ id, policy, severity }) => ({ id, policy, severity })),
    record: decision.record,
  };
}

function bodyFacts({ bytes, splices }: Body): JsonObject {
  return { bytes: bytes.length, edits: splices.length, sha256: hash('sha256', bytes, 'hex') };
}

/** A mask mark as stored: which detector, how, how often. */
export function markFacts({ detector, class: name, mode, count }: MaskMark): JsonObject {
  return { class: name, count, detector, mode };
}

function claim(text: string | null): Json {
  return text && text.length > CLAIM_CHARACTERS ? `${text.slice(0, CLAIM_CHARACTERS)}…` : text;
}
