import { expect, it } from 'vitest';
import { type Stack, startStack } from './stack.ts';

/** A streamed request, read to its end as text. */
async function stream(stack: Stack, token: string, prompt: string): Promise<{ status: number; text: Promise<string> }> {
  const response = await open(stack, token, prompt);
  return { status: response.status, text: response.text() };
}

function open(stack: Stack, token: string, prompt: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${stack.url}/v1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
    },
    body: JSON.stringify({
      model: 'claude-opus-5-5',
      max_tokens: 500,
      stream: true,
      messages: [{ role: 'user', content: prompt }],
    }),
    signal,
  });
}

it('lets running answers end while it drains, and takes nothing new', async () => {
  const stack = await startStack();
  const token = await stack.token();
  const running = await Promise.all(Array.from({ length: 8 }, () => stream(stack, token, 'sandbox:slow 20\nhello')));
  const drained = stack.gateway.drain();
  const refused = await stream(stack, token, 'hello');
  expect(refused.status).toBe(529);
  expect(await refused.text).toContain('shutting down');
  expect((await fetch(`${stack.adminUrl}/readyz`)).status).toBe(503);
  for (const { text } of running) expect(await text).toContain('event: message_stop');
  await drained;
  await expect(fetch(`${stack.url}/v1/models`)).rejects.toThrow();
  await stack.close();
}, 30_000);

it('ends what does not end in time with an error event, never cleanly, and records it', async () => {
  const stack = await startStack({ config: { limits: { drain_s: 1 } } });
  const token = await stack.token();
  const stalled = await stream(stack, token, 'sandbox:stall 30\nhello');
  await stack.gateway.drain();
  const text = await stalled.text;
  expect(text).toContain('event: error');
  expect(text).toContain('shutting down');
  expect(text).not.toContain('message_stop');
  await stack.close();
}, 30_000);

it('aborts the call to Claude when the caller leaves, and says so in the record', async () => {
  const stack = await startStack();
  const token = await stack.token();
  const leaving = new AbortController();
  const response = await open(stack, token, 'sandbox:stall 30\nhello', leaving.signal);
  await response.body!.getReader().read();
  leaving.abort();
  let ends: string[] = [];
  for (let i = 0; i < 100 && ends[0] !== 'client_gone'; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { exchanges } = (await stack.admin.get('/admin/v1/exchanges')) as { exchanges: { end: string }[] };
    ends = exchanges.map((exchange) => exchange.end);
  }
  expect(ends).toEqual(['client_gone']);
  await stack.close();
}, 30_000);

it('answers 529 over the limit of concurrent requests, and recovers', async () => {
  const stack = await startStack({ config: { limits: { concurrent_requests: 2 } } });
  const token = await stack.token();
  const slow = await Promise.all([1, 2].map(() => stream(stack, token, 'sandbox:slow 30\nhello')));
  expect((await stream(stack, token, 'hello')).status).toBe(529);
  for (const { text } of slow) await text;
  // A place is free once the end is recorded, a moment after the caller has it.
  await expect.poll(async () => (await stream(stack, token, 'hello')).status, { timeout: 10_000 }).toBe(200);
  await stack.close();
}, 30_000);
