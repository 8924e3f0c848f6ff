import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import type { ConfigInput } from '../../src/config/index.ts';
import { createDevelopmentIssuer, type DevelopmentIssuer } from '../../src/identify/index.ts';
import { type HoldDesk, holdDesk } from '../e2e/hold_desk.ts';

export interface NodeOptions {
  /** Written as in a configuration file, over the defaults of a test. */
  readonly config: Partial<ConfigInput>;
  readonly env?: Readonly<Record<string, string>>;
  /** Default a folder of its own. */
  readonly dataDir?: string;
  /** The node whose development issuer and shared keys this one has too. */
  readonly fleetOf?: FaultNode;
  /** Limits of the process, such as `-n 64`, as `ulimit` takes them. */
  readonly ulimit?: string;
}

/** A gateway in a process of its own, to be starved, stopped and killed. */
export interface FaultNode {
  readonly dataDir: string;
  readonly keysDir: string;
  readonly issuer: DevelopmentIssuer;
  /** Of the process that runs now. */
  readonly url: string;
  readonly adminUrl: string;
  readonly desk: HoldDesk;
  /** What it has written to its outputs so far, over all its lives. */
  readonly output: string;
  readonly exitCode: number | null;
  readonly pid: number;
  start(): Promise<void>;
  /** Ends it with a signal; resolves to its exit code once it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
  /** Streamed unless `more` says otherwise; `token` is a fresh one of the developer. */
  ask(prompt: string, more?: object, token?: string): Promise<Asked>;
  ready(): Promise<{ readonly status: number; readonly text: string }>;
  /** Kills it where it runs, and removes its folder. */
  close(): Promise<void>;
}

export interface Asked {
  readonly status: number;
  readonly text: string;
  /** What an answer says, in one piece. */
  readonly said: string;
}

const child = join(import.meta.dirname, '../e2e/hold_child.ts');

/** Makes a node and starts it. */
export async function startNode(options: NodeOptions): Promise<FaultNode> {
  const own = mkdtempSync(join(tmpdir(), 'sallyport-fault-'));
  const dataDir = options.dataDir ?? join(own, 'data');
  const keysDir = options.fleetOf?.keysDir ?? join(own, 'fleet-keys');
  const key = (directory: string) => join(directory, 'keys', 'development_issuer.json');
  if (options.fleetOf) {
    mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
    copyFileSync(key(options.fleetOf.dataDir), key(dataDir));
  }
  if (options.config.store && !options.fleetOf) makeKeys(keysDir);
  const issuer = await createDevelopmentIssuer({ dataDir });
  const file = join(own, 'gateway.json');
  const config = {
    listen: { data: '127.0.0.1:0', admin: '127.0.0.1:0' },
    credential: { roles: { default: { source: 'static', secret: { env: 'CLAUDE_KEY' }, scheme: 'x-api-key' } } },
    log: { level: 'info' },
    ...options.config,
    ...(options.config.store ? { store: { ...options.config.store, keys_dir: keysDir } } : {}),
  };
  writeFileSync(file, JSON.stringify({ dataDir, config, env: options.env ?? {} }), { mode: 0o600 });
  let process_: ChildProcess | null = null;
  let urls = { data: '', admin: '' };
  let output = '';
  const node: FaultNode = {
    dataDir,
    keysDir,
    issuer,
    get url() {
      return urls.data;
    },
    get adminUrl() {
      return urls.admin;
    },
    get desk() {
      const audience = issuer.entry.admin_audience as string;
      const reviewer = (subject: string) => issuer.mint({ subject, groups: ['approvers'], audience });
      return holdDesk({ adminUrl: urls.admin, reviewer });
    },
    get output() {
      return output;
    },
    get pid() {
      return process_!.pid!;
    },
    get exitCode() {
      return process_?.exitCode ?? null;
    },
    async start() {
      // A file over its limit fails to be written then, as on a full disk, and kills nobody.
      const script = `trap '' XFSZ; ${options.ulimit ? `ulimit ${options.ulimit}; ` : ''}exec "$0" "$1" "$2"`;
      const started = spawn('sh', ['-c', script, process.execPath, child, file], { stdio: ['ignore', 'pipe', 'pipe'] });
      process_ = started;
      started.stderr.on('data', (bytes) => (output += bytes));
      const line = await new Promise<string>((resolve, reject) => {
        createInterface({ input: started.stdout }).once('line', resolve);
        started.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${output}`)));
      });
      urls = JSON.parse(line);
    },
    async end(signal) {
      const ending = process_!;
      if (ending.exitCode !== null || ending.signalCode !== null) return ending.exitCode;
      const ended = new Promise<number | null>((resolve) => ending.once('exit', resolve));
      ending.kill(signal);
      return ended;
    },
    async ask(prompt, more = {}, token = '') {
      const response = await fetch(`${urls.data}/v1/messages`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token || (await issuer.mint())}`,
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
        },
        body: JSON.stringify({
          model: 'claude-opus-5-5',
          max_tokens: 500,
          stream: true,
          messages: [{ role: 'user', content: prompt }],
          ...more,
        }),
      });
      const text = await response.text();
      const deltas = [...text.matchAll(/"text_delta","text":("(?:[^"\\]|\\.)*")/g)];
      return { status: response.status, text, said: deltas.map(([, json]) => JSON.parse(json!)).join('') };
    },
    async ready() {
      const response = await fetch(`${urls.admin}/readyz`);
      return { status: response.status, text: await response.text() };
    },
    async close() {
      if (process_) await node.end('SIGKILL');
      rmSync(own, { recursive: true, force: true });
    },
  };
  await node.start();
  return node;
}

/** The keys that an operator makes once for all nodes. */
function makeKeys(directory: string): void {
  mkdirSync(directory, { mode: 0o700 });
  for (const name of ['sealing', 'keyed_hash', 'verdicts']) {
    writeFileSync(join(directory, `${name}.key`), randomBytes(32), { mode: 0o600 });
  }
}

/** The journal's file is whole, and every intent in it has one outcome. */
export function checkJournal({ dataDir }: FaultNode): void {
  const db = new DatabaseSync(join(dataDir, 'journal.db'));
  try {
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const of = (kind: string) =>
      db
        .prepare('SELECT exchange FROM event WHERE kind = ? ORDER BY exchange')
        .all(kind)
        .map((row) => row.exchange);
    expect(of('exchange.outcome').length).toBeGreaterThan(0);
    expect(of('exchange.outcome')).toEqual(of('exchange.intent'));
  } finally {
    db.close();
  }
}
