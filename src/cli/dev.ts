import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ConfigInput, developmentConfig } from '../config/index.ts';
import { StartError } from '../errors.ts';
import { createGateway } from '../gateway.ts';
import { createDevelopmentIssuer, developmentReviewer } from '../identify/index.ts';
import { describeScripts, type Sandbox, startSandbox } from '../sandbox/index.ts';
import { ownDirectory } from '../store/index.ts';
import { panel } from './panel.ts';
import { endOnUncaught, runUntilSignal } from './run_gateway.ts';

/** Checked with the configuration. */
type LogLevel = NonNullable<NonNullable<ConfigInput['log']>['level']>;

/** What `dev` takes from the command line. */
export interface DevOptions {
  readonly dataDir: string;
  readonly listen: string;
  readonly admin: string;
  readonly script: string;
  readonly seed?: number;
}

/**
 * `sallyport dev`: a gateway on loopback in front of the sandbox, with the development issuer and the built-in bundle.
 * It keeps its keys and records in the data directory, ends with the panel, and runs until a signal.
 */
export async function dev(options: DevOptions): Promise<number> {
  const scripts = describeScripts().map(({ name }) => name);
  if (!scripts.includes(options.script)) {
    throw new StartError(`--script: there is no "${options.script}". There are ${scripts.join(', ')}.`);
  }
  const dataDir = resolve(options.dataDir);
  const keys = ownDirectory(join(ownDirectory(dataDir), 'keys'));
  const apiKey = ownSecret(
    join(keys, 'sandbox_api_key'),
    () => `sk-ant-api03-${randomBytes(40).toString('base64url')}`,
  );
  const planted = ownSecret(join(keys, 'planted_secret'), () => `planted-${randomBytes(12).toString('hex')}`);
  // The seed keys the thinking signatures: a conversation goes on after a restart.
  const seed = ownSecret(join(keys, 'sandbox_seed'), () => String(randomInt(2 ** 32)));
  const sandbox = await startSandbox({
    script: options.script,
    apiKeys: [apiKey.value],
    secret: planted.value,
    keep: 0,
    seed: options.seed ?? Number(seed.value),
  });
  try {
    return await runGateway(options, dataDir, sandbox, apiKey.file, planted.file);
  } finally {
    await sandbox.close();
  }
}

async function runGateway(
  options: DevOptions,
  dataDir: string,
  sandbox: Sandbox,
  apiKeyFile: string,
  plantedFile: string,
): Promise<number> {
  const config = developmentConfig(
    dataDir,
    {
      listen: { data: options.listen, admin: options.admin },
      upstream: { url: sandbox.url },
      credential: { roles: { default: { source: 'static', secret: { file: apiKeyFile }, scheme: 'x-api-key' } } },
      mask: { values: [{ name: 'planted', secret: { file: plantedFile } }] },
      log: { level: (process.env.SALLYPORT_LOG__LEVEL ?? 'warn') as LogLevel },
    },
    process.env,
  );
  const gateway = await createGateway(config);
  endOnUncaught(gateway);
  const urls = await gateway.listen();
  const issuer = await createDevelopmentIssuer({ dataDir });
  const token = await issuer.mint();
  const reviewerLink = `${urls.admin}/login/dev?code=${await issuer.link(developmentReviewer)}`;
  process.stdout.write(panel({ ...urls, dataDir: options.dataDir, token, reviewerLink }));
  const code = await runUntilSignal(gateway);
  process.stdout.write(`\nstopped; the state is kept in ${options.dataDir}\n`);
  return code;
}

/** A secret of the data directory, made on the first run. */
function ownSecret(path: string, make: () => string): { readonly file: string; readonly value: string } {
  if (!existsSync(path)) writeFileSync(path, make(), { mode: 0o600, flag: 'wx' });
  return { file: path, value: readFileSync(path, 'utf8').trim() };
}
