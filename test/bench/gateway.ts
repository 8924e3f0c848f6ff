/** The gateway under test, a process of its own: identity, policy, durable intent and recording on, as in production. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { developmentConfig } from '../../src/config/index.ts';
import { createGateway } from '../../src/gateway.ts';
import { createDevelopmentIssuer } from '../../src/identify/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
const dataDir = join(folder, 'data');
const gateway = await createGateway(
  developmentConfig(
    dataDir,
    {
      listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
      upstream: { url: process.argv[2] ?? '' },
      credential: { roles: { default: { source: 'static', secret: { env: 'CLAUDE_KEY' }, scheme: 'x-api-key' } } },
      mask: { values: [{ name: 'pin', secret: { env: 'PLANTED' } }] },
      log: { level: 'warn' },
    },
    { CLAUDE_KEY: 'sk-ant-api03-bench-Zm9vYmFyYmF6', PLANTED: 'planted-0123456789abcdef' },
  ),
);
const { data } = await gateway.listen();
const token = await (await createDevelopmentIssuer({ dataDir })).mint();
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
process.send?.({ url: data, token });
