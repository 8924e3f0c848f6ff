import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, openAdmin } from '../../src/cli/admin_client.ts';
import { type ConfigInput, developmentConfig } from '../../src/config/index.ts';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { createDevelopmentIssuer, type DevelopmentToken } from '../../src/identify/index.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { startTap, type Tap } from './tap.ts';

export interface StackOptions {
  readonly sandbox?: SandboxOptions;
  /** Exact values to mask. */
  readonly masked?: Readonly<Record<string, string>>;
  /** Puts a tap between the gateway and the sandbox. */
  readonly tapUpstream?: boolean;
  /** Written as in a configuration file. */
  readonly config?: Partial<ConfigInput>;
}

/** A gateway in front of a sandbox, on ports of their own, with state in a folder of its own. */
export interface Stack {
  readonly sandbox: Sandbox;
  readonly gateway: Gateway;
  /** Between gateway and sandbox, where asked for. */
  readonly upstreamTap: Tap | null;
  readonly dataDir: string;
  /** The key that the gateway holds and nobody else may see. */
  readonly apiKey: string;
  readonly url: string;
  readonly adminUrl: string;
  readonly admin: AdminClient;
  token(token?: DevelopmentToken): Promise<string>;
  /** A personal token of an approver, for the admin API. */
  reviewer(subject: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts a stack; `close()` leaves nothing behind. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-stack-'));
  const dataDir = join(directory, 'data');
  const apiKey = `sk-ant-api03-${randomBytes(40).toString('base64url')}`;
  const sandbox = await startSandbox({ seed: 1, ...options.sandbox, apiKeys: [apiKey] });
  const upstreamTap = options.tapUpstream ? await startTap(sandbox.url) : null;
  const env: Record<string, string> = { CLAUDE_KEY: apiKey };
  const values = Object.entries(options.masked ?? {}).map(([name, value], index) => {
    env[`MASKED_${index}`] = value;
    return { name, secret: { env: `MASKED_${index}` } };
  });
  const credential = {
    roles: { default: { source: 'static', secret: { env: 'CLAUDE_KEY' }, scheme: 'x-api-key' } },
  } as const;
  const gateway = await createGateway(
    developmentConfig(
      dataDir,
      {
        listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
        upstream: { url: upstreamTap?.url ?? sandbox.url },
        credential,
        mask: { values },
        log: { level: 'silent' },
        ...options.config,
      },
      env,
    ),
  );
  const urls = await gateway.listen();
  const issuer = await createDevelopmentIssuer({ dataDir });
  return {
    sandbox,
    gateway,
    upstreamTap,
    dataDir,
    apiKey,
    url: urls.data,
    adminUrl: urls.admin,
    admin: openAdmin(dataDir),
    token: (token) => issuer.mint(token),
    reviewer: (subject) =>
      issuer.mint({
        subject,
        groups: ['approvers'],
        lifetimeSeconds: 600,
        audience: issuer.entry.admin_audience as string,
      }),
    close: async () => {
      await gateway.drain();
      await upstreamTap?.close();
      await sandbox.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
