import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeDataKey, openOne, openPart, SealBroken, sealOne, sealPart, unwrapDataKey } from '../../src/seal/index.ts';

const sealing = { id: 'test', key: createSecretKey(randomBytes(32)) };
const bound = Buffer.from('exchange 7');

describe('envelope encryption', () => {
  it('opens what it sealed, through the wrapped data key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(0xffffffff), fc.string(), (plain, counter, context) => {
        const { key, wrapped } = makeDataKey(sealing, context);
        const sealed = sealPart(key, counter, bound, plain);
        const opened = openPart(unwrapDataKey(sealing, context, wrapped), counter, bound, sealed);
        expect(opened.equals(plain)).toBe(true);
      }),
    );
  });

  it('notices every changed or missing byte', () => {
    const { key, wrapped } = makeDataKey(sealing, 'c');
    const sealed = sealPart(key, 3, bound, Buffer.from('what was said'));
    for (const [bytes, open] of [
      [sealed, (changed: Uint8Array) => openPart(key, 3, bound, changed)],
      [wrapped, (changed: Uint8Array) => unwrapDataKey(sealing, 'c', changed)],
    ] as const) {
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        expect(() => open(changed)).toThrow(SealBroken);
        expect(() => open(bytes.subarray(0, at))).toThrow(SealBroken);
      }
    }
  });

  it('does not open under another counter, binding, context or sealing key', () => {
    const { key, wrapped } = makeDataKey(sealing, 'c');
    const sealed = sealPart(key, 3, bound, Buffer.from('x'));
    expect(() => openPart(key, 4, bound, sealed)).toThrow(SealBroken);
    expect(() => openPart(key, 3, Buffer.from('exchange 8'), sealed)).toThrow(SealBroken);
    expect(() => unwrapDataKey(sealing, 'd', wrapped)).toThrow(SealBroken);
    const other = { id: 'other', key: createSecretKey(randomBytes(32)) };
    expect(() => unwrapDataKey(other, 'c', wrapped)).toThrow(SealBroken);
  });

  it('seals one thing under a key of its own, and opens it as that thing alone', () => {
    const stored = sealOne(sealing, 'token', 'conversation 1', 'grüße');
    expect(openOne(sealing, 'token', 'conversation 1', stored).toString()).toBe('grüße');
    expect(sealOne(sealing, 'token', 'conversation 1', 'grüße')).not.toEqual(stored);
    expect(() => openOne(sealing, 'token', 'conversation 2', stored)).toThrow(SealBroken);
    expect(() => openOne(sealing, 'approval', 'conversation 1', stored)).toThrow(SealBroken);
  });
});
