import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';
import { type Stack, startStack } from './stack.ts';

/* The admin API as people meet it: a personal login alone opens nothing, policy does. */
let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
  await fetch(`${stack.url}/v1/models`, { headers: { 'x-api-key': await stack.token() } });
}, 60_000);
afterAll(() => stack.close());

/** Calls the admin API with a personal token of somebody in these groups; gives the status. */
async function as(groups: readonly string[], method: 'GET' | 'POST', path: string): Promise<number> {
  const issuer = await createDevelopmentIssuer({ dataDir: stack.dataDir });
  const audience = issuer.entry.admin_audience as string;
  const token = await issuer.mint({ subject: 'pat@example.test', groups, lifetimeSeconds: 600, audience });
  const response = await fetch(`${stack.adminUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(method === 'POST' ? { body: '{"kind":"sub","value":"somebody","version":1}' } : {}),
  });
  await response.text();
  return response.status;
}

it.each([
  ['GET', '/admin/v1/exchanges'],
  ['GET', '/admin/v1/sessions'],
  ['GET', '/admin/v1/sessions/conv_x'],
  ['GET', '/admin/v1/exchanges/req_x'],
  ['GET', '/admin/v1/tally'],
  ['GET', '/admin/v1/bundles'],
  ['POST', '/admin/v1/bundles/accept'],
  ['GET', '/admin/v1/revocations'],
  ['POST', '/admin/v1/revocations'],
] as const)('refuses %s %s to a person whom policy does not let', async (method, path) => {
  expect(await as(['developers'], method, path)).toBe(403);
});

it('lets auditors see what happened, but neither revoke nor accept', async () => {
  expect(await as(['auditors'], 'GET', '/admin/v1/exchanges')).toBe(200);
  expect(await as(['auditors'], 'GET', '/admin/v1/sessions')).toBe(200);
  expect(await as(['auditors'], 'POST', '/admin/v1/revocations')).toBe(403);
  expect(await as(['auditors'], 'POST', '/admin/v1/bundles/accept')).toBe(403);
});

it('asks nobody but the holder of a token that it knows', async () => {
  for (const authorization of ['', 'Bearer x', `Bearer ${await stack.token()}`]) {
    const response = await fetch(`${stack.adminUrl}/admin/v1/exchanges`, { headers: { authorization } });
    expect(response.status).toBe(401);
  }
});
