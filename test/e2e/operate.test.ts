import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.close());

function ask(token: string): Promise<Response> {
  return fetch(`${stack.url}/v1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({
      model: 'claude-opus-5-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'hello' }],
    }),
  });
}

it('finds an answer by the request-id that the client has of it', async () => {
  const response = await ask(await stack.token());
  const body = (await response.json()) as { id: string };
  const id = response.headers.get('request-id')!;
  const ours = response.headers.get('x-sallyport-request-id');
  expect(body.id).toMatch(/^msg_/);
  await expect
    .poll(() => stack.admin.get(`/admin/v1/sessions/${id}`).catch(() => null))
    .toMatchObject({ exchanges: [{ id: ours, returned: { content: [{ type: 'text' }] } }] });
});

it('tells a refusal by its code', async () => {
  const response = await ask('nonsense');
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({
    error: { type: 'authentication_error', code: 'TOKEN_INVALID' },
    request_id: response.headers.get('request-id'),
  });
});

it('measures what an operator watches', async () => {
  const text = await (await fetch(`${stack.adminUrl}/metrics`)).text();
  expect(text).toMatch(/^sallyport_bundle_info\{name="baseline",version="[\d.]+",revision="[0-9a-f]{64}"\} 1$/m);
  expect(text).toMatch(/^sallyport_bundle_activation_failures_total 0$/m);
  expect(text).toMatch(/^sallyport_admission_seconds_count\{route="\/v1\/messages"\} 1$/m);
  expect(text).toMatch(/^sallyport_ready\{check="policy"\} 1$/m);
  expect(text).toMatch(/^sallyport_requests_held 0$/m);
  // The built-in bundle has no end.
  expect(text).not.toMatch(/^sallyport_bundle_expires_timestamp_seconds /m);
});
