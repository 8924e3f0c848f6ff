import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pages } from '../../tools/docs.ts';

const root = join(import.meta.dirname, '../..');

test.each(pages())('$path is what `make docs` writes', ({ path, text }) => {
  expect(readFileSync(join(root, path), 'utf8')).toBe(text);
});
