import { GatewayError } from '../../src/errors.ts';
import type { Approval } from '../../src/model/approval.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { MaskMark } from '../../src/model/scan.ts';
import { complete, event, exchangeOf, textAnswer, toolCall, type Wanted } from '../record/support.ts';
import { people } from './people.ts';
import type { AskedFor } from './questions.ts';
import type { Stand } from './stand.ts';

export const recursiveRemoval = 'rm -rf build dist && npm run clean';

/** Fills the journal of a stand with exchanges as a day brings them. */
export async function seed(stand: Stand): Promise<void> {
  const { recorder } = stand.node;
  const run = async (
    wanted: Wanted,
    parts: Parameters<ReturnType<typeof recorder.step>>[0][],
    masks: MaskMark[] = [],
  ) => {
    const recorded = await recorder.intent({ ...exchangeOf(wanted), masks });
    const step = recorder.step(recorded);
    for (const part of parts) await step(part, () => undefined);
    await recorded.recording.end(complete);
  };
  const masked = (detector: string, name: string, count: number): MaskMark => ({
    detector,
    class: name,
    mode: 'redact',
    count,
  });
  await run(
    { id: 'req_019ac0a1', function: 'weekly-digest', subject: 'digest@ci.example.test', session: 'c2' },
    textAnswer('Twelve changes were merged this week. The longest took nine days of review.'),
  );
  await run(
    { id: 'req_019ac0a2', function: 'support-bot', subject: 'helpdesk@ci.example.test', session: 'c3' },
    textAnswer('Your order 4711 left the warehouse. I have written to [masked:email] about it.'),
    [masked('email-address', 'email', 2)],
  );
  await recorder.refused(
    exchangeOf({ id: 'req_019ac0a3', function: 'weekly-digest', subject: 'digest@ci.example.test', effect: 'deny' }),
    new GatewayError('POLICY_DENIED', 'model claude-opus-5-5 is not allowed for you', { rules: ['model-not-allowed'] }),
  );
  const [start, ...rest] = textAnswer('I will clean up. The deploy key was [masked:credential], please rotate it.');
  const last = rest.splice(-2);
  await run(
    { id: 'req_019ac0a4', function: 'nightly-cleanup', subject: 'nightly-cleanup@ci.example.test', session: 'c1' },
    [
      start!,
      ...rest,
      toolCall(1, 'deny', { command: recursiveRemoval, description: 'Remove the build folder' }),
      toolCall(2, 'allow', { command: 'ls -la build', description: 'See what is there' }),
      ...last,
    ],
    [masked('anthropic', 'credential', 1)],
  );
  await run({ id: 'req_019ac0a5', function: 'code-review', subject: 'ada@example.test', session: 'c4' }, [
    event({
      type: 'message_start',
      message: { model: 'claude-opus-5-5', usage: { input_tokens: 18234, output_tokens: 1 } },
    }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }),
    event({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'thinking_delta', thinking: 'The lock is taken twice.' },
    }),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } }),
    event({
      type: 'content_block_delta',
      index: 1,
      delta: {
        type: 'text_delta',
        text: 'Two findings:\n\n1. `withLock` is entered twice on the retry path.\n2. The deadline is never cleared.',
      },
    }),
    event({ type: 'content_block_stop', index: 1 }),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 912 } }),
    event({ type: 'message_stop' }),
  ]);
  // The end of an exchange is written with what comes next, or a little later.
  for (;;) {
    const { exchanges } = await stand.node.get('/admin/v1/exchanges');
    if ((exchanges as readonly JsonObject[]).every(({ end }) => end !== null)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Asks as agents do at night: for a removal, after one that was approved in another form; and for a request that two
 * people have to look at. Resolves to the ids of both.
 */
export async function seedApprovals(stand: Stand): Promise<{ readonly removal: string; readonly request: string }> {
  const removal = (command: string, commands: readonly (readonly string[])[], paths: readonly string[]): AskedFor => ({
    input: { command, description: 'Remove what the build left' },
    facts: {
      input: {
        commands,
        opaque: false,
        paths: paths.map((path) => ({ path, write: true, absolute: false, traversal: false })),
        hosts: [],
      },
      detections: {},
    },
    message: `rm -rf ${paths.join(' ')} removes files for good; a person has to look at it first`,
    exchange: 'req_019ac0a4',
  });
  const earlier = await stand.ask(removal('rm -rf build', [['rm', '-rf', 'build']], ['build']), 300_000);
  await decideAs(stand, 'alan', earlier, 'approve', 'agreed with Ada');
  const commands = [
    ['rm', '-rf', 'build', 'dist'],
    ['npm', 'run', 'clean'],
  ];
  const later = await stand.ask(removal(recursiveRemoval, commands, ['build', 'dist']), 95_000);
  const request = await stand.ask(
    {
      body: {
        messages: [
          { content: 'Summarise the incident of last night for the status page. Do not name customers.', role: 'user' },
        ],
        model: 'claude-opus-5-5',
      },
      rule: 'outside-working-hours',
      message: 'requests of this group outside of working hours need two people',
      quorum: 2,
      facts: { detections: { new: {}, all: { email: 2 } } },
    },
    20_000,
  );
  return { removal: later.id, request: request.id };
}

/** A verdict by the admin API, as a person. */
export async function decideAs(
  stand: Stand,
  name: string,
  { id, fingerprint }: Approval,
  verdict: 'approve' | 'deny',
  comment = '',
): Promise<void> {
  const route = stand.approvals.routes.find(({ path }) => path.endsWith('/decisions'))!;
  const actor = { principal: people[name]!, authenticatedAt: Date.now(), via: 'session' } as const;
  await route.handler({ query: {}, params: { id }, body: { verdict, comment, fingerprint, scope: 'once' }, actor });
}
