import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, chownSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { freePort } from './free_port.ts';

/** A real PostgreSQL on a private loopback port, whose data outlives its processes but not the machine. */
export interface PostgresServer {
  /** Makes an empty database and gives its URL. */
  database(): Promise<string>;
  /** Ends every connection at once, as a restart would, and goes on serving. */
  breakConnections(): Promise<void>;
  /** Ends the server; `start` brings it back on the same port with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const missing =
  'PostgreSQL is missing: install the postgresql package of the system, or put initdb and postgres on PATH';

/** The folder of `initdb` and `postgres`: on PATH, else the newest of Debian's versions, else null. */
export function findPostgres(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = listing(debian).sort((a, b) => Number(b) - Number(a));
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...versions.map((name) => join(debian, name, 'bin'))];
  return (
    folders.find(
      (folder) => folder !== '' && isProgram(join(folder, 'initdb')) && isProgram(join(folder, 'postgres')),
    ) ?? null
  );
}

/**
 * Whether tests with PostgreSQL run. Where it is missing they are skipped with the reason; where CI is set that fails.
 */
export function postgresOrSkip(): { readonly folder: string | null; readonly reason: string } {
  const folder = findPostgres();
  if (folder === null && process.env.CI) throw new Error(missing);
  return { folder, reason: missing };
}

/** Starts a server with an empty cluster. `folder` holds its programs. */
export async function startPostgres(folder: string): Promise<PostgresServer> {
  const home = mkdtempSync(join(tmpdir(), 'postgres-'));
  // The server refuses to run as root.
  const user = process.getuid?.() === 0 ? unprivileged() : null;
  if (user !== null) chownSync(home, user.uid, user.gid);
  const as = { cwd: home, env: { PATH: process.env.PATH, LC_ALL: 'C' }, ...(user ?? {}) };
  const data = join(home, 'data');
  const password = randomBytes(12).toString('hex');
  const args = ['-D', data, '-U', 'sallyport', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
  const made = spawnSync(join(folder, 'initdb'), args, { ...as, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error}`);
  const port = await freePort();
  const url = (database: string) => `postgres://sallyport:${password}@127.0.0.1:${port}/${database}`;
  let child: ChildProcess | null = null;
  let databases = 0;

  const admin = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url('postgres'), connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  const start = async () => {
    const options = ['fsync=off', 'max_connections=60', `unix_socket_directories=${home}`];
    child = spawn(
      join(folder, 'postgres'),
      ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...options.flatMap((option) => ['-c', option])],
      { ...as, stdio: 'ignore' },
    );
    const until = Date.now() + 20_000;
    for (;;) {
      try {
        await admin('select 1');
        return;
      } catch (fault) {
        if (Date.now() > until) throw fault;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  const stop = async () => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    // Immediate shutdown: the children of the server end with it, which SIGKILL would leave behind.
    running.kill('SIGQUIT');
    await ended;
  };

  await start();
  return {
    async database() {
      const name = `test_${++databases}`;
      await admin(`create database ${name}`);
      return url(name);
    },
    breakConnections: () =>
      admin(
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null',
      ),
    stop,
    start,
    async close() {
      await stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The user `postgres`, else `nobody`. */
function unprivileged(): { readonly uid: number; readonly gid: number } {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(found?.[2] ?? 65_534), gid: Number(found?.[3] ?? 65_534) };
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
