/**
 * `make soak`: the real Agent SDK asks for what needs an approval, and nobody comes for longer than one connection
 * lasts. Its stream is held as long as the configuration allows (540 s) and ends with an error event; the client sends
 * the request again by itself, joins the approval, and is answered when that is given in the twelfth minute. There must
 * be one approval and one call to Claude. Takes 12 minutes, or with `ARGS=--short` the same in about one; ends by itself.
 */
import { findTool, howToGet } from '../../tools/find.ts';
import { runAgent } from '../e2e/agent.ts';
import { holding } from '../e2e/policies.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { startTap } from '../e2e/tap.ts';
import { watchedBundle } from '../servers/bundle.ts';

interface Times {
  /** Seconds for which the gateway holds a stream, and a call that is not streamed. */
  readonly stream: number;
  readonly call: number;
  /** Seconds after which the approver comes. */
  readonly approve: number;
}

const long: Times = { stream: 540, call: 270, approve: 720 };
const short: Times = { stream: 15, call: 10, approve: 35 };
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
const check = (name: string, got: unknown, wanted: unknown) => {
  const met = got === wanted;
  failed ||= !met;
  console.log(`soak ${name} ${String(got)} goal ${String(wanted)} ${met ? 'ok' : 'short'}`);
};

async function soak(times: Times): Promise<void> {
  // Whatever happens, nothing of this is left running.
  const limit = setTimeout(() => process.exit(2), (times.approve + 180) * 1000);
  const bundle = await watchedBundle(patient);
  const approvals = { hold_stream_s: times.stream, hold_call_s: times.call, retry_after_s: Math.min(30, times.call) };
  const stack = await startStack({ config: { policy: bundle.policy, approvals } });
  const tap = await startTap(stack.url);
  try {
    say(`a stream is held ${times.stream} s, a call ${times.call} s; the approver comes after ${times.approve} s`);
    const running = runAgent({
      baseUrl: tap.url,
      token: await stack.token(),
      prompt,
      options: { model: 'claude-haiku-5-5' },
      timeoutMs: (times.approve + 120) * 1000,
    });
    const begin = performance.now();
    const asked = () =>
      tap
        .requests()
        .filter(({ startLine, body }) => startLine.includes(' /v1/messages') && body.includes('still waiting'));
    let seen = 0;
    while (performance.now() - begin < times.approve * 1000) {
      for (const { body } of asked().slice(seen)) {
        seen += 1;
        say(`the client asks, ${body.includes('"stream":true') ? 'streamed' : 'not streamed'}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    const [approval, ...others] = await list(stack);
    check('pending_before_the_verdict', approval?.state, 'pending');
    check('other_approvals', others.length, 0);
    check('calls_before_the_verdict', upstreamCalls(stack), 0);
    say('the approver comes');
    await approve(stack, approval!);
    const outcome = await running;
    say(`the agent ends: ${outcome.error?.message ?? outcome.result}`);
    check('agent_failed', outcome.failed || outcome.error !== null, false);
    check('agent_was_answered', outcome.result === prompt.split('\n')[1], true);
    check('asked_again', asked().length > 1, true);
    check('approvals', (await list(stack)).length, 1);
    check('upstream_calls', upstreamCalls(stack), 1);
  } finally {
    await tap.close();
    await stack.close();
    bundle.remove();
    clearTimeout(limit);
  }
}

const upstreamCalls = ({ sandbox }: Stack) =>
  sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes('still waiting')).length;

async function list(stack: Stack): Promise<readonly Listed[]> {
  const answer = (await ask(stack, 'approvals?limit=200')) as { readonly approvals: readonly Listed[] };
  return answer.approvals;
}

async function approve(stack: Stack, { id, fingerprint }: Listed): Promise<void> {
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
