import { expect, test } from 'vitest';
import { isLoopback } from '../../src/model/host.ts';

test.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.9.9.9', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
  '%s is loopback',
  (host) => {
    expect(isLoopback(host)).toBe(true);
  },
);

test.each([
  '0.0.0.0',
  '::',
  '128.0.0.1',
  '127.0.0.1.example',
  'localhost.example',
  'localhost.example.com',
  '127.0.0.1.example.com',
  '::2',
  '[::2]',
  '',
])('%s is not loopback', (host) => {
  expect(isLoopback(host)).toBe(false);
});
