import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAgent } from './agent.ts';
import { type Stack, startStack } from './stack.ts';

/* The official clients, unmodified, against the gateway. */
const planted = 'correct-horse-battery-staple';
let stack: Stack;
let client: Anthropic;
let token: string;
const ask = (content: string) => ({
  model: 'claude-opus-5-5',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content }],
});

beforeAll(async () => {
  stack = await startStack({ sandbox: { seed: 11, secret: planted }, masked: { passphrase: planted } });
  token = await stack.token();
  client = new Anthropic({ baseURL: stack.url, authToken: token, apiKey: null, maxRetries: 0 });
}, 60_000);
afterAll(() => stack.close());

const bash = {
  name: 'Bash',
  description: 'Runs a command.',
  input_schema: { type: 'object' as const, properties: { command: { type: 'string' } }, required: ['command'] },
};

describe('the TypeScript SDK', () => {
  it('creates, streams, counts tokens and lists models', async () => {
    expect((await client.messages.create(ask('sandbox:echo\nhello there'))).content[0]).toMatchObject({ type: 'text' });
    const final = await client.messages.stream(ask('sandbox:echo\nhello there')).finalMessage();
    expect(JSON.stringify(final.content)).toContain('hello there');
    expect(
      (await client.messages.countTokens({ model: 'claude-opus-5-5', messages: ask('x').messages })).input_tokens,
    ).toBeGreaterThan(0);
    const models = await client.models.list();
    expect(models.data.length).toBeGreaterThan(0);
    expect(await client.models.retrieve(models.data[0]!.id)).toMatchObject({ id: models.data[0]!.id });
  });

  it('takes the token as an API key too', async () => {
    const response = await fetch(`${stack.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': token, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(ask('hello')),
    });
    expect(response.status).toBe(200);
  });

  it.each([
    ['sandbox:error-400', 400, Anthropic.BadRequestError],
    ['sandbox:error-429', 429, Anthropic.RateLimitError],
    ['sandbox:error-529', 529, Anthropic.InternalServerError],
  ] as const)('gets the error of Claude unchanged: %s', async (prompt, status, type) => {
    const direct = await fetch(`${stack.sandbox.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': stack.apiKey, 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
      body: JSON.stringify(ask(prompt)),
    });
    const error = await client.messages.create(ask(prompt)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(type);
    expect((error as InstanceType<typeof Anthropic.APIError>).status).toBe(status);
    const told = (await direct.json()) as { error: object };
    expect(JSON.stringify((error as { error: { error: object } }).error.error)).toBe(JSON.stringify(told.error));
  });

  it('is told of a token that is not accepted, once and typed', async () => {
    const stranger = new Anthropic({ baseURL: stack.url, authToken: 'not-a-token', apiKey: null });
    const before = stack.sandbox.requests.length;
    await expect(stranger.messages.create(ask('hello'))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    expect(stack.sandbox.requests.length).toBe(before);
  });

  it('is told of a model that policy does not allow, with the rule and its reason', async () => {
    const error = await client.messages.create({ ...ask('hello'), model: 'gpt-5' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(String((error as Error).message)).toContain('model-not-allowed');
  });

  it('is refused when it presents a Claude credential, which is not stored anywhere', async () => {
    const leaked = `sk-ant-api03-${'Ab1_'.repeat(20)}`;
    const careless = new Anthropic({ baseURL: stack.url, apiKey: leaked, maxRetries: 0 });
    await expect(careless.messages.create(ask('hello'))).rejects.toThrow(/leaked/);
    expect(JSON.stringify(await stack.admin.get('/admin/v1/exchanges'))).not.toContain(leaked);
  });

  it('gets a denied tool call as text and a message that ends properly, streaming and not', async () => {
    const request = { ...ask('sandbox:bash rm -rf /'), tools: [bash] };
    for (const message of [
      await client.messages.create(request),
      await client.messages.stream(request).finalMessage(),
    ]) {
      expect(message.stop_reason).toBe('end_turn');
      expect(JSON.stringify(message.content)).toContain('recursive-removal');
      expect(message.content.some((block) => block.type === 'tool_use')).toBe(false);
    }
  });

  it('gets an allowed tool call whole, streaming and not', async () => {
    const request = { ...ask('sandbox:bash ls -l'), tools: [bash] };
    for (const message of [
      await client.messages.create(request),
      await client.messages.stream(request).finalMessage(),
    ]) {
      expect(message.stop_reason).toBe('tool_use');
      expect(message.content.find((block) => block.type === 'tool_use')).toMatchObject({ input: { command: 'ls -l' } });
    }
  });

  it('reads no planted value in text, tool input or citation, streaming and not', async () => {
    const request = { ...ask('sandbox:leak'), tools: [bash] };
    for (const message of [
      await client.messages.create(request),
      await client.messages.stream(request).finalMessage(),
    ]) {
      expect(JSON.stringify(message)).not.toContain(planted);
      expect(JSON.stringify(message).match(/\[masked:/g)!.length).toBeGreaterThanOrEqual(3);
    }
  });

  it('does not hand a planted value to Claude either', async () => {
    await client.messages.create(ask(`sandbox:echo\nmy passphrase is ${planted}, keep it`));
    const seen = Buffer.from(stack.sandbox.requests.at(-1)!.bodyBytes).toString();
    expect(seen).not.toContain(planted);
    expect(seen).toContain('[masked:');
  });

  it('sees a stream that Claude cut as an error, never as a whole answer', async () => {
    for (const prompt of ['sandbox:cut-mid-stream', 'sandbox:error-mid-stream']) {
      await expect(client.messages.stream(ask(prompt)).finalMessage()).rejects.toThrow();
    }
  });
});

describe('the Agent SDK', () => {
  const run = (prompt: string, env: Record<string, string> = {}) =>
    runAgent({ baseUrl: stack.url, token, prompt, env });

  it('runs a tool loop', async () => {
    const outcome = await run('sandbox:tools\nSay hello.');
    expect(outcome.error).toBeNull();
    expect(outcome.results.some((result) => result.text.includes('hello') && !result.failed)).toBe(true);
  });

  it('thinks, over several turns of one session', async () => {
    const outcome = await run('sandbox:interleaved\nGo on.');
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
    expect(outcome.texts.join(' ')).toContain('It has run');
  });

  it('runs a subagent', async () => {
    const outcome = await run('sandbox:subagent tools\nGo on.');
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
  });

  it('thinks after a masked text, and the next turn is accepted', async () => {
    const outcome = await run('sandbox:interleaved-leak\nGo on.');
    expect(outcome.error).toBeNull();
    expect(outcome.failed).toBe(false);
  });

  it('shows a denial cleanly, after one request', async () => {
    const outcome = await runAgent({
      baseUrl: stack.url,
      token,
      prompt: 'hello',
      options: { model: 'gpt-5' },
    });
    expect(outcome.failed).toBe(true);
    expect(outcome.result ?? String(outcome.error)).toContain('model-not-allowed');
  });
});
