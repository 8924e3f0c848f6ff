import { writeSync } from 'node:fs';
import { complete, event, exchangeOf, openNode } from './support.ts';

/**
 * Child process of `kill.test.ts`: runs exchanges until it is killed, and says on standard output what was
 * acknowledged: `I id` an intent, `T id` a tool call's decision, `O id` an outcome.
 */
const node = await openNode({ dataDir: process.argv[2]! });
const round = process.argv[3]!;
const say = (what: string, id: string) => writeSync(1, `${what} ${id}\n`);
say('R', String(node.recorder.cutOff));

async function exchange(id: string): Promise<void> {
  const recorded = await node.recorder.intent(exchangeOf({ id }));
  say('I', id);
  const step = node.recorder.step(recorded);
  for (let n = 0; n < 20; n++) {
    const text = `${n} `.repeat(200);
    await step(event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }), () => undefined);
    if (n === 10) await recorded.recording.flush();
  }
  await node.recorder.append({ kind: 'tool_use.decided', exchange: id, body: { v: 1 } });
  say('T', id);
  await recorded.recording.end(complete);
  say('O', id);
}

async function stream(lane: number): Promise<never> {
  for (let n = 0; ; n++) await exchange(`req_${round}_${lane}_${n}`);
}

await Promise.all(Array.from({ length: 8 }, (_, lane) => stream(lane)));
