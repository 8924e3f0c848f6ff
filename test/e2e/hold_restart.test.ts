import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDevelopmentIssuer, type DevelopmentIssuer } from '../../src/identify/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type WatchedBundle, watchedBundle } from '../servers/bundle.ts';
import { withProgram } from '../servers/gate.ts';
import { runAgent } from './agent.ts';
import { type Cutter, startCutter } from './cutter.ts';
import { type HoldDesk, holdDesk } from './hold_desk.ts';
import { holding } from './policies.ts';

/* The gateway is killed while a human thinks, and started again on the same data. */

withProgram('opa', 'gateways killed in a hold', () => {
  let bundle: WatchedBundle;
  let sandbox: Sandbox;
  let cutter: Cutter;
  let directory: string;
  let issuer: DevelopmentIssuer;
  let child: ChildProcess | null = null;
  let desk: HoldDesk;

  const start = async () => {
    child = spawn(process.execPath, [join(import.meta.dirname, 'hold_child.ts'), join(directory, 'gateway.json')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await new Promise((resolve, reject) => {
      createInterface({ input: child!.stdout! }).once('line', (first) => resolve([first]));
      child!.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
    })) as [string];
    const urls = JSON.parse(line) as { data: string; admin: string };
    cutter.retarget(urls.data);
    const reviewer = (subject: string) =>
      issuer.mint({ subject, groups: ['approvers'], audience: issuer.entry.admin_audience as string });
    desk = holdDesk({ adminUrl: urls.admin, reviewer });
  };
  const kill = async () => {
    const dead = new Promise((resolve) => child!.once('exit', resolve));
    child!.kill('SIGKILL');
    await dead;
    child = null;
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'sallyport-killed-'));
    const dataDir = join(directory, 'data');
    bundle = await watchedBundle(holding);
    sandbox = await startSandbox({ seed: 1, apiKeys: ['sk-ant-api03-killed'] });
    cutter = await startCutter('http://127.0.0.1:9');
    const config = {
      listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
      upstream: { url: sandbox.url },
      credential: { roles: { default: { source: 'static', secret: { env: 'CLAUDE_KEY' }, scheme: 'x-api-key' } } },
      log: { level: 'silent' },
      policy: bundle.policy,
    };
    const env = { CLAUDE_KEY: 'sk-ant-api03-killed' };
    writeFileSync(join(directory, 'gateway.json'), JSON.stringify({ dataDir, config, env }));
    await start();
    issuer = await createDevelopmentIssuer({ dataDir });
  }, 60_000);
  afterAll(async () => {
    if (child) await kill();
    await cutter.close();
    await sandbox.close();
    bundle.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  it('keeps the approval of a tool call, and the agent that comes again joins it', async () => {
    const running = runAgent({
      baseUrl: cutter.url,
      token: await issuer.mint(),
      prompt: 'sandbox:bash echo deploy across a crash\nGo.',
    });
    const [approval] = await desk.waiting();
    await kill();
    await start();
    expect((await desk.list('pending')).map(({ id }) => id)).toEqual([approval!.id]);
    await desk.decide(approval, 'approve');
    const outcome = await running;
    expect(outcome.error).toBeNull();
    expect(outcome.results.map(({ text }) => text)).toEqual(['deploy across a crash']);
    expect(await desk.list('pending')).toEqual([]);
  }, 90_000);

  it('keeps the approval of a request, and the same request sent again uses it', async () => {
    const client = new Anthropic({
      baseURL: cutter.url,
      authToken: await issuer.mint(),
      apiKey: null,
      maxRetries: 0,
    });
    const request = {
      model: 'claude-haiku-5-5',
      max_tokens: 100,
      messages: [{ role: 'user' as const, content: 'sandbox:echo\nstill there' }],
    };
    const broken = client.messages
      .stream(request)
      .finalMessage()
      .catch((error: Error) => error);
    const [approval] = await desk.waiting();
    await kill();
    expect(await broken).toBeInstanceOf(Error);
    await start();
    await desk.decide((await desk.list('pending'))[0], 'approve');
    const message = await client.messages.create(request);
    expect(message.content).toMatchObject([{ type: 'text', text: 'still there' }]);
    expect((await desk.list()).filter(({ fingerprint }) => fingerprint === approval!.fingerprint)).toHaveLength(1);
  }, 60_000);
});
