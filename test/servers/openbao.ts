import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOutbound, OutboundError } from '../../src/outbound/index.ts';
import { freePort } from './free_port.ts';

/** A real OpenBao (or Vault) over TLS on loopback with storage on disk, so that it survives a restart. */
export interface OpenBao {
  readonly address: string;
  /** File with the certificate authority of its certificate. */
  readonly caFile: string;
  readonly ca: string;
  /** The API as root: provisioning and inspection only. Rejects on any status above 299. */
  root(method: 'GET' | 'POST' | 'LIST' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
  /** Ends the process; `start` brings it back, sealed. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Starts `program` with an empty storage, initialised and unsealed. */
export async function startOpenBao(program: string): Promise<OpenBao> {
  const folder = await mkdtemp(join(tmpdir(), 'openbao-'));
  const port = await freePort();
  const address = `https://127.0.0.1:${port}`;
  const caFile = await makeCertificates(program, folder);
  const ca = await readFile(caFile, 'utf8');
  await writeFile(join(folder, 'config.hcl'), configuration(folder, port, address));
  const http = createOutbound({ deadlineMs: 5_000 });
  let child: ChildProcess | null = null;
  let rootToken = '';
  let unsealKey = '';

  const call = async (method: 'GET' | 'POST' | 'LIST' | 'DELETE', path: string, body?: unknown): Promise<unknown> => {
    const answer = await http.request({
      url: `${address}/v1/${path}`,
      method,
      ca,
      headers: { 'content-type': 'application/json', ...(rootToken ? { 'x-vault-token': rootToken } : {}) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = answer.body.toString('utf8');
    if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };

  const start = async () => {
    child = spawn(program, ['server', `-config=${join(folder, 'config.hcl')}`], {
      stdio: 'ignore',
      env: { HOME: folder, PATH: process.env.PATH },
    });
    await answers(() => call('GET', 'sys/seal-status'));
  };
  const unseal = async () => {
    await call('POST', 'sys/unseal', { key: unsealKey });
    await answers(() => call('GET', 'sys/health'));
  };
  const stop = async () => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };

  await start();
  const made = (await call('POST', 'sys/init', { secret_shares: 1, secret_threshold: 1 })) as {
    readonly keys: readonly [string];
    readonly root_token: string;
  };
  unsealKey = made.keys[0];
  rootToken = made.root_token;
  await unseal();
  return {
    address,
    caFile,
    ca,
    root: call,
    seal: async () => {
      await call('POST', 'sys/seal');
    },
    unseal,
    stop,
    start,
    async close() {
      await stop();
      await http.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, port: number, address: string): string {
  return `storage "file" { path = "${folder}/storage" }
listener "tcp" {
  address       = "127.0.0.1:${port}"
  tls_cert_file = "${folder}/vault-cert.pem"
  tls_key_file  = "${folder}/vault-key.pem"
}
api_addr      = "${address}"
disable_mlock = true
`;
}

/** The server's own development mode makes a certificate authority and a certificate for 127.0.0.1. */
async function makeCertificates(program: string, folder: string): Promise<string> {
  const port = await freePort();
  const args = ['server', '-dev', '-dev-tls', `-dev-tls-cert-dir=${folder}`, '-dev-no-store-token'];
  const maker = spawn(program, [...args, `-dev-listen-address=127.0.0.1:${port}`], {
    stdio: 'ignore',
    env: { HOME: folder, PATH: process.env.PATH },
  });
  const ended = new Promise((resolve) => maker.once('exit', resolve));
  const names = ['vault-ca.pem', 'vault-cert.pem', 'vault-key.pem'];
  try {
    await answers(async () => {
      for (const name of names) {
        if (!(await readFile(join(folder, name), 'utf8')).includes('-----END')) throw new Error(`${name} is not whole`);
      }
    });
  } finally {
    maker.kill('SIGKILL');
    await ended;
  }
  return join(folder, 'vault-ca.pem');
}

/** Tries until it succeeds, for 20 s at most. */
async function answers(probe: () => Promise<unknown>): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      await probe();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      if (error instanceof OutboundError && error.code === 'protocol') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
