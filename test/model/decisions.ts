import type { ApprovalRequirement, Decision } from '../../src/model/decision.ts';

/** A decision that says nothing but its effect, and whose approval it needs. */
export function decisionOf(effect: Decision['effect'], approval: readonly ApprovalRequirement[] = []): Decision {
  return {
    effect,
    reasons: [],
    mask: [],
    credential: null,
    record: 'full',
    limits: { max_output_tokens: null },
    stream: { chunk: 'off', deny_tools: [], thresholds: {}, thinking: 'pass' },
    approval,
    withhold: 'none',
    on_tool_deny: 'replace',
  };
}
