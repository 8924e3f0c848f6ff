/**
 * `make soak`: the real Agent SDK asks for what needs an approval, and nobody comes for longer than the client has
 * patience. Its stream may be held for 15 minutes; after 10 to 13 the client gives up by itself, sends the request again
 * and joins the approval, which is given in the twelfth minute or soon after the client is back. There must be one
 * approval and one call to Claude. Takes 12 to 15 minutes, or with `ARGS=--short` half a minute with an impatient client;
 * ends by itself.
 */
import { findTool, howToGet } from '../../tools/find.ts';
import { runAgent } from '../e2e/agent.ts';
import { holding } from '../e2e/policies.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { parseMessages, startTap, type Tap } from '../e2e/tap.ts';
import { watchedBundle } from '../servers/bundle.ts';

interface Times {
  /** Seconds for which the gateway holds a stream. */
  readonly hold: number;
  /** Seconds before which the approver does not come. */
  readonly approve: number;
  /** Seconds that the client has been back by then. */
  readonly back: number;
  readonly env: Readonly<Record<string, string>>;
}

/** Claude Code as it comes. */
const long: Times = { hold: 900, approve: 720, back: 30, env: {} };
/** Ten seconds without bytes is the least that Claude Code can be told, and less than passes between two pings. */
const short: Times = { hold: 900, approve: 15, back: 3, env: { CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS: '10000' } };
const prompt = 'sandbox:echo\nstill waiting after all this time';

/** The question has to stay open for longer than the approver is away. */
const patient = Object.fromEntries(
  Object.entries(holding).map(([name, text]) => [name, text.replaceAll('"expires_s": 600', '"expires_s": 3600')]),
);

interface Listed {
  readonly id: string;
  readonly state: string;
  readonly fingerprint: string;
}

const began = performance.now();
const elapsed = () => Math.round((performance.now() - began) / 1000);
const say = (text: string) => console.log(`${String(elapsed()).padStart(4)} s  ${text}`);
let failed = false;
const check = (name: string, got: unknown, wanted: unknown, met = got === wanted) => {
  failed ||= !met;
  console.log(`soak ${name} ${String(got)} goal ${String(wanted)} ${met ? 'ok' : 'short'}`);
};

async function soak({ hold, approve, back, env }: Times): Promise<void> {
  // Whatever happens, nothing of this is left running.
  const limit = setTimeout(() => process.exit(2), (hold + 180) * 1000);
  const bundle = await watchedBundle(patient);
  const stack = await startStack({ config: { policy: bundle.policy, approvals: { hold_stream_s: hold } } });
  const tap = await startTap(stack.url);
  try {
    say(`a stream is held ${hold} s; the approver comes after ${approve} s, and not before the client asks again`);
    const running = runAgent({
      baseUrl: tap.url,
      token: await stack.token(),
      prompt,
      env,
      options: { model: 'claude-haiku-5-5' },
      timeoutMs: (hold + 120) * 1000,
    });
    const begin = elapsed();
    const askedAt: number[] = [];
    const due = () => elapsed() >= Math.max(begin + approve, (askedAt[1] ?? begin + hold) + back);
    while (!due()) {
      for (const { request } of asked(tap).slice(askedAt.length)) {
        askedAt.push(elapsed());
        say(`the client asks, ${request.body.includes('"stream":true') ? 'streamed' : 'not streamed'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    check('asked_before_the_verdict', askedAt.length, 2);
    const waited = (askedAt[1] ?? elapsed()) - askedAt[0]!;
    check('client_waited_s', waited, `under ${hold}`, waited < hold);
    const { answer } = asked(tap)[0]!;
    check('gateway_ended_the_first_stream', answer?.whole, false);
    const pings = countOf('event: ping', answer?.body.toString() ?? '');
    const least = Math.floor(waited / 15) - 1;
    check('pings_in_the_first_stream', pings, `at least ${Math.max(0, least)}`, pings >= least);
    const [approval, ...others] = await list(stack);
    check('pending_before_the_verdict', approval?.state, 'pending');
    check('other_approvals', others.length, 0);
    check('calls_before_the_verdict', upstreamCalls(stack), 0);
    say('the approver comes');
    await giveVerdict(stack, approval!);
    const outcome = await running;
    say(`the agent ends: ${outcome.error?.message ?? outcome.result}`);
    check('agent_failed', outcome.failed || outcome.error !== null, false);
    check('agent_was_answered', outcome.result === prompt.split('\n')[1], true);
    check('asked_in_all', asked(tap).length, 2);
    check('approvals', (await list(stack)).length, 1);
    check('upstream_calls', upstreamCalls(stack), 1);
  } finally {
    await tap.close();
    await stack.close();
    bundle.remove();
    clearTimeout(limit);
  }
}

/** What the client asked for the prompt, each with what came back so far. */
const asked = (tap: Tap) =>
  tap.connections
    .flatMap(({ sent, received }) => {
      const answers = parseMessages(Buffer.concat(received));
      return parseMessages(Buffer.concat(sent)).map((request, at) => ({ request, answer: answers[at] ?? null }));
    })
    .filter(
      ({ request: { startLine, body } }) => startLine.includes(' /v1/messages') && body.includes('still waiting'),
    );

const countOf = (part: string, text: string) => text.split(part).length - 1;

const upstreamCalls = ({ sandbox }: Stack) =>
  sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes('still waiting')).length;

async function list(stack: Stack): Promise<readonly Listed[]> {
  const answer = (await ask(stack, 'approvals?limit=200')) as { readonly approvals: readonly Listed[] };
  return answer.approvals;
}

async function giveVerdict(stack: Stack, { id, fingerprint }: Listed): Promise<void> {
  await ask(stack, `approvals/${id}/decisions`, { verdict: 'approve', fingerprint });
}

async function ask(stack: Stack, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${stack.adminUrl}/admin/v1/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: `Bearer ${await stack.reviewer('rita@example.test')}`,
      'content-type': 'application/json',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

if (findTool('opa') === null) {
  console.log(`skipped soak: ${howToGet('opa')}`);
  process.exitCode = process.env.CI ? 1 : 0;
} else {
  await soak(process.argv.includes('--short') ? short : long);
  if (failed) process.exitCode = 1;
}
