import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameWriter } from '../../src/record/frames.ts';
import { openSegment, SegmentSealer } from '../../src/record/segments.ts';

const sealing = { id: 'k', key: createSecretKey(randomBytes(32)) };

function stored(frames: Uint8Array) {
  const segment = { exchange: 'req_1', startedAt: 1, number: 3, last: { count: 4, voided: [1] } };
  return { number: 3, ...new SegmentSealer(sealing).seal(segment, frames) };
}

test('frames of every length come back as they were', () => {
  const payloads = fc.array(fc.oneof(fc.string(), fc.string({ minLength: 3000, maxLength: 6000 })), { maxLength: 4 });
  fc.assert(
    fc.property(payloads, (texts) => {
      const writer = new FrameWriter();
      for (const text of texts) writer.write('event', 5, 0, text);
      const frames = writer.take();
      const opened = openSegment(sealing, 'req_1', stored(frames));
      expect(opened.frames.equals(frames)).toBe(true);
      expect(opened.last).toEqual({ count: 4, voided: [1] });
    }),
  );
});

test('a long answer takes less room than it has', () => {
  const frames = Buffer.from('event: content_block_delta\n'.repeat(1000));
  expect(stored(frames).sealed.length).toBeLessThan(frames.length / 10);
});
