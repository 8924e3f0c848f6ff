import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toolFacts } from '../../src/decide/tool_facts.ts';

/*
 * Bash itself is the oracle: every script runs in an empty folder with no environment but a PATH of stubs that log their
 * arguments. What the log shows must be among the facts, or be marked as known only when it runs, or the script must be opaque.
 */

const stubs = ['rm', 'curl', 'git', 'mv', 'probe'];
const real = [
  'bash',
  'sh',
  'env',
  'xargs',
  'find',
  'timeout',
  'nohup',
  'nice',
  'setsid',
  'stdbuf',
  'cat',
  'tee',
  'sleep',
  'awk',
  'sed',
  'true',
];

let folder = '';
let log = '';
let bin = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-shell-'));
  bin = join(folder, 'bin');
  log = join(folder, 'log');
  mkdirSync(bin);
  for (const name of stubs) {
    const text = `#!/bin/bash\n{ printf '%s\\0' ${name} "$@"; printf '\\n\\0'; } >> ${log}\n`;
    writeFileSync(join(bin, name), text, { mode: 0o755 });
  }
  for (const name of real) {
    const path = ['/usr/bin', '/bin'].map((place) => join(place, name)).find((place) => existsSync(place));
    if (path !== undefined) symlinkSync(path, join(bin, name));
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The argument lists that the stubs saw, in any order. */
function ran(script: string): string[][] {
  const work = join(folder, 'work');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  writeFileSync(join(work, 'a.txt'), '');
  writeFileSync(log, '');
  spawnSync('/bin/bash', ['--norc', '--noprofile', '-c', script], {
    cwd: work,
    env: { PATH: bin },
    timeout: 5000,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const lists: string[][] = [[]];
  for (const word of readFileSync(log, 'utf8').split('\0').slice(0, -1)) {
    if (word === '\n') lists.push([]);
    else lists.at(-1)!.push(word);
  }
  return lists.slice(0, -1);
}

/** What ran without being in the facts. */
function missing(script: string): string[][] {
  const facts = toolFacts('Bash', { command: script });
  if (facts.opaque) return [];
  const known = new Set(facts.commands.map((argv) => JSON.stringify(argv)));
  const uncertain = new Set(facts.expanded.map((at) => facts.commands[at]![0]));
  // A pattern stands for names of files; the facts have it as it is spelled.
  for (const argv of facts.commands) if (argv.some((word) => /[*?[]/.test(word))) uncertain.add(argv[0]);
  return ran(script).filter((argv) => !known.has(JSON.stringify(argv)) && !uncertain.has(argv[0]!));
}

const single = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const double = (text: string) => `"${text.replace(/["$`\\]/g, '\\$&')}"`;

/** Ways to spell one word. */
function spelled(word: string): fc.Arbitrary<string> {
  const half = Math.max(1, word.length >> 1);
  const hex = [...word].map((letter) => `\\x${letter.charCodeAt(0).toString(16)}`).join('');
  return fc.constantFrom(
    ...[
      word,
      word,
      word,
      single(word),
      double(word),
      `$'${hex}'`,
      `$"${word}"`,
      `\\${word}`,
      `${word.slice(0, half)}''${word.slice(half)}`,
    ],
    ...[`${word.slice(0, half)}\\\n${word.slice(half)}`, `"${word.slice(0, half)}"${word.slice(half)}`],
    ...[`$(printf %s ${word})`, `\`printf %s ${word}\``, `\${EMPTY}${word}`, `{${word},}`, `\${X:-${word}}`],
  );
}

const argument = fc.constantFrom('-rf', 'x', '-f', 'a b', '--force', '-c', '*', '~', '-', '--', 'https://e.example/');
const command = fc
  .tuple(fc.constantFrom(...stubs), fc.array(argument, { maxLength: 3 }))
  .chain(([name, args]) =>
    fc.tuple(
      ...[name, ...args.map((arg) => (/[ *~]/.test(arg) ? single(arg) : arg))].map((word, at) =>
        at > 0 && word.startsWith("'") ? fc.constant(word) : spelled(word),
      ),
    ),
  )
  .map((words) => words.join(' '));

/** Ways to run a script inside another. */
const wrap: ((inner: string) => string)[] = [
  (inner) => inner,
  (inner) => `(${inner})`,
  (inner) => `{ ${inner}\n}`,
  (inner) => `true && ${inner}`,
  (inner) => `false || ${inner}`,
  (inner) => `! ${inner}`,
  (inner) => `${inner} & wait`,
  (inner) => `${inner} > out 2>&1`,
  (inner) => `: | ${inner}`,
  (inner) => `${inner} | cat`,
  (inner) => `if true; then ${inner}\nfi`,
  (inner) => `for i in 1; do ${inner}\ndone`,
  (inner) => `while ${inner}\ndo break; done`,
  (inner) => `until false; do ${inner}\nbreak; done`,
  (inner) => `case a in (a) ${inner}\n;; esac`,
  (inner) => `f() { ${inner}\n}; f`,
  (inner) => `function g { ${inner}\n}; g`,
  (inner) => `: "$(${inner}\n)"`,
  (inner) => `: $(( 0 + $(${inner}\necho 0) ))`,
  (inner) => `A=$(${inner}\n) true`,
  (inner) => `[[ -n $(${inner}\n) ]]`,
  (inner) => `cat <(${inner}\n)`,
  (inner) => `: > >(${inner}\n); sleep 0.05`,
  (inner) => `cat <<EOF\n$(${inner}\n)\nEOF`,
  (inner) => `arr=($(${inner}\n))`,
  (inner) => `coproc { ${inner}\n}; wait`,
  (inner) => `time ${inner}`,
  (inner) => `trap ${single(inner)} EXIT`,
  (inner) => `bash -c ${single(inner)}`,
  (inner) => `bash -ec ${double(inner)}`,
  (inner) => `sh -c ${single(inner)} sh y`,
  (inner) => `env A=1 bash -c ${single(inner)}`,
  (inner) => `echo x | xargs bash -c ${single(inner)}`,
  (inner) => `find . -maxdepth 0 -exec bash -c ${single(inner)} \\;`,
  (inner) => `eval ${single(inner)}`,
  (inner) => `bash <<'OUTER'\n${inner}\nOUTER`,
  (inner) => `bash <<< ${single(inner)}`,
  (inner) => `printf %s ${single(inner)} | bash`,
  (inner) => `cat <<'PIPED' | sh\n${inner}\nPIPED`,
  (inner) => `printf %s ${single(inner)} > s.sh; bash s.sh`,
  (inner) => `printf %s ${single(inner)} | tee t.sh; . ./t.sh`,
  (inner) => `source <(printf %s ${single(inner)})`,
  (inner) => `shopt -s expand_aliases\nalias zz=${single(inner)}\nzz`,
  (inner) => `GIT_PAGER=${single(inner)} true`,
  (inner) => `awk 'BEGIN { system(${JSON.stringify(inner)}) }'`,
  (inner) => `x=${single(`$(${inner}\n)`)}; : "\${x@P}"`,
  (inner) => `PS4=${single(`$(${inner}\n)`)}; set -x; :`,
  (inner) => `set -- ${inner}; "$@"`,
];

/** Ways to run one command through another program. */
const launch: ((inner: string) => string)[] = [
  (inner) => inner,
  (inner) => `command ${inner}`,
  (inner) => `builtin command -- ${inner}`,
  (inner) => `exec ${inner}`,
  (inner) => `exec -a other ${inner}`,
  (inner) => `env ${inner}`,
  (inner) => `env -u HOME A=1 ${inner}`,
  (inner) => `env -i PATH="$PATH" ${inner}`,
  (inner) => `nohup ${inner}`,
  (inner) => `nice -n 3 ${inner}`,
  (inner) => `nice -3 ${inner}`,
  (inner) => `timeout 5 ${inner}`,
  (inner) => `timeout -k 1 -s KILL 5 ${inner}`,
  (inner) => `timeout --signal KILL --foreground 5 ${inner}`,
  (inner) => `setsid -w ${inner}`,
  (inner) => `stdbuf -oL -e 0 ${inner}`,
  (inner) => `echo more | xargs ${inner}`,
  (inner) => `echo more | xargs -n 1 -I {} ${inner} {}`,
  (inner) => `printf 'a\\0b' | xargs -0 --no-run-if-empty ${inner}`,
  (inner) => `find . -name a.txt -exec ${inner} {} \\;`,
  (inner) => `find . -name a.txt -exec true \\; -exec ${inner} {} +`,
  (inner) => `F=-rf; ${inner} $F x`,
  (inner) => `A=(-r "x y"); ${inner} "\${A[@]}"`,
  (inner) => `${inner} x{1,2}`,
  (inner) => `${inner} $(printf 'a b')`,
  (inner) => `${inner} *.txt`,
  (inner) => `IFS=,; B=-r,x; ${inner} $B`,
  (inner) => `C='${inner.split("'").join('')}'; $C`,
];

const scripts = fc
  .tuple(command, fc.constantFrom(...launch), fc.array(fc.constantFrom(...wrap), { maxLength: 3 }), command)
  .map(([inner, start, around, other]) => {
    let script = start(inner);
    for (const outer of around) script = outer(script);
    return `${script}\n${other}`;
  });

describe.skipIf(!existsSync('/bin/bash'))('what bash runs', () => {
  it.each(wrap.map((outer) => outer('probe -rf x')))('is in the facts of %s', (script) => {
    expect(ran(script).length).toBeGreaterThanOrEqual(script.startsWith('GIT_PAGER') ? 0 : 1);
    expect(missing(script)).toEqual([]);
  });

  it.each(launch.map((start) => start('probe -rf x')))('is in the facts, started by %s', (script) => {
    expect(ran(script).length).toBeGreaterThanOrEqual(1);
    expect(missing(script)).toEqual([]);
  });

  it('is in the facts, however the pieces are put together', () => {
    fc.assert(
      fc.property(scripts, (script) => {
        expect(missing(script)).toEqual([]);
      }),
      { numRuns: Number(process.env.SHELL_RUNS ?? 250) },
    );
  }, 120_000);

  it('is not often called opaque where it is plain', () => {
    for (const start of launch.slice(0, 24))
      expect(toolFacts('Bash', { command: start('probe x') }).opaque, start('probe x')).toBe(false);
  });
});
