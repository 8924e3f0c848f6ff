/**
 * `make fresh`: proves what the README promises to a newcomer. Clones the last commit into a temporary folder, and with
 * a PATH of node, npm, git, make and coreutils only (an empty home and tool cache; npm's own cache is used) runs
 * `make run` to its panel, makes one call with the Claude SDK, presses Ctrl-C, runs it again, then runs `make test`.
 * With `--go`, Go is on PATH too and `make tools` comes before the tests.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import Anthropic from '@anthropic-ai/sdk';

const root = join(import.meta.dirname, '..');

const coreutils =
  'arch base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors dirname du echo env expand expr factor false fmt fold groups head id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc od paste pathchk pr printenv printf pwd readlink realpath rm rmdir seq sha1sum sha256sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink users wc who whoami yes'.split(
    ' ',
  );
const needed = ['node', 'npm', 'git', 'make', 'sh'];

/** The first program of that name on this process's PATH, the project's own packages left out. */
function onPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder.includes('node_modules')) continue;
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** A folder with links to a few programs and nothing else. */
function leanPath(folder: string, withGo: boolean): string {
  mkdirSync(folder);
  for (const name of [...needed, ...(withGo ? ['go'] : []), ...coreutils]) {
    const program = onPath(name);
    if (program !== null) symlinkSync(program, join(folder, name));
    else if (!coreutils.includes(name)) throw new Error(`${name} is not on PATH`);
  }
  return folder;
}

interface Panel {
  readonly url: string;
  readonly token: string;
  readonly seconds: number;
}

/** Waits until `make run` has printed its panel; rejects when it ends before. */
function panelOf(child: ChildProcess): Promise<Panel> {
  const start = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<Panel>();
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    text += stripVTControlCharacters(String(chunk));
    const url = /ANTHROPIC_BASE_URL=(\S+)/.exec(text)?.[1];
    const token = /ANTHROPIC_AUTH_TOKEN=(ey\S+)\s/.exec(text)?.[1];
    if (url !== undefined && token !== undefined && text.includes('Ctrl-C')) {
      resolve({ url, token, seconds: (performance.now() - start) / 1000 });
    }
  });
  child.once('exit', (code) => reject(new Error(`make run ended with ${code} before its panel`)));
  return promise;
}

/** Presses Ctrl-C, as a terminal does: the whole process group gets it. Checks that nothing is left. */
async function stop(child: ChildProcess, panel: Panel): Promise<void> {
  const group = -(child.pid ?? 0);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(group, 'SIGINT');
  await ended;
  try {
    process.kill(group, 0);
  } catch {
    if (await accepts(new URL(panel.url))) throw new Error(`${panel.url} still answers after Ctrl-C`);
    return;
  }
  process.kill(group, 'SIGKILL');
  throw new Error('Ctrl-C left a process behind');
}

function accepts(url: URL): Promise<boolean> {
  const socket = connect(Number(url.port), url.hostname.replace(/^\[|\]$/g, ''));
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function runOnce(checkout: string, env: NodeJS.ProcessEnv): Promise<number> {
  const free = 'ARGS=--listen 127.0.0.1:0 --admin 127.0.0.1:0';
  const child = spawn('make', ['run', free], {
    cwd: checkout,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const panel = await panelOf(child);
  const client = new Anthropic({ baseURL: panel.url, authToken: panel.token, apiKey: null });
  const message = await client.messages.create({
    model: 'claude-opus-5-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'Hello' }],
  });
  if (message.content[0]?.type !== 'text' || message.content[0].text === '') throw new Error('the answer has no text');
  await stop(child, panel);
  return panel.seconds;
}

/** Runs a command with its output shown; resolves to its last line. */
async function shown(command: string, args: string[], checkout: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { cwd: checkout, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk);
    text += String(chunk);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  return text.trimEnd().split('\n').at(-1) ?? '';
}

async function main(withGo: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-fresh-'));
  try {
    const env: NodeJS.ProcessEnv = {
      PATH: leanPath(join(folder, 'bin'), withGo),
      HOME: join(folder, 'home'),
      LANG: process.env.LANG ?? 'C.UTF-8',
      npm_config_cache: execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim(),
    };
    mkdirSync(join(folder, 'home'));
    const checkout = join(folder, 'sallyport');
    execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, checkout], { stdio: 'inherit' });
    const first = await runOnce(checkout, env);
    console.log(`fresh: panel after ${first.toFixed(1)} s, packages installed on the way`);
    const second = await runOnce(checkout, env);
    console.log(`fresh: panel again after ${second.toFixed(1)} s`);
    if (withGo) await shown('make', ['tools'], checkout, env);
    const tests = await shown('make', ['test'], checkout, env);
    console.log(`fresh: tests: ${tests}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main(process.argv.includes('--go'));
} catch (thrown) {
  console.error(`fresh: ${thrown instanceof Error ? thrown.message : thrown}`);
  process.exitCode = 1;
}
