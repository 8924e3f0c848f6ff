import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';

const program = join(import.meta.dirname, '../../bin/sallyport');
const folder = mkdtempSync(join(tmpdir(), 'sallyport-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command line as a shell does, in a folder of its own. */
function sallyport(command: string) {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command.replaceAll('sallyport ', `${program} `)], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', HOME: folder },
    timeout: 50_000,
  });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  it('runs from any folder and by a link, without a Node of the machine', () => {
    symlinkSync(program, join(folder, 'linked'));
    expect(sallyport('./linked --version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d/) });
  });

  it.each([
    ['sallyport aduit', /unknown command 'aduit'\n\(Did you mean audit\?\)/],
    ['sallyport audit list', /No gateway has run on .*--data-dir/],
    ['sallyport audit list --effect maybe', /Allowed choices are allow, deny/],
    ['sallyport token', /No gateway with the development issuer has run/],
    ['sallyport token --login --reviewer', /'--login' cannot be used with option '--reviewer'/],
    ['SALLYPORT_LOG__LEVEL=loud sallyport dev', /log\.level: expected one of trace, debug/],
    ['sallyport policy check --key /etc/passwd --algorithm ES256 --scope x', /--key: the file is not a public key/],
    ['sallyport dev --script none', /There are chat, /],
    ['sallyport dev --seed x', /whole number/],
    ['SALLYPORT_TOKEN=x sallyport approvals list --admin here', /"here" is no URL/],
    ['sallyport serve --config none.yaml', /cannot be read \(ENOENT\)/],
    ['sallyport detectors test --rules .', /There is no rule in \./],
    ['sallyport detectors compile no/where.bin', /ENOENT/],
  ])('%s says what to do, in a line and without a stack', (command, told) => {
    const { status, stdout, stderr } = sallyport(command);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(told);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('shows an example with every command that does something', () => {
    const lacking = (command: Command): string[] => {
      if (command.commands.length > 0) return command.commands.flatMap(lacking);
      const help: string[] = [];
      command.configureOutput({ writeOut: (text) => help.push(text) }).outputHelp();
      return /\nExamples?:\n/.test(help.join('')) ? [] : [command.name()];
    };
    expect(lacking(createProgram())).toEqual([]);
  });

  it('ends without a word where its reader stops', () => {
    expect(sallyport('sallyport config schema | true')).toEqual({ status: 0, stdout: '', stderr: '' });
    const lines = "yes 'mail jane@acme.co' | sallyport mask | head -n 1";
    expect(sallyport(lines)).toEqual({ status: 0, stdout: 'mail [masked:email]\n', stderr: '' });
  });

  it('says which port is taken, and nothing of the record that was never begun', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { status, stderr } = sallyport(`sallyport dev --listen 127.0.0.1:${port} --admin 127.0.0.1:0`);
    server.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`^127.0.0.1:${port} is in use already\\..*--listen and --admin.*\\n$`));
  });
});
