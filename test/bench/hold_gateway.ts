/** A gateway whose callers choose by group what is done: chunk policy on their streams, or a wait for humans. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentConfig } from '../../src/config/index.ts';
import { createGateway } from '../../src/gateway.ts';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';
import { watchedBundle } from '../servers/bundle.ts';
import { memory } from './memory.ts';

/** Groups beside `developers`. */
export type Way = 'off' | 'on_detection' | 'every' | 'held';

const policy = {
  'benched/request/benched.rego': `package policies.benched.request

directive contains {"chunk": way} if {
	some way in ["on_detection", "every"]
	way in input.principal.groups
}

require_approval contains {"id": "held", "message": "held", "approval": {"groups": ["approvers"]}} if {
	"held" in input.principal.groups
}
`,
};

if (process.send !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const dataDir = join(folder, 'data');
  const bundle = await watchedBundle(policy);
  const credential = { source: 'static', secret: { env: 'CLAUDE_KEY' }, scheme: 'x-api-key' } as const;
  const gateway = await createGateway(
    developmentConfig(
      dataDir,
      {
        listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
        upstream: { url: process.argv[2] ?? '' },
        credential: { roles: { default: credential } },
        policy: bundle.policy,
        approvals: { held_most: 2000, held_most_per_tenant: 2000, pending_most_per_caller: 100_000 },
        limits: { concurrent_requests: 2000 },
        log: { level: 'warn' },
      },
      { CLAUDE_KEY: 'sk-ant-api03-bench-Zm9vYmFyYmF6' },
    ),
  );
  const { data } = await gateway.listen();
  const issuer = await createDevelopmentIssuer({ dataDir });
  process.on('message', async ({ ask, way }: { readonly ask: 'cpu' | 'memory' | 'token'; readonly way?: Way }) => {
    if (ask === 'cpu') process.send?.(process.cpuUsage());
    else if (ask === 'memory') process.send?.(memory());
    else process.send?.({ token: await issuer.mint({ groups: ['developers', way ?? 'off'] }) });
  });
  process.on('disconnect', () => {
    bundle.remove();
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  });
  process.send({ url: data });
}
