import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { type Body, type Captured, callRows, type Row, rows } from './fingerprint_rows.ts';
import { holdDesk, type Listed } from './hold_desk.ts';
import { type Stack, startStack } from './stack.ts';
import { type HttpMessage, startTap } from './tap.ts';

/*
 * What an approval is bound to: requests that the real clients sent are sent again by somebody who needs an approval,
 * altered in one thing, and the approvals that this opens are counted.
 */

const policies = {
  'bound/request/bound.rego': `package policies.bound.request

require_approval contains {"id": "bound", "message": "held", "approval": {"groups": ["approvers"]}} if {
	"held" in input.principal.groups
}

directive contains {"credential": "second"} if "second" in input.principal.groups
`,
  'bound/tool_use/bound.rego': `package policies.bound.tool_use

require_approval contains {"id": "bound", "message": "held", "approval": {"groups": ["approvers"]}} if {
	"held-calls" in input.principal.groups
}
`,
};

interface Conversation {
  /** Makes the model call a tool. */
  readonly first: Captured;
  /** Brings the result of that call. */
  readonly last: Captured;
}

const key = { source: 'static', secret: { env: 'CLAUDE_KEY' }, scheme: 'x-api-key' } as const;
const prompt = 'sandbox:bash echo deploy one\nGo.';
const clients = ['Agent SDK', 'Anthropic SDK'] as const;
/** How many callers are held at one time; the clients' own limits are far away. */
const atOnce = 10;

withProgram('opa', 'fingerprints', () => {
  let bundle: WatchedBundle;
  let stack: Stack;
  let captured: { readonly [client in (typeof clients)[number]]: Conversation };
  const opened = new Map<string, number>();
  const used = new Map<string, string>();

  beforeAll(async () => {
    bundle = await watchedBundle(policies);
    stack = await startStack({
      config: {
        policy: bundle.policy,
        credential: { roles: { default: key, second: key } },
        approvals: { hold_stream_s: 1, hold_call_s: 4, retry_after_s: 1 },
      },
    });
    captured = await capture(stack);
    const work = clients.flatMap((client) => [
      ...rows.map((row) => ({ client, row, request: captured[client].last, held: 'held' })),
      ...callRows.map((row) => ({ client, row, request: captured[client].first, held: 'held-calls' })),
    ]);
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = work.shift(); next !== undefined; next = work.shift()) {
          const name = `${next.client}: ${next.row.change}`;
          const outcome = await ask(next.request, next.row, name, next.held);
          opened.set(name, outcome.opened);
          used.set(name, outcome.used);
        }
      }),
    );
  }, 120_000);
  afterAll(async () => {
    const line = ({ change }: Row) => [
      change,
      ...clients.map((client) => (opened.get(`${client}: ${change}`) === 1 ? 'joins' : 'opens another')),
    ];
    const table = [['changed', ...clients], ...[...rows, ...callRows].map(line)];
    console.log(
      table
        .map(([change, ...answers]) => [change!.padEnd(42), ...answers.map((text) => text.padEnd(16))].join(''))
        .join('\n'),
    );
    await stack.close();
    bundle.remove();
  });

  /** Approvals of a caller, of any state. */
  const approvalsOf = async (subject: string): Promise<readonly Listed[]> => {
    const { text } = await holdDesk(stack).ask(`approvals?limit=200&subject=${encodeURIComponent(subject)}`);
    return JSON.parse(text).approvals;
  };

  const send = async ({ target, headers, body }: Captured, token: string, write: Row['write'] = JSON.stringify) => {
    const response = await fetch(`${stack.url}${target}`, {
      method: 'POST',
      headers: { ...Object.fromEntries(headers), authorization: `Bearer ${token}` },
      body: write(body),
    });
    return { status: response.status, text: await response.text() };
  };

  /** Sends the request and then its altered copy, both held until nobody came; approves where it joined, and sends the copy once more. */
  const ask = async (
    request: Captured,
    { first = (asIs) => asIs, alter, groups = [], write, same }: Row,
    subject: string,
    held: string,
  ) => {
    const token = (more: readonly string[]) => stack.token({ subject, groups: ['developers', held, ...more] });
    const altered = () => alter(request);
    expect((await send(first(request), await token([]))).text).toContain('approval');
    expect(await approvalsOf(subject)).toHaveLength(1);
    const { status, text } = await send(altered(), await token(groups), write);
    expect([200, 409], text).toContain(status);
    const listed = await approvalsOf(subject);
    if (!same) return { opened: listed.length, used: '' };
    await holdDesk(stack).decide(listed[0], 'approve');
    const answer = await send(altered(), await token(groups), write);
    const answered = answer.status === 200 && !/event: error|waits for an approval/.test(answer.text);
    return { opened: listed.length, used: answered ? 'answered' : answer.text };
  };

  describe.each(clients)('a request of the %s', (client) => {
    it.each([...rows, ...callRows].filter(({ same }) => same))(
      'joins its approval and may use it, changed in: $change',
      ({ change }) => {
        expect(opened.get(`${client}: ${change}`)).toBe(1);
        expect(used.get(`${client}: ${change}`)).toBe('answered');
      },
    );

    it.each([...rows, ...callRows].filter(({ same }) => !same))(
      'opens another approval, changed in: $change',
      ({ change }) => {
        expect(opened.get(`${client}: ${change}`)).toBe(2);
      },
    );
  });
});

