import { randomInt } from 'node:crypto';
import type { CallVerdict, HeldBlock, RenamedCall } from '../model/answer.ts';
import type { ActivePolicy, Decision } from '../model/decision.ts';
import type { Decided } from '../model/exchange.ts';
import type { Redaction } from '../model/scan.ts';
import type { Clock } from './clock.ts';
import { callExcerpt } from './excerpt.ts';
import { projectToolUse } from './project.ts';
import { addMasks, reasonText } from './request_step.ts';

export interface AnswerStepOptions {
  readonly clock: Clock;
  /** Makes of the answer's texts what policy may be shown. */
  readonly redaction: Redaction;
  /** Remembers a renamed call durably, so that later requests can have its name and input put back. */
  readonly renamed: (conversation: string, callId: string, call: RenamedCall) => Promise<void>;
  /** Throws GatewayError TOKEN_REVOKED where the caller was revoked while Claude answered. */
  readonly stillKnown: () => void;
}

/** A tool call as it goes on: as Claude made it, as a text, or under another name. */
export interface JudgedCall {
  readonly part: HeldBlock;
  readonly renaming: RenamedCall | null;
}

/**
 * Judges the tool calls of one answer, each on its own and in order. Asked again for a part that waited, it judges by
 * the policy that is given, at the place the call had.
 *
 * @throws GatewayError POLICY_UNAVAILABLE
 */
export type CallJudge = (part: HeldBlock, policy?: ActivePolicy) => CallVerdict;

/** Makes the judge of one answer. */
export function callJudge(exchange: Decided, options: Pick<AnswerStepOptions, 'clock' | 'redaction'>): CallJudge {
  const denied = new Set(exchange.decision.stream.deny_tools);
  let calls = 0;
  return (part, policy = exchange.policy) => {
    const callIndex = part.verdict?.callIndex ?? calls++;
    const { name, id } = part.block;
    const tool = typeof name === 'string' ? name : '(unnamed)';
    const callId = typeof id === 'string' ? id : '';
    const verdict = (
      effect: CallVerdict['effect'],
      reasons: CallVerdict['reasons'],
      decision: Decision | null = null,
    ) => ({ effect, tool, callId, callIndex, reasons, decision, approval: null }) satisfies CallVerdict;
    if (!part.inputText?.trimStart().startsWith('{') || tool !== name || callId === '') {
      const message =
        'its input is no complete JSON object of at most 1 MiB, so it cannot be judged; make a smaller call';
      return verdict('deny', [{ id: 'unreadable-call', message }]);
    }
    if (denied.has(tool)) return verdict('deny', [{ id: 'tool-denied', message: `tool ${tool} may not be used here` }]);
    const excerpt = callExcerpt(part, policy.excerpts.tool_use, options.redaction);
    const input = projectToolUse(exchange, part, callIndex, options.clock, excerpt);
    const decision = policy.decide('tool_use', input);
    addMasks(exchange.maskPlan, decision);
    const reasons = decision.reasons.map(({ id: rule, message }) => ({ id: rule, message }));
    return verdict(decision.effect, reasons, decision.effect === 'require_approval' ? decision : null);
  };
}

/** Makes of a call what its denial says: a text, or a call under another name that the client answers with an error. */
export function denyCall(exchange: Decided, part: HeldBlock, verdict: CallVerdict): JudgedCall {
  if (part.inputText === null || exchange.decision.on_tool_deny === 'replace') {
    const text = `[sallyport] The call of tool ${verdict.tool} was denied by policy. ${reasonText(verdict.reasons)}`;
    return { part: textBlock(part.index, text, verdict), renaming: null };
  }
  return rename(part, part.inputText, verdict);
}

/** The call of a tool that no client has; its only input is why. The name says the first rule, for the model to read. */
function rename(part: HeldBlock, inputText: string, verdict: CallVerdict): JudgedCall {
  const rule = (verdict.reasons[0]?.id ?? 'rule').replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 36);
  const shownAs = `denied_by_policy_${rule}_${suffix()}`;
  const input = { reason: reasonText(verdict.reasons) };
  const block = { ...part.block, name: shownAs, input };
  return {
    part: { ...part, block, inputText: JSON.stringify(input), original: null, spans: [], verdict },
    renaming: { name: verdict.tool, inputText, shownAs },
  };
}

function suffix(): string {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  let text = '';
  for (let i = 0; i < 6; i++) text += letters[randomInt(letters.length)];
  return text;
}

/** A text block that the gateway made. */
export function textBlock(index: number, text: string, verdict: HeldBlock['verdict']): HeldBlock {
  const block = { type: 'text', text };
  return { kind: 'block', index, block, inputText: null, call: false, original: null, spans: [], verdict };
}
