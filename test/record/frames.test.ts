import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/record/canonical.ts';
import { FrameWriter, readFrames } from '../../src/record/frames.ts';

const frame = fc.record({
  kind: fc.constantFrom('request', 'head', 'event', 'block', 'mask', 'decision', 'error', 'mark'),
  dt: fc.nat(),
  index: fc.integer({ min: -1, max: 1000 }),
  payload: fc.oneof(fc.uint8Array({ maxLength: 5000 }), fc.string({ unit: 'grapheme' })),
});

describe('frames', () => {
  it('come back as they were written, wherever the segments are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(frame, fc.boolean()), { maxLength: 30 }), (written) => {
        const writer = new FrameWriter();
        const segments: Buffer[] = [];
        for (const [{ kind, dt, index, payload }, cut] of written) {
          writer.write(kind as 'event', dt, index, payload);
          if (cut) segments.push(writer.take());
        }
        segments.push(writer.take());
        const read = segments.flatMap((segment) => readFrames(segment));
        expect(read.map(({ seq }) => seq)).toEqual(written.map((_, seq) => seq));
        for (const [at, [{ kind, dt, index, payload }]] of written.entries()) {
          expect(read[at]).toMatchObject({ kind, dt, index });
          expect(read[at]!.payload.equals(Buffer.from(payload as string))).toBe(true);
        }
      }),
    );
  });

  it('are copied, so that the caller may use its buffer again', () => {
    const writer = new FrameWriter();
    const bytes = Buffer.from('first');
    writer.write('event', 0, 0, bytes);
    bytes.fill(0);
    expect(readFrames(writer.take())[0]!.payload.toString()).toBe('first');
  });

  it('are refused when cut short', () => {
    const writer = new FrameWriter();
    writer.write('event', 0, 0, 'text');
    const bytes = writer.take();
    for (let length = 1; length < bytes.length; length++) {
      expect(() => readFrames(Buffer.from(bytes.subarray(0, length)))).toThrow(RangeError);
    }
  });
});

describe('canonical JSON', () => {
  it('is the same for every order of keys, and says the same value', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (value === null || typeof value !== 'object') return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, shuffled(member)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as null);
        expect(text).toBe(canonicalJson(shuffled(value) as null));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('sorts keys by UTF-16 units, as RFC 8785 section 3.2.3 shows', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.values(JSON.parse(canonicalJson(value), undefined))).toEqual([4, 2, 6, 7, 1, 5, 3]);
  });
});
