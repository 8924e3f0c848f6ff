import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('uses at most 8 MiB more after a million evaluations than after 100,000', async () => {
  const script = join(import.meta.dirname, 'fixtures/million.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script], { timeout: 290_000 });
  const { evaluations, early, late } = JSON.parse(stdout) as { [name: string]: number };
  expect(evaluations).toBe(1_000_000);
  expect((late! - early!) / 1024 / 1024).toBeLessThanOrEqual(8);
}, 300_000);
