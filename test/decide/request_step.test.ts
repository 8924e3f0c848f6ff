import { beforeAll, describe, expect, it } from 'vitest';
import { createRequestStep } from '../../src/decide/index.ts';
import { GatewayError } from '../../src/errors.ts';
import { render } from '../../src/json/index.ts';
import type { ActivePolicy, Decision, PolicySource } from '../../src/model/decision.ts';
import type { Decided, Scanned } from '../../src/model/exchange.ts';
import type { Json } from '../../src/model/json.ts';
import { allowed, clock, scanned } from './fixtures/exchange.ts';
import { builtinPolicy } from './fixtures/load.ts';

let policy: ActivePolicy;
beforeAll(async () => {
  policy = await builtinPolicy();
});

function sourceOf(current: () => ActivePolicy): PolicySource {
  return { current, status: () => expect.unreachable(), close: async () => {} };
}

const redactLeaf = () => expect.unreachable('nothing asks for text');

const step = () => createRequestStep({ source: sourceOf(() => policy), clock, redactLeaf });

/** A step under a policy that always decides the same. */
function fixed(change: Partial<Decision>) {
  const decision = { ...allowed, ...change };
  const stub = { ...policy, decide: () => decision, decideChunk: () => decision };
  return createRequestStep({ source: sourceOf(() => stub), clock, redactLeaf });
}

function refusal(decide: (exchange: Scanned) => Decided, exchange: Scanned): GatewayError {
  try {
    decide(exchange);
  } catch (thrown) {
    return thrown as GatewayError;
  }
  return expect.unreachable('was allowed');
}

const bodyText = (exchange: Decided) => Buffer.from(render(exchange.body!)).toString();

describe('the decide step of the way in', () => {
  it('lets a developer through, with the policy that decided, and changes nothing', () => {
    const exchange = scanned();
    const result = step()(exchange);
    expect(result.policy).toBe(policy);
    expect(result.decision.reasons.map((reason) => reason.id)).toEqual(['model-for-group']);
    expect(result.maskPlan).toEqual(
      new Map([
        ['credential', 'redact'],
        ['private_key', 'redact'],
      ]),
    );
    expect(result.body!.splices).toEqual([]);
  });

  it('decides on every model that may answer, as if it had been asked for', () => {
    const asked = (fallbacks: Json) => scanned({ body: { model: 'claude-opus-5-5', fallbacks } });
    expect(step()(asked([{ model: 'claude-sonnet-5-5' }])).decision.effect).toBe('allow');
    expect(step()(asked(null)).decision.effect).toBe('allow');
    for (const fallbacks of [[{ model: 'claude-sonnet-5-5' }, { model: 'other' }], 'other']) {
      expect(refusal(step(), asked(fallbacks))).toMatchObject({ code: 'POLICY_DENIED', rules: ['model-not-allowed'] });
    }
    expect(refusal(step(), asked('default')).message).toContain('model default is not allowed');
    for (const fallbacks of [[{}], ['claude-opus-5-5'], { model: 'other' }, [null], 7]) {
      expect(refusal(step(), asked(fallbacks)).code).toBe('BODY_SHAPE');
    }
  });

  it('denies with every rule and its reason, and notes which policy did', () => {
    const exchange = scanned({ groups: [], body: { model: 'other' } });
    const error = refusal(step(), exchange);
    expect(error).toMatchObject({ code: 'POLICY_DENIED', rules: ['action-not-allowed', 'model-not-allowed'] });
    expect(error.message).toMatch(/^action-not-allowed: .*; model-not-allowed: model other is not allowed/);
    expect(exchange.notes.refused_by).toMatchObject({ bundle: 'baseline', revision: policy.revision, effect: 'deny' });
  });

  it('lets what needs an approval go on to the step that asks for it', () => {
    const approval = [
      { groups: ['leads'], quorum: 1, scopes: ['once' as const], expires_s: 1, grant_s: 1, reason_required: false },
    ];
    const result = fixed({ effect: 'require_approval', approval })(scanned());
    expect(result.decision).toMatchObject({ effect: 'require_approval', approval });
  });

  it('refuses where the source has no policy', () => {
    const decide = createRequestStep({
      source: sourceOf(() => {
        throw new GatewayError('POLICY_UNAVAILABLE');
      }),
      clock,
      redactLeaf,
    });
    expect(refusal(decide, scanned()).code).toBe('POLICY_UNAVAILABLE');
  });

  it('lowers max_tokens to the ceiling and leaves every other byte alone', () => {
    const body = { model: 'm', max_tokens: 5000, messages: [], x: 1 };
    const decide = fixed({ limits: { max_output_tokens: 100 } });
    expect(bodyText(decide(scanned({ body })))).toBe('{"model":"m","max_tokens":100,"messages":[],"x":1}');
  });

  it('leaves a lower max_tokens and a token count alone', () => {
    const decide = fixed({ limits: { max_output_tokens: 100 } });
    expect(decide(scanned({ body: { max_tokens: 100 } })).body!.splices).toEqual([]);
    const counted = scanned({ body: { max_tokens: 5000 }, action: 'messages.count_tokens' });
    expect(decide(counted).body!.splices).toEqual([]);
  });

  it('denies thinking beyond the ceiling', () => {
    const body = { max_tokens: 5000, thinking: { type: 'enabled', budget_tokens: 100 } };
    const error = refusal(fixed({ limits: { max_output_tokens: 100 } }), scanned({ body }));
    expect(error).toMatchObject({ code: 'POLICY_DENIED', rules: ['thinking-over-ceiling'] });
  });

  it('makes a mask plan of the decision, the stronger mode of a class', () => {
    const mask = [
      { detectors: ['a', 'b'], mode: 'token' as const, restore: 'none' as const },
      { detectors: ['a'], mode: 'redact' as const, restore: 'none' as const },
      { detectors: ['a'], mode: 'partial' as const, restore: 'none' as const },
    ];
    expect([...fixed({ mask })(scanned()).maskPlan]).toEqual([
      ['a', 'redact'],
      ['b', 'token'],
    ]);
  });
});
