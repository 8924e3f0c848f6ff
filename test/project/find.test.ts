import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cachedTool, findTool, howToGet } from '../../tools/find.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-find-'));
afterAll(() => rmSync(folder, { recursive: true }));

function program(path: string, mode = 0o755): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
}

test('a tool on PATH comes before the one that was built, and vault counts for bao', () => {
  const env = { PATH: join(folder, 'bin'), XDG_CACHE_HOME: join(folder, 'cache') };
  expect(findTool('bao', env)).toBeNull();
  const built = program(cachedTool('bao', env));
  expect(findTool('bao', env)).toBe(built);
  const vault = program(join(folder, 'bin', 'vault'));
  expect(findTool('bao', env)).toBe(vault);
  const bao = program(join(folder, 'bin', 'bao'));
  expect(findTool('bao', env)).toBe(bao);
});

test('what cannot be run is not found', () => {
  const env = { PATH: join(folder, 'other'), HOME: join(folder, 'home') };
  program(join(folder, 'other', 'opa'), 0o644);
  mkdirSync(join(folder, 'other', 'regal'));
  expect(findTool('opa', env)).toBeNull();
  expect(findTool('regal', env)).toBeNull();
});

test('a missing tool is explained with the two ways to get it', () => {
  expect(howToGet('bao')).toMatch(/^bao is missing: put bao or vault on PATH, or install Go and run `make tools`/);
});
