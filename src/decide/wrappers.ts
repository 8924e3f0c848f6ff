/** What a command runs besides itself. */
export interface Inner {
  readonly commands: readonly (readonly string[])[];
  /** Shell scripts given as an argument. */
  readonly scripts: readonly string[];
  readonly opaque: boolean;
  /** Whether it takes its program from its standard input (a shell without a script). */
  readonly readsInput: boolean;
}

const nothing: Inner = { commands: [], scripts: [], opaque: false, readsInput: false };

/** Options of wrappers that take the next word as their value; all others stand alone or hold it after `=`. */
const valued: { readonly [program: string]: ReadonlySet<string> } = Object.assign(Object.create(null), {
  sudo: new Set([
    '-u',
    '-g',
    '-h',
    '-p',
    '-C',
    '-T',
    '-D',
    '-R',
    '-r',
    '-t',
    '-U',
    '--user',
    '--group',
    '--chdir',
    '--host',
  ]),
  doas: new Set(['-u', '-C']),
  env: new Set(['-u', '-C', '--unset', '--chdir']),
  nice: new Set(['-n', '--adjustment']),
  ionice: new Set(['-c', '-n', '-p', '--class', '--classdata']),
  timeout: new Set(['-s', '-k', '--signal', '--kill-after']),
  xargs: new Set([
    '-I',
    '-n',
    '-P',
    '-L',
    '-d',
    '-E',
    '-s',
    '-a',
    '--max-args',
    '--max-procs',
    '--delimiter',
    '--replace',
  ]),
  stdbuf: new Set(['-i', '-o', '-e']),
  chroot: new Set([]),
  time: new Set(['-f', '-o']),
  exec: new Set(['-a']),
  parallel: new Set(['-j', '--jobs', '-a', '-S']),
  watch: new Set(['-n', '--interval']),
  strace: new Set(['-e', '-o', '-p', '-s', '-u']),
});

const plainWrappers: ReadonlySet<string> = new Set([
  'nohup',
  'command',
  'builtin',
  'setsid',
  'unbuffer',
  'busybox',
  'toybox',
]);

/** Words that stand before the command of a wrapper without being options: `timeout 5 cmd`, `chroot / cmd`. */
const leading: { readonly [program: string]: number } = Object.assign(Object.create(null), {
  timeout: 1,
  chroot: 1,
  flock: 1,
});

/** Programs that run a script in the language of a shell. */
export const shells: ReadonlySet<string> = new Set([
  'sh',
  'bash',
  'dash',
  'zsh',
  'ksh',
  'ash',
  'fish',
  'pwsh',
  'powershell',
]);

/**
 * Opens commands that run other commands: wrappers, `find -exec`, shells with `-c`, `eval` and `trap`. `program` is the base name of
 * `argv[0]`.
 */
export function unwrap(program: string, argv: readonly string[]): Inner {
  if (shells.has(program)) return shell(argv);
  if (program === 'eval') return { ...nothing, scripts: [argv.slice(1).join(' ')], opaque: true };
  if (program === 'source' || program === '.') {
    // A file of the project may be sourced; what comes from a descriptor or a substitution was never a file.
    return { ...nothing, opaque: /^(\/dev\/(stdin|fd\/)|<\(|-$)/.test(argv[1] ?? '') };
  }
  if (program === 'trap') return { ...nothing, scripts: argv.slice(1, 2) };
  if (program === 'su' || program === 'runuser' || program === 'script') return optionScript(argv);
  if (program === 'find' || program === 'fd') return found(argv);
  if (program === 'watch' || program === 'parallel') return joined(program, argv);
  if (program === 'ssh') return nothing;
  if (program in valued || plainWrappers.has(program) || program in leading) return wrapped(program, argv);
  return nothing;
}

function shell(argv: readonly string[]): Inner {
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '-c' || /^-[a-z]*c[a-z]*$/i.test(word) || word === '--command') {
      const script = argv[i + 1];
      return script === undefined ? { ...nothing, opaque: true } : { ...nothing, scripts: [script] };
    }
    if (word === '-s' || word === '-' || word === '/dev/stdin') return { ...nothing, readsInput: true };
    if (word.startsWith('<(') || word.startsWith('/dev/fd/')) return { ...nothing, opaque: true };
    if (word === '-o' || word === '-O' || word === '--rcfile' || word === '--init-file') i++;
    else if (!word.startsWith('-') && !word.startsWith('+')) return nothing;
  }
  return { ...nothing, readsInput: true };
}

function wrapped(program: string, argv: readonly string[]): Inner {
  const options = valued[program] ?? new Set<string>();
  let skip = leading[program] ?? 0;
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (program === 'env' && (word === '-S' || word.startsWith('--split-string') || /^-[a-z0]*S/.test(word))) {
      return { ...nothing, opaque: true };
    }
    if (word === '--') {
      const rest = argv.slice(i + 1 + skip);
      return rest.length > 0 ? { ...nothing, commands: [rest] } : nothing;
    }
    if (options.has(word)) i++;
    else if (word.startsWith('-') || /^[A-Za-z_]\w*=/.test(word)) continue;
    else if (skip > 0) skip--;
    else return { ...nothing, commands: [argv.slice(i)] };
  }
  return nothing;
}

/** `find -exec cmd ;` and its kin, any number of them. */
function found(argv: readonly string[]): Inner {
  const commands: string[][] = [];
  for (let i = 1; i < argv.length; i++) {
    if (!/^(-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch)$/.test(argv[i]!)) continue;
    const rest = argv.slice(i + 1);
    const end = rest.findIndex((word) => word === ';' || word === '\\;' || word === '+');
    const command = end < 0 ? rest : rest.slice(0, end);
    if (command.length > 0) commands.push(command);
  }
  return { ...nothing, commands };
}

/** Programs that join their words into a script of the shell. */
function joined(program: string, argv: readonly string[]): Inner {
  const [command] = wrapped(program, argv).commands;
  if (command === undefined) return { ...nothing, opaque: program === 'parallel' };
  return { ...nothing, scripts: [command.join(' ')] };
}

function optionScript(argv: readonly string[]): Inner {
  const at = argv.findIndex((word) => word === '-c' || word === '--command');
  return at < 0 || argv[at + 1] === undefined ? nothing : { ...nothing, scripts: [argv[at + 1]!] };
}

/** The program of a command word: the last segment of its path, lower-case endings of Windows taken off. */
export function baseName(word: string): string {
  return word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1).replace(/\.exe$/i, '');
}
