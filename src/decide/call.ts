import { randomInt } from 'node:crypto';
import type { CallVerdict, HeldBlock } from '../model/answer.ts';
import type { Decided } from '../model/exchange.ts';
import type { Json } from '../model/json.ts';
import type { Clock } from './clock.ts';
import { projectToolUse } from './project.ts';
import { approvalText, reasonText } from './request_step.ts';

/** A denied call that went to the client under another name, as Claude made it. */
export interface Renaming {
  readonly name: string;
  /** JSON text of the input, as Claude spelled it. */
  readonly inputText: string;
  /** The name the client saw. */
  readonly shownAs: string;
}

export interface AnswerStepOptions {
  readonly clock: Clock;
  readonly contact: string | null;
  /** Remembers a renamed call durably, so that later requests can have its name and input put back. */
  readonly renamed: (conversation: string, callId: string, call: Renaming) => Promise<void>;
}

/** A tool call as it goes on: as Claude made it, as a text, or under another name. */
export interface JudgedCall {
  readonly part: HeldBlock;
  readonly renaming: Renaming | null;
}

/** Judges the tool calls of one answer, each on its own and in order. */
export function callJudge(exchange: Decided, options: AnswerStepOptions): (part: HeldBlock) => JudgedCall {
  const denied = new Set(exchange.decision.stream.deny_tools);
  let calls = 0;
  return (part) => {
    const index = calls++;
    const verdict = verdictOn(part, index);
    if (verdict.effect === 'allow') return { part: { ...part, verdict }, renaming: null };
    if (part.inputText === null || exchange.decision.on_tool_deny === 'replace') {
      const text = `[sallyport] The call of tool ${verdict.tool} was denied by policy. ${reasonText(verdict.reasons)}`;
      return { part: textBlock(part.index, text, verdict), renaming: null };
    }
    return rename(part, part.inputText, verdict);
  };

  function verdictOn(part: HeldBlock, index: number): CallVerdict {
    const { name, id } = part.block;
    const tool = typeof name === 'string' ? name : '(unnamed)';
    const callId = typeof id === 'string' ? id : '';
    const deny = (reason: string, message: string): CallVerdict => {
      return { effect: 'deny', tool, callId, reasons: [{ id: reason, message }] };
    };
    if (part.inputText === null || tool !== name || callId === '') {
      return deny(
        'unreadable-call',
        'its input is not complete JSON of at most 1 MiB, so it cannot be judged; make a smaller call',
      );
    }
    if (denied.has(tool)) return deny('tool-denied', `tool ${tool} may not be used here`);
    const input = projectToolUse(exchange, part, index, options.clock);
    const decision = exchange.policy.decide('tool_use', { ...(input as unknown as { [key: string]: Json }) });
    const reasons = decision.reasons.map(({ id: rule, message }) => ({ id: rule, message }));
    if (decision.effect === 'allow') return { effect: 'allow', tool, callId, reasons };
    if (decision.effect === 'deny') return { effect: 'deny', tool, callId, reasons };
    return deny(reasons[0]?.id ?? 'approval', `this call ${approvalText(decision, options.contact)}`);
  }
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
