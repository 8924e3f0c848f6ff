import {
  createApproveAnswerStep,
  createApproveStep,
  createGrantStep,
  requestFingerprint,
  toolCallFingerprint,
} from './approve/index.ts';
import type { Config } from './config/index.ts';
import {
  createConverseStep,
  createNoteStep,
  createPinStep,
  createRestoreStep,
  createVisibleHolds,
} from './conversation/index.ts';
import { createCredentialStep } from './credential/index.ts';
import {
  callJudge,
  carryOut,
  createAnswerStep,
  createRequestStep,
  decideRequest,
  projectRequest,
  projectToolUse,
  textBlock,
} from './decide/index.ts';
import { GatewayError } from './errors.ts';
import { createCorrectStep, createHoldStep } from './forward/index.ts';
import { revocationMarks } from './identify/index.ts';
import type { RenamedCall } from './model/answer.ts';
import type { Identified } from './model/exchange.ts';
import type { Steps } from './pipeline.ts';
import { createFrameStep, createReadStep } from './receive/index.ts';
import type { Rooms } from './rooms.ts';

/** Throws GatewayError TOKEN_REVOKED where the caller of an exchange was revoked meanwhile. */
export function checkRevoked({ revocations }: Pick<Rooms, 'revocations'>): (exchange: Identified) => void {
  return ({ identity }) => {
    if (revocations.revoked(revocationMarks(identity))) throw new GatewayError('TOKEN_REVOKED');
  };
}

/** Joins the rooms to the steps of both ways: what one room needs of another is handed over here. */
export function joinSteps(rooms: Rooms, config: Config): Steps {
  const { approvals, contents, credentials, deciding, keys, ledgers, masking, parking, policies, recorder } = rooms;
  // What goes into the ledger goes upstream again: it is kept as a request would be masked.
  const renamed = (conversation: string, callId: string, call: RenamedCall) => {
    const inputText = Buffer.from(masking.cleanse(Buffer.from(call.inputText))).toString();
    return ledgers.addRenamedCall(conversation, callId, { ...call, inputText });
  };
  const stillKnown = checkRevoked(rooms);
  const restore = createRestoreStep(ledgers, contents);
  const visible = config.approvals.visible_hold
    ? createVisibleHolds((domain, text) => keys.keyedHash(domain, text))
    : null;
  return {
    frame: createFrameStep({ headers: config.limits.header_count }),
    identify: rooms.people.identify.step,
    read: createReadStep({
      bytes: config.limits.body_bytes,
      depth: config.limits.body_depth,
      keys: config.limits.body_keys,
      timeoutMs: config.limits.body_timeout_s * 1000,
    }),
    converse: createConverseStep(ledgers, (text) => keys.keyedHash('conversation', text)),
    restore: visible ? (exchange) => restore(visible.takeOut(exchange)) : restore,
    scan: masking.scanRequest,
    decide: createRequestStep(deciding),
    pin: createPinStep({
      ledgers,
      contents,
      rules: rooms.activeRules,
      kept: rooms.shelf.has,
      organisationOf: organisationOf(config),
      now: Date.now,
      onFault: rooms.onPinFault,
    }),
    mask: masking.maskRequest,
    approve: createApproveStep({
      approvals,
      parking,
      fingerprint: (exchange) => requestFingerprint(exchange, exchange.decision.credential ?? credentials.defaultRole),
      facts: (exchange) => projectRequest(exchange, Date.now),
      releases: contents.marksOf,
      decideAgain: (exchange) => decideRequest(exchange, deciding),
      stillKnown: (exchange) => {
        stillKnown(exchange);
        if (exchange.identity.token.expiresAt * 1000 <= Date.now()) throw new GatewayError('TOKEN_EXPIRED');
      },
      clock: Date.now,
      contact: config.approvals.contact ?? null,
      holdsMost: config.approvals.held_most,
      tenantHoldsMost: config.approvals.held_most_per_tenant,
      streamHoldMs: config.approvals.hold_stream_s * 1000,
      callHoldMs: config.approvals.hold_call_s * 1000,
    }),
    credential: createCredentialStep(credentials),
    grant: createGrantStep(approvals),
    record: (exchange) => recorder.intent(exchange),
    back: {
      hold: () => createHoldStep(),
      scan: masking.scanStep,
      decide: (exchange) =>
        createAnswerStep(exchange, {
          clock: Date.now,
          redaction: masking.redaction(exchange),
          renamed,
          stillKnown: () => stillKnown(exchange),
        }),
      mask: masking.maskStep,
      note: (exchange) => createNoteStep(exchange, ledgers.markDropBlock),
      approve: (exchange) => {
        const judge = callJudge(exchange, { clock: Date.now, redaction: masking.redaction(exchange) });
        return createApproveAnswerStep(exchange, {
          approvals,
          fingerprint: ({ identity, conversation }, part) =>
            toolCallFingerprint({
              principal: identity.principal,
              conversation: conversation.id,
              tool: part.verdict!.tool,
              inputText: part.inputText!,
            }),
          facts: (_exchange, part) => projectToolUse(exchange, part, part.verdict!.callIndex, Date.now),
          judgeAgain: (part) => {
            stillKnown(exchange);
            return judge(part, policies.current());
          },
          deny: (part, verdict) => carryOut(exchange, part, verdict, { renamed }),
          text: (index, text) => textBlock(index, text, null),
          notice: visible && ((text) => visible.notice(exchange.identity.principal, text)),
          clock: Date.now,
          contact: config.approvals.contact ?? null,
          holdMs: config.approvals.hold_stream_s * 1000,
        });
      },
      correct: () => createCorrectStep(),
      record: (exchange) => recorder.step(exchange),
      restore: masking.restoreStep,
    },
  };
}

/** The organisation that a credential role (null: the default one) belongs to; null where all belong to one. */
function organisationOf({ credential: { roles, default_role } }: Config): (role: string | null) => string | null {
  const organisations = new Map(
    Object.entries(roles).map(([name, role]) => [name, role.organization ?? `role ${name}`]),
  );
  const several = new Set(organisations.values()).size > 1;
  return (role) => (several ? (organisations.get(role ?? default_role) ?? null) : null);
}
