import { expect, it } from 'vitest';
import { watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { holdDesk } from './hold_desk.ts';
import { holding } from './policies.ts';
import { startStack } from './stack.ts';

withProgram('opa', 'holds that show themselves', () => {
  it('tell the user what waits while it waits, and Claude never hears of it', async () => {
    const bundle = await watchedBundle(holding);
    const stack = await startStack({ config: { policy: bundle.policy, approvals: { visible_hold: true } } });
    try {
      const desk = holdDesk(stack);
      const running = runAgent({
        baseUrl: stack.url,
        token: await stack.token(),
        prompt: 'sandbox:bash echo deploy in sight\nGo.',
      });
      const [approval] = await desk.waiting();
      await desk.decide(approval, 'approve');
      const outcome = await running;
      expect(outcome.error).toBeNull();
      expect(outcome.results).toEqual([expect.objectContaining({ text: 'deploy in sight', failed: false })]);
      const notices = outcome.texts.filter((said) => said.includes('waits for an approval by approvers'));
      expect(notices).toEqual([expect.stringContaining(approval!.id)]);
      const bodies = stack.sandbox.requests.map(({ bodyBytes }) => Buffer.from(bodyBytes).toString());
      expect(bodies.some((body) => body.includes('tool_result') && body.includes('Running it.'))).toBe(true);
      expect(bodies.some((body) => body.includes('waits for an approval'))).toBe(false);
    } finally {
      await stack.close();
      bundle.remove();
    }
  }, 90_000);
});
