import fc from 'fast-check';
import { expect, test } from 'vitest';
import { median, quantile } from './figure.ts';
import { type Answer, createReader } from './reader.ts';

const wire =
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello' +
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\ndata: a\n\r\n1\r\n\n\r\na\r\ndata: bc\n\n\r\n0\r\n\r\n' +
  'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n';

const answers: Answer[] = [
  { status: 200, bytes: 5, events: 0 },
  { status: 200, bytes: 19, events: 2 },
  { status: 404, bytes: 0, events: 0 },
];

test('reads the same answers however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: wire.length }), { maxLength: 20 }), (places) => {
      const cuts = [0, ...places.toSorted((left, right) => left - right), wire.length];
      const read: Answer[] = [];
      const reader = createReader((answer) => read.push(answer));
      for (let i = 1; i < cuts.length; i++) reader(Buffer.from(wire.slice(cuts[i - 1], cuts[i])));
      expect(read).toEqual(answers);
    }),
  );
});

test('median and quantile', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 9])).toBe(3);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(3);
  expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
});
