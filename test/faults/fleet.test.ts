import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { until } from '../e2e/hold_desk.ts';
import { holding } from '../e2e/policies.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { type PostgresServer, postgresOrSkip, startPostgres } from '../servers/postgres.ts';
import { type FaultNode, startNode } from './node.ts';

/* Two gateways of one fleet, and the database between them that comes and goes. */

const { folder, reason } = postgresOrSkip();
const key = 'sk-ant-api03-fleet-of-two-gateways';
const held = { model: 'claude-haiku-5-5' };

describe.skipIf(folder === null)(`a fleet of two gateways${folder === null ? `: ${reason}` : ''}`, () => {
  withProgram('opa', 'a fleet of two gateways', () => {
    let postgres: PostgresServer;
    let bundle: WatchedBundle;
    let sandbox: Sandbox;
    let scratch: string;
    let a: FaultNode;
    let b: FaultNode;

    beforeAll(async () => {
      scratch = mkdtempSync(join(tmpdir(), 'fleet-'));
      postgres = await startPostgres(folder!);
      const url = join(scratch, 'url');
      writeFileSync(url, await postgres.database(), { mode: 0o600 });
      bundle = await watchedBundle(holding);
      sandbox = await startSandbox({ seed: 1, apiKeys: [key] });
      const config = {
        upstream: { url: sandbox.url },
        policy: bundle.policy,
        store: { url: { file: url } },
      };
      a = await startNode({ config, env: { CLAUDE_KEY: key } });
      b = await startNode({ config, env: { CLAUDE_KEY: key }, fleetOf: a });
    }, 120_000);
    afterAll(async () => {
      await b?.close();
      await a?.close();
      await sandbox?.close();
      bundle?.remove();
      await postgres?.close();
      rmSync(scratch, { recursive: true, force: true });
    });

    const heldNow = async () => {
      const metrics = await Promise.all(
        [a, b].map(({ adminUrl }) => fetch(`${adminUrl}/metrics`).then((got) => got.text())),
      );
      return metrics.reduce((sum, text) => sum + Number(/^sallyport_requests_held (\d+)$/m.exec(text)?.[1] ?? 0), 0);
    };
    /** Requests of the sandbox whose prompt says so. */
    const sent = (what: string) =>
      sandbox.requests.filter(({ bodyBytes }) => Buffer.from(bodyBytes).includes(what)).length;

    it('lets one of them decide what is held at the other', async () => {
      const running = b.ask('held at b', held);
      const [approval] = await a.desk.waiting();
      await a.desk.decide(approval, 'approve');
      expect((await running).said).toContain('held at b');
      expect(sent('held at b')).toBe(1);
    }, 60_000);

    it('goes on without the database with what is plainly allowed, refuses what needs it, and completes what was held', async () => {
      const history = [
        { role: 'user', content: 'first line\nsecond line' },
        { role: 'assistant', content: 'seen' },
        { role: 'user', content: 'and now\nthis' },
      ];
      const goOn = () => b.ask('', { messages: history });
      expect((await goOn()).status).toBe(200);
      const running = b.ask('held over it', held);
      const [approval] = await a.desk.waiting();
      await postgres.stop();
      // What was read a moment ago is old by then, and every look at the database has failed.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
      expect(await goOn()).toMatchObject({ status: 200, text: expect.stringContaining('message_stop') });
      expect(await b.ask('a new conversation\nof two lines')).toMatchObject({ status: 200 });
      const refused = { status: 503, text: expect.stringContaining('STATE_UNAVAILABLE') };
      expect(await b.ask('needs an approval', held)).toMatchObject(refused);
      // Nobody knows here what was withheld from this one.
      expect(await a.ask('a new conversation\nof two lines')).toMatchObject(refused);
      expect(await a.ready()).toMatchObject({ status: 503, text: expect.stringContaining('revocation list') });
      await postgres.start();
      await until(async () => (await a.ready()).status === 200, 'the database is found again');
      await a.desk.decide(approval, 'approve');
      expect((await running).said).toContain('held over it');
      expect(sent('held over it')).toBe(1);
    }, 90_000);

    it('spends a grant once, however many equal requests wait for it at both', async () => {
      const all = Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? a : b).ask('fifty times', held));
      const [approval] = await a.desk.waiting();
      await until(async () => (await heldNow()) === 50, 'all are held');
      await a.desk.decide(approval, 'approve');
      const answers = await Promise.all(all);
      // Those at the node that was slower are told to ask again: one approval is for one answer.
      expect(answers.filter(({ said }) => said.includes('fifty times'))).toHaveLength(25);
      expect(answers.filter(({ text }) => text.includes('APPROVAL_PENDING'))).toHaveLength(25);
      expect(sent('fifty times')).toBe(1);
    }, 90_000);

    it('takes a grant for used up where its node was killed while Claude answered', async () => {
      const prompt = 'sandbox:slow 200\nin flight at b';
      const running = b.ask(prompt, held).catch((fault: Error) => fault);
      const [approval] = await a.desk.waiting();
      await a.desk.decide(approval, 'approve');
      await until(() => sent('in flight at b') === 1, 'it is on its way');
      await b.end('SIGKILL');
      expect(await running).toBeInstanceOf(Error);
      // Whether it was delivered only b may know.
      expect((await a.ask(prompt, { ...held, stream: false })).status).toBe(409);
      await b.start();
      const again = a.ask(prompt, held);
      const [next] = await a.desk.waiting();
      expect(next!.id).not.toBe(approval!.id);
      await a.desk.decide(next, 'deny');
      await again;
      expect(sent('in flight at b')).toBe(1);
    }, 90_000);
  });
});
