import { expect, test } from 'vitest';
import { parseAddress } from '../../src/config/index.ts';

test.each([
  ['127.0.0.1:8787', { host: '127.0.0.1', port: 8787 }],
  ['[::1]:0', { host: '::1', port: 0 }],
  ['localhost:65535', { host: 'localhost', port: 65535 }],
])('reads %s', (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each(['127.0.0.1', ':80', '::1:80', '[127.0.0.1]:80', 'a:65536', 'a:-1', 'a b:1', 'a:1 ', ''])(
  'refuses "%s"',
  (text) => {
    expect(parseAddress(text)).toBeNull();
  },
);
