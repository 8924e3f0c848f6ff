import { describe, expect, it } from 'vitest';
import { checkDecision } from '../../src/decide/check.ts';
import { decisionResult } from '../../src/decide/contract.ts';
import { allowed } from './fixtures/exchange.ts';

const reason = { id: 'a', message: 'm', policy: 'p', severity: 'low' };
const approval = { groups: ['g'], quorum: 1, scopes: ['once'], expires_s: 1, grant_s: 1, reason_required: true };
const full = {
  ...allowed,
  effect: 'require_approval',
  reasons: [reason, { ...reason, id: 'b' }],
  mask: [{ detectors: ['x'], mode: 'token', restore: ['Read'] }],
  credential: 'batch',
  limits: { max_output_tokens: 5 },
  stream: { chunk: 'every', deny_tools: ['Bash'], thresholds: { x: 1 }, thinking: 'omit' },
  approval: [approval],
};

/** Every change of one member: taken away, an unknown one added, and a value of another type. */
function* mutations(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const [i, entry] of value.entries()) for (const change of mutations(entry)) yield value.with(i, change);
    yield {};
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    yield { ...value, unknown: 1 };
    yield null;
    for (const [key, entry] of entries) {
      yield Object.fromEntries(entries.filter(([name]) => name !== key));
      for (const change of mutations(entry)) yield { ...value, [key]: change };
    }
  } else {
    for (const other of [true, 'unknown word', -1, 1.5, [], null]) if (other !== value) yield other;
  }
}

describe('the check of a decision', () => {
  it('takes what the published schema takes, and refuses what it refuses', () => {
    let refused = 0;
    for (const candidate of [full, allowed, ...mutations(full)]) {
      const valid = decisionResult.safeParse(candidate).success;
      let taken = true;
      try {
        checkDecision(candidate);
      } catch {
        taken = false;
      }
      expect(taken, JSON.stringify(candidate)).toBe(valid);
      if (!valid) refused += 1;
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('gives equal text for equal decisions, whatever order their sets came in', () => {
    const shuffled = {
      ...full,
      reasons: full.reasons.toReversed(),
      stream: { ...full.stream, deny_tools: ['b', 'a'], thresholds: { y: 2, x: 1 } },
    };
    const ordered = { ...full, stream: { ...full.stream, deny_tools: ['a', 'b'], thresholds: { x: 1, y: 2 } } };
    expect(JSON.stringify(checkDecision(shuffled))).toBe(JSON.stringify(checkDecision(ordered)));
  });

  it('refuses a decision that policy itself calls invalid, with its problems', () => {
    expect(() => checkDecision({ invalid: ['two roles'] })).toThrow('two roles');
  });
});
