import type { Inner } from './inner.ts';

/** Commands of a PowerShell script, as far as it is plain. */
export interface PowershellFacts {
  readonly commands: readonly (readonly string[])[];
  /** True when it holds more than commands with plain words: variables, blocks, types, operators, or what runs others. */
  readonly opaque: boolean;
}

/** Short names of the commands that policy knows by their long ones. */
const aliases: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'remove-item': 'rm ri del erase rd rmdir',
    'invoke-expression': 'iex',
    'invoke-webrequest': 'iwr curl wget',
    'invoke-restmethod': 'irm',
    'invoke-command': 'icm',
    'invoke-item': 'ii',
    'start-process': 'saps start',
    'set-content': 'sc',
    'add-content': 'ac',
    'clear-content': 'clc',
    'new-item': 'ni',
    'move-item': 'mi move mv',
    'copy-item': 'cpi copy cp',
    'rename-item': 'rni ren',
    'set-alias': 'sal nal new-alias',
    'stop-process': 'spps kill',
  }).flatMap(([name, short]) => short.split(' ').map((alias): [string, string] => [alias, name])),
);

/** Commands that run what cannot be read from their words. */
const running =
  /^(invoke-(expression|command|item|wmimethod|cimmethod)|start-(process|job|threadjob)|new-object|add-type|import-module|set-alias|foreach-object|%|where-object|\?|powershell|pwsh|cmd|wsl|bash|sh|wmic|mshta|rundll32|regsvr32|cscript|wscript|node|python3?|perl|ruby)$/;
/** A program of an interpreter is read only where it is a file. */
const interpreters = /^(bash|sh|node|python3?|perl|ruby)$/;
const word = /'((?:[^']|'')*)'|"([^"$`]*)"|([\w.\\/:*?=+,~%^!#-]+)/y;
const maxScript = 16_384;
const maxCommands = 200;

/** Reads a PowerShell script of commands with plain words, joined by `;`, pipes and line ends. All else is `opaque`. */
export function readPowershell(script: string): PowershellFacts {
  const commands: string[][] = [[]];
  let opaque = script.length > maxScript;
  for (let at = 0; at < script.length && !opaque; ) {
    const [quiet] = /^(?:\*|\d)?>(?:&1|\s*\$null)(?=[\s;|]|$)|^[^\S\n]+/.exec(script.slice(at, at + 64)) ?? [];
    const [between] = /^(?:\r?\n|;|&&|\|\|?)/.exec(script.slice(at, at + 2)) ?? [];
    if (quiet !== undefined) at += quiet.length;
    else if (between !== undefined) {
      commands.push([]);
      if (commands.length > maxCommands) opaque = true;
      at += between.length;
    } else {
      let text = '';
      let found = false;
      for (word.lastIndex = at; word.lastIndex < script.length; found = true) {
        const match = word.exec(script);
        if (match === null) break;
        text += match[1]?.replaceAll("''", "'") ?? match[2] ?? match[3]!;
        at = word.lastIndex;
      }
      if (found) commands.at(-1)!.push(text);
      else opaque = true;
    }
  }
  const plain = commands.filter((argv) => argv.length > 0);
  return {
    commands: plain.flatMap((argv) => spellings(argv)),
    opaque: opaque || plain.some((argv) => runs(argv)),
  };
}

/** What `pwsh`, `powershell` and `cmd` run. */
export function powershell(program: string, argv: readonly string[]): Inner {
  if (program === 'cmd') return { opaque: argv.length > 1, input: 'escapes' };
  for (let i = 1; i < argv.length; i++) {
    if (/^-c(o(m(m(a(nd?)?)?)?)?)?$/i.test(argv[i]!)) {
      const { commands, opaque } = readPowershell(argv.slice(i + 1).join(' '));
      return { made: commands, opaque };
    }
    if (/^-f(i(le?)?)?$/i.test(argv[i]!) || !/^[-/]/.test(argv[i]!)) {
      const file = argv[i]!.startsWith('-') ? i + 1 : i;
      return /\.ps1$/i.test(argv[file] ?? '') ? { file } : { opaque: true };
    }
    if (!/^-(nop\w*|noni\w*|nol\w*|ex\w*|v\w*|h\w*|\?)$/i.test(argv[i]!)) return { opaque: true };
    if (/^-ex/i.test(argv[i]!)) i++;
  }
  return { input: 'escapes' };
}

function runs(argv: readonly string[]): boolean {
  const name = nameOf(argv);
  if (!running.test(name)) return /^[.&]$/.test(argv[0]!);
  return !interpreters.test(name) || /^-|^$/.test(argv[1] ?? '');
}

function nameOf(argv: readonly string[]): string {
  const name = argv[0]!.replace(/^.*[\\/]/, '').replace(/\.(exe|cmd|bat)$/i, '');
  const lower = name.toLowerCase();
  return aliases.get(lower) ?? lower;
}

/** A command under the name that policy knows, its options in lower case; and as it stands, where that is another program. */
function spellings(argv: readonly string[]): readonly (readonly string[])[] {
  const name = nameOf(argv);
  if (!name.includes('-')) return [argv];
  const long = [name, ...argv.slice(1).map((word) => (word.startsWith('-') ? word.toLowerCase() : word))];
  return /^[a-z]+$/.test(argv[0]!) ? [long, argv] : [long];
}
