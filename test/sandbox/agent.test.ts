import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type AgentOutcome, runAgent } from '../e2e/agent.ts';
import { KEY } from './support.ts';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ apiKeys: [KEY], seed: 31 });
});
afterAll(() => sandbox.close());

function run(prompt: string, over: Partial<Parameters<typeof runAgent>[0]> = {}): Promise<AgentOutcome> {
  return runAgent({ baseUrl: sandbox.url, apiKey: KEY, prompt, ...over });
}

function statuses(from: number): number[] {
  return sandbox.requests.slice(from).map((request) => request.status);
}

test('the Agent SDK chats', async () => {
  const outcome = await run('good morning');
  expect([outcome.error, outcome.failed]).toEqual([null, false]);
  expect(outcome.result).toContain('You said: good morning');
});

test('the Agent SDK runs a tool and hands its result back', async () => {
  const outcome = await run('sandbox:tools');
  expect(outcome.results).toMatchObject([{ text: 'hello', failed: false }]);
  expect(outcome.result).toContain('Bash returned: hello');
});

test('the Agent SDK goes on after a denied call', async () => {
  const outcome = await run('sandbox:denied-then-run\nsecret=tangerine-velvet', {
    options: {
      allowedTools: [],
      canUseTool: async (_, input) =>
        String(input.command).startsWith('rm')
          ? { behavior: 'deny', message: 'not today' }
          : { behavior: 'allow', updatedInput: input },
    },
  });
  expect(outcome.texts[0]).toContain('tangerine-velvet');
  expect(outcome.calls.map((call) => call.name)).toEqual(['Bash', 'Bash']);
  expect(outcome.result).toContain('Bash failed: not today');
  expect(outcome.result).toContain('Bash returned: ok');
});

test('the Agent SDK starts a subagent that plays its own script', async () => {
  const outcome = await run('sandbox:subagent bash echo from-below');
  expect(outcome.failed).toBe(false);
  expect(outcome.calls.map((call) => call.name)).toEqual(['Agent', 'Bash']);
  expect(outcome.results[0]).toMatchObject({ text: 'from-below' });
});

test('thinking holds through the turns of a resumed session, and most of each request is read from the cache', async () => {
  const home = await mkdtemp(join(tmpdir(), 'agent-home-'));
  try {
    const from = sandbox.requests.length;
    const first = await run('sandbox:interleaved', { home });
    const second = await run('once more', { home, options: { resume: first.sessionId! } });
    expect([second.error, second.failed]).toEqual([null, false]);
    expect(statuses(from)).toEqual([200, 200, 200, 200]);
    const last = sandbox.requests.at(-1)!;
    const body = JSON.parse(Buffer.from(last.bodyBytes).toString());
    const thoughts = JSON.stringify(body.messages).match(/"type":"thinking"/g);
    expect(thoughts).toHaveLength(3);
    const answer = Buffer.from(last.answerBytes()).toString();
    expect(Number(/"cache_read_input_tokens":(\d+)/.exec(answer)?.[1])).toBeGreaterThan(1000);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

test('Claude Code gets over a fault that ends', async () => {
  const from = sandbox.requests.length;
  const outcome = await run('sandbox:error-first 1');
  expect(outcome.failed).toBe(false);
  expect(statuses(from)).toEqual([200, 200]);
});
