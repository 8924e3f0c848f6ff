import { createConnection } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stack, startStack } from './stack.ts';

/* What clients do that the plain calls of `clients.test.ts` do not: on the wire as they do it, or with the client itself. */
let stack: Stack;
let token: string;
let client: Anthropic;

beforeAll(async () => {
  stack = await startStack({ sandbox: { seed: 13 } });
  token = await stack.token();
  client = new Anthropic({ baseURL: stack.url, authToken: token, apiKey: null, maxRetries: 0 });
}, 60_000);
afterAll(() => stack.close());

const forwarded = () => stack.sandbox.requests.map(({ bodyBytes }) => Buffer.from(bodyBytes).toString());

describe("Java's HTTP client", () => {
  it('is answered in HTTP/1.1 where it offers h2c, and Claude hears nothing of the offer', async () => {
    const body = Buffer.from(
      JSON.stringify({
        model: 'claude-opus-5-5',
        max_tokens: 100,
        messages: [{ role: 'user', content: `sandbox:echo\n${'größer '.repeat(20_000)}` }],
      }),
    );
    const head = [
      'POST /v1/messages HTTP/1.1',
      'Connection: Upgrade, HTTP2-Settings',
      `Content-Length: ${body.length}`,
      'Host: 127.0.0.1',
      'HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA',
      'Upgrade: h2c',
      'User-Agent: Java-http-client/17.0.15',
      `Authorization: Bearer ${token}`,
      'anthropic-version: 2023-06-01',
      'content-type: application/json',
    ];
    const answer = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(stack.url);
      const socket = createConnection(Number(port), hostname);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      socket.write(body);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('"stop_reason":');
    const { headers } = stack.sandbox.requests.at(-1)!;
    expect(headers).toContain('Java-http-client/17.0.15');
    for (const text of headers) expect(text).not.toMatch(/upgrade|http2-settings|h2c/i);
    expect(forwarded().at(-1)).toBe(body.toString());
  });
});

/* A conversation that Claude holds is one that policy, masks and approvers do not see. */
describe('a message thread', () => {
  const asked = (prompt: string) => ({
    model: 'claude-opus-5-5',
    max_tokens: 500,
    messages: [{ role: 'user' as const, content: prompt }],
  });
  const bash = {
    type: 'custom' as const,
    name: 'Bash',
    input_schema: { type: 'object' as const, properties: { command: { type: 'string' } } },
    parse: (input: unknown) => input as { command: string },
    run: async ({ command }: { command: string }) => `ran ${command}`,
  };

  it.each([false, true])(
    'is given up by the tool runner, which sends all of it in each turn (stream: %s)',
    async (stream) => {
      const before = forwarded().length;
      const runner = client.beta.messages.toolRunner({ ...asked('sandbox:parallel-tools'), tools: [bash], stream });
      for await (const turn of runner) if ('finalMessage' in turn) await turn.finalMessage();
      expect(JSON.stringify((await runner.done()).content)).toContain('Bash returned: ran echo second');
      const bodies = forwarded().slice(before);
      expect(bodies).toHaveLength(2);
      for (const body of bodies) {
        expect(body).toContain('sandbox:parallel-tools');
        expect(body).not.toContain('"thread"');
      }
    },
  );

  it('is refused in words where the program insists on it, and nothing of it reaches Claude', async () => {
    const before = forwarded().length;
    for (const thread of [
      { type: 'create' as const },
      { type: 'continue' as const, previous_message_id: 'msg_other' },
    ]) {
      const error = await client.beta.messages.create({ ...asked('hello'), thread }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Anthropic.ThreadUnsupportedRequestError);
      expect(String(error)).toContain('Send the whole conversation');
    }
    expect(forwarded()).toHaveLength(before);
    await client.beta.messages.create({ ...asked('hello'), thread: null });
    expect(forwarded()).toHaveLength(before + 1);
  });
});