/** Two turns of each client with one tool call, sent without an approval, each through a tap. */
async function capture(stack: Stack): Promise<{ readonly [client in (typeof clients)[number]]: Conversation }> {
  const token = await stack.token();
  return {
    'Agent SDK': await tapped(stack, async (baseUrl) => {
      const { results } = await runAgent({ baseUrl, token, prompt });
      expect(results).toMatchObject([{ text: 'deploy one', failed: false }]);
    }),
    'Anthropic SDK': await tapped(stack, (baseUrl) => callTwice(baseUrl, token)),
  };
}

async function callTwice(baseURL: string, authToken: string): Promise<void> {
  const client = new Anthropic({ baseURL, authToken, apiKey: null, maxRetries: 0 });
  const asked = {
    model: 'claude-opus-5-5',
    max_tokens: 1000,
    betas: ['interleaved-thinking-2025-05-14', 'context-management-2025-06-27'],
    system: [{ type: 'text' as const, text: 'You are an agent.', cache_control: { type: 'ephemeral' as const } }],
    metadata: { user_id: 'somebody' },
    tools: [
      { name: 'Look', description: 'Looks', input_schema: { type: 'object' as const } },
      { name: 'Bash', description: 'Runs', input_schema: { type: 'object' as const } },
    ],
    messages: [{ role: 'user' as const, content: prompt }],
  };
  const { content } = await client.beta.messages.stream(asked).finalMessage();
  const call = content.find((block) => block.type === 'tool_use');
  const result = { type: 'tool_result' as const, tool_use_id: call!.id, content: 'deploy one – fertig' };
  const answered = [
    { role: 'assistant' as const, content },
    { role: 'user' as const, content: [result] },
  ];
  await client.beta.messages.stream({ ...asked, messages: [...asked.messages, ...answered] }).finalMessage();
}

/** The Messages requests that `use` sent. */
async function tapped(stack: Stack, use: (baseUrl: string) => Promise<void>): Promise<Conversation> {
  const tap = await startTap(stack.url);
  try {
    await use(tap.url);
    const sent = tap.requests().filter(({ startLine }) => /^POST \/v1\/messages[? ]/.test(startLine));
    return { first: capturedOf(sent[0]!), last: capturedOf(sent.at(-1)!) };
  } finally {
    await tap.close();
  }
}

const ofConnections: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'accept-encoding']);

function capturedOf({ startLine, headers, body }: HttpMessage): Captured {
  return {
    target: startLine.split(' ')[1]!,
    headers: new Map(headers.filter(([name]) => !ofConnections.has(name))),
    body: JSON.parse(body.toString()) as Body,
  };
}
