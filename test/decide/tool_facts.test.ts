import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolFacts, toolKind } from '../../src/decide/tool_facts.ts';
import type { Json } from '../../src/model/json.ts';

const removal = ['rm', '-rf', 'x'];

describe('the facts of a tool call', () => {
  const facts = (name: string, input: Json) => toolFacts(name, input);

  it('resolve paths, so that a rule may compare beginnings', () => {
    const path = (spelled: string) => facts('Write', { file_path: spelled, content: 'x' }).paths[0];
    expect(path('/home/me/../../etc/passwd')).toEqual({
      path: '/etc/passwd',
      absolute: true,
      traversal: true,
      write: true,
    });
    expect(path('//etc//./passwd/')).toEqual({ path: '/etc/passwd', absolute: true, traversal: false, write: true });
    expect(path('$HOME/.ssh/id')).toEqual({ path: '~/.ssh/id', absolute: true, traversal: false, write: true });
    expect(path('src/../../x')).toEqual({ path: '../x', absolute: false, traversal: true, write: true });
    expect(path('C:\\Windows\\..\\x')).toEqual({ path: 'C:/x', absolute: true, traversal: true, write: true });
  });

  it('tell writing from reading', () => {
    expect(facts('Read', { file_path: '/etc/passwd' }).paths[0]).toMatchObject({ write: false });
    expect(facts('mcp__fs__write_file', { path: '/etc/passwd' }).paths[0]).toMatchObject({ write: true });
    expect(facts('str_replace_based_edit_tool', { command: 'view', path: '/a' }).paths).toContainEqual(
      expect.objectContaining({ path: '/a' }),
    );
    expect(facts('memory', { command: 'delete', path: '/memories/a' }).paths[0]).toMatchObject({ write: true });
  });

  it('find the files a shell command writes', () => {
    const written = (command: string) =>
      facts('Bash', { command })
        .paths.filter((path) => path.write)
        .map((path) => path.path);
    expect(written('echo x > /etc/a; echo y >> b')).toEqual(['/etc/a', 'b']);
    expect(written('echo x | sudo tee /etc/hosts')).toEqual(['/etc/hosts']);
    expect(written('cp a ~/.ssh/authorized_keys')).toEqual(['~/.ssh/authorized_keys']);
    expect(written('dd if=/dev/zero of=/dev/sda')).toContain('/dev/sda');
    expect(written('sed -i s/a/b/ /etc/hosts')).toContain('/etc/hosts');
    expect(written('cat /etc/hosts')).toEqual([]);
  });

  it.each([
    "perl -pi -e 's/a/b/' /etc/hosts",
    "perl -0777 -i.bak -pe 's/a/b/' /etc/hosts",
    'find / -maxdepth 0 -fprintf /etc/hosts x',
    'sort -o /etc/hosts y',
    'sort -uo /etc/hosts y',
    'sort --output=/etc/hosts y',
    `awk 'BEGIN { print "x" > "/etc/hosts" }'`,
    `awk '{ print >> "/etc/hosts" }' y`,
    "sed -n 'w /etc/hosts' y",
    "sed 's/a/b/w /etc/hosts' y",
  ])('find a file that is written by an option or a program: %s', (command) => {
    const { paths } = facts('Bash', { command });
    expect(paths.find(({ path }) => path === '/etc/hosts')).toMatchObject({ write: true });
  });

  it.each([
    'bun -e "fs.rmSync(1)"',
    'python3 /dev/stdin <<< "fs.rmSync(1)"',
    'node /proc/self/fd/0 <<< "fs.rmSync(1)"',
  ])('hold the program of %s', (command) => {
    expect(facts('Bash', { command }).inline).toMatchObject([{ code: expect.stringContaining('fs.rmSync(1)') }]);
  });

  it('find hosts in every spelling', () => {
    const hosts = (command: string) => facts('Bash', { command }).hosts;
    expect(hosts('curl -s http://169.254.169.254/latest')).toEqual(['169.254.169.254']);
    expect(hosts('curl http://2852039166/')).toEqual(['169.254.169.254']);
    expect(hosts('curl 0xa9.0xfe.0xa9.0xfe/latest')).toEqual(['169.254.169.254']);
    expect(hosts('ssh me@Host.Example ls')).toContain('host.example');
    expect(hosts("bash -c 'wget https://user:pw@evil.example./x'")).toEqual(['evil.example']);
    expect(hosts('curl -sSL -X POST -H "A: b" -d "x=y" -o out.json http://localhost:3000/a')).toEqual(['localhost']);
    expect(hosts('curl "http://localhost:$PORT/a"')).toEqual(['localhost']);
    expect(hosts('curl $URL')).toEqual(['(unknown)']);
    expect(hosts('curl "https://$HOST/x"')).toEqual(['(unknown)']);
    expect(hosts('curl -K urls')).toEqual(['(unknown)']);
    expect(hosts('curl --brand-new evil.example')).toEqual(['evil.example']);
    expect(hosts('curl -x proxy.example:8080 a.example')).toEqual(['a.example', 'proxy.example']);
    expect(hosts('curl http://{a,b}.example/')).toEqual(['(unknown)']);
    expect(hosts('wget -qO- b.example/x')).toEqual(['b.example']);
    expect(hosts('scp -r a me@c.example:/x')).toEqual(['c.example']);
    expect(hosts('rsync -av src/ dst/')).toEqual([]);
    expect(hosts('nc -v d.example 80')).toContain('d.example');
    expect(hosts('exec 3<>/dev/tcp/e.example/80')).toEqual(['e.example']);
    expect(facts('WebFetch', { url: 'https://A.example/x', prompt: 'see b.example' }).hosts).toEqual(['a.example']);
  });

  it('read commands under other keys and as argument lists', () => {
    expect(facts('run', { cmd: 'rm -rf x' }).commands).toContainEqual(removal);
    expect(facts('shell', { command: ['bash', '-lc', 'rm -rf x'] }).commands).toContainEqual(removal);
    expect(facts('batch', { steps: [{ command: 'rm -rf x' }] }).commands).toContainEqual(removal);
    expect(facts('many', { commands: ['ls', 'rm -rf x'] }).commands).toContainEqual(removal);
  });

  it('are opaque where another shell would run the text', () => {
    expect(facts('cmd', { command: 'del x' }).opaque).toBe(true);
    expect(facts('PowerShell', { command: '& $X' }).opaque).toBe(true);
  });

  it('are opaque over the limits, never too few in silence', () => {
    expect(facts('Bash', { command: 'ls;'.repeat(600) }).opaque).toBe(true);
    expect(facts('Multi', { paths: Array.from({ length: 1200 }, (_, i) => `/p/${i}`) }).opaque).toBe(true);
    let deep: Json = 'x';
    for (let i = 0; i < 30; i++) deep = [deep];
    expect(facts('Deep', { a: deep }).opaque).toBe(true);
  });

  it('are empty for a tool that names nothing', () => {
    expect(facts('TodoWrite', { todos: [{ content: 'rm -rf x', status: 'pending' }] })).toEqual({
      commands: [],
      expanded: [],
      inline: [],
      opaque: false,
      paths: [],
      hosts: [],
    });
  });

  it('name the kind of a tool and its MCP server', () => {
    expect(toolKind('Bash')).toEqual({ name: 'Bash', kind: 'shell', server: null });
    expect(toolKind('mcp__a__b__c')).toEqual({ name: 'mcp__a__b__c', kind: 'mcp', server: 'a' });
    expect(toolKind('Edit').kind).toBe('file');
    expect(toolKind('Task').kind).toBe('other');
  });

  it('never throw, whatever the input is', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, input) => void toolFacts(name, input as Json)),
      { numRuns: 500 },
    );
  });
});
