import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTokens } from '../../src/conversation/index.ts';
import { openKeys } from '../../src/seal/index.ts';
import { openStore } from '../../src/store/index.ts';

const keys = await openKeys({ key: async (name) => Buffer.alloc(32, name) });
const day = 24 * 3600_000;
const entry = (name: string) => ({
  token: `MASKED_EMAIL_${name}`,
  class: 'email',
  value: `${name}-the-value@example.org`,
});

let directory: string;
let now = 1_800_000_000_000;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-tokens-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Opens the store anew, as after a restart. */
async function opened<Result>(
  use: (tokens: Awaited<ReturnType<typeof openTokens>>) => Promise<Result>,
): Promise<Result> {
  const store = await openStore({ dataDir: join(directory, 'data'), url: 'sqlite' });
  try {
    return await use(await openTokens(store, keys, () => now));
  } finally {
    await store.close();
  }
}

it('keeps the tokens of a conversation in their order, over a restart, and no other conversation has them', async () => {
  await opened(async (tokens) => {
    expect(await tokens.of('c')).toEqual([]);
    await tokens.add('c', [entry('B'), entry('A')]);
    await tokens.add('c', [entry('C')]);
    expect(await tokens.of('c')).toEqual([entry('B'), entry('A'), entry('C')]);
    expect(await tokens.of('d')).toEqual([]);
  });
  expect(await opened(async (tokens) => tokens.of('c'))).toEqual([entry('B'), entry('A'), entry('C')]);
});

it('keeps no value in the open', async () => {
  await opened((tokens) => tokens.add('c', [entry('A')]));
  const files = readdirSync(join(directory, 'data'), { recursive: true, withFileTypes: true }).filter((file) =>
    file.isFile(),
  );
  const bytes = files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join();
  expect(bytes).toContain('MASKED_EMAIL_A');
  expect(bytes).not.toContain('the-value');
});

it('ends them after a week without use', async () => {
  await opened((tokens) => tokens.add('c', [entry('A')]));
  now += 6 * day;
  expect(await opened(async (tokens) => tokens.of('c'))).toHaveLength(1);
  now += 6 * day;
  expect(await opened(async (tokens) => tokens.of('c'))).toHaveLength(1);
  now += 8 * day;
  expect(await opened(async (tokens) => tokens.of('c'))).toEqual([]);
});
