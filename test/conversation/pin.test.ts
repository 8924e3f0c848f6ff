import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Pin, repin, type Wanted } from '../../src/conversation/pin.ts';
import type { MaskMode } from '../../src/model/scan.ts';

const hour = 3600_000;
const modes: readonly MaskMode[] = ['token', 'partial', 'redact'];
const plan = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(...modes))
  .map((one) => new Map(Object.entries(one)));
const rules = fc.constantFrom('r1', 'r2', 'r3', 'r4', 'r5');
const wanted = fc.record({
  rules,
  urgent: fc.boolean(),
  plan,
  organisation: fc.constantFrom(null, 'x', 'y'),
  kept: fc.constantFrom(
    () => true,
    () => false,
  ),
});
const want = (more: Partial<Wanted> = {}): Wanted => ({
  ...{ rules: 'r1', urgent: false, plan: new Map(), organisation: null, kept: () => true },
  ...more,
});
const redact = (...names: readonly string[]) => new Map(names.map((name) => [name, 'redact' as const]));
const first = (more: Partial<Wanted> = {}): Pin => repin(null, want({ plan: redact('a'), ...more }), 0).pin!;

/** Pins one request after the other and gives the last. */
function run(requests: readonly (readonly [number, Wanted])[]) {
  let now = 0;
  let pin: Pin | null = null;
  let last = repin(null, want(), 0);
  for (const [later, request] of requests) {
    now += later;
    last = repin(pin, request, now);
    pin = last.pin;
  }
  return { last, pin, now };
}

describe('a pin', () => {
  it('never masks less than is decided, by the rules that are active', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30 * hour), wanted), { minLength: 1 }), (requests) => {
        const { last } = run(requests);
        const decided = requests.at(-1)![1];
        for (const [name, mode] of decided.plan) {
          expect(modes.indexOf(last.pin!.plan.get(name)!)).toBeGreaterThanOrEqual(modes.indexOf(mode));
        }
        if (last.pin) expect(last.pin.rules).toContain(decided.rules);
      }),
    );
  });

  it('changes nothing, and edits nothing, when the same is decided again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(30 * hour), wanted), { minLength: 1 }),
        fc.nat(600_000 - 1),
        (requests, later) => {
          const { pin, now } = run(requests);
          const decided = requests.at(-1)![1];
          // A pin that is used for long enough is stored again, and one that is old ends: cases of their own below.
          if (pin) fc.pre(now + later < Math.min(pin.usedAt + 600_000, pin.pinnedAt + 24 * hour));
          const again = repin(pin, { ...decided, kept: () => true, urgent: false }, now + later);
          expect(again.changed).toBe(false);
          expect(again.edits.classes.size).toBe(0);
          expect(again.edits).toMatchObject({ rules: false, all: false });
        },
      ),
    );
  });

  it('keeps every mask while it holds', () => {
    fc.assert(
      fc.property(plan, plan, fc.nat(8 * hour - 1), (before, decided, later) => {
        const pin = repin(null, want({ plan: new Map([...before, ['z', 'partial']]) }), 0).pin!;
        const next = repin(pin, want({ plan: decided }), later).pin!;
        for (const [name, mode] of pin.plan) {
          expect(modes.indexOf(next.plan.get(name)!)).toBeGreaterThanOrEqual(modes.indexOf(mode));
        }
      }),
    );
  });

  it('is none where nothing is masked and there is one organisation', () => {
    expect(repin(null, want(), 0)).toMatchObject({ pin: null, changed: false });
  });

  it('re-pins at once for another class and a stronger mode, and tells which', () => {
    expect([...repin(first(), want({ plan: redact('b') }), 1).edits.classes]).toEqual(['b']);
    const weak = first({ plan: new Map([['a', 'token']]) });
    expect([...repin(weak, want({ plan: redact('a') }), 1).edits.classes]).toEqual(['a']);
    expect(repin(first(), want({ plan: new Map([['a', 'token']]) }), 1)).toMatchObject({ changed: false });
  });

  it('goes on with the older rules beside new ones, but not with too many', () => {
    let pinning = repin(first(), want({ rules: 'r2' }), 1);
    expect(pinning.pin!.rules).toEqual(['r1', 'r2']);
    expect(pinning.edits).toMatchObject({ rules: true, all: false });
    pinning = repin(repin(pinning.pin, want({ rules: 'r3' }), 2).pin, want({ rules: 'r4' }), 3);
    expect(pinning.pin!.rules).toEqual(['r2', 'r3', 'r4']);
    expect(pinning.edits.all).toBe(true);
  });

  it.each([
    ['after 8 idle hours', 8 * hour, {}],
    ['when a bundle marks its rules urgent', 1, { rules: 'r2', urgent: true }],
    ['when this node does not have its rules', 1, { rules: 'r2', kept: () => false }],
  ])('ends %s', (_when, now, more: Partial<Wanted>) => {
    const ended = repin(first(), want({ plan: redact('b'), ...more }), now);
    expect(ended.pin).toMatchObject({ pinnedAt: now, rules: [more.rules ?? 'r1'] });
    expect([...ended.pin!.plan.keys()]).toEqual(['b']);
    expect(ended.edits.all).toBe(true);
  });

  it('ends after 24 hours of use', () => {
    let pin: Pin | null = first();
    for (let at = 7 * hour; at < 24 * hour; at += 7 * hour) pin = repin(pin, want(), at).pin;
    expect(pin!.plan.has('a')).toBe(true);
    expect(repin(pin, want(), 24 * hour - 1).pin!.plan.has('a')).toBe(true);
    expect(repin(pin, want(), 24 * hour)).toMatchObject({ pin: null, changed: true, edits: { all: true } });
  });

  it('that ends edits nothing where the same masks are decided anew', () => {
    const ended = repin(first(), want({ plan: redact('a') }), 9 * hour);
    expect(ended.pin!.pinnedAt).toBe(9 * hour);
    expect(ended.edits).toMatchObject({ all: false, rules: false });
  });

  it('tells of a move to another organisation', () => {
    const pin = first({ organisation: 'x' });
    expect(repin(pin, want({ organisation: 'y' }), 1).edits.all).toBe(true);
    expect(repin(pin, want({ organisation: 'x' }), 1).edits.all).toBe(false);
  });
});
