import { gitInner } from './git_inner.ts';
import type { Inner, Range } from './inner.ts';
import { interpreterInner } from './interpreters.ts';
import { operands, optionTexts, rest, withScripts } from './options.ts';
import { powershell } from './powershell.ts';
import { programInner } from './programs.ts';
import { isForeign, isShell } from './shells.ts';
import {
  containerOptions,
  dashed,
  launchers,
  scriptOperands,
  scriptOptions,
  sshValued,
  wrappers,
} from './wrapper_options.ts';

const nothing: Inner = {};
/** Words that may be the command where nobody knows which is; over that it cannot be told. */
const maxStarts = 32;

const containers: ReadonlySet<string> = new Set(['docker', 'podman', 'nerdctl', 'docker-compose', 'podman-compose']);

/** Opens commands that run other commands. `program` is the base name of `argv[0]`. */
export function unwrap(program: string, argv: readonly string[]): Inner {
  const own = opened(program, argv);
  const options = scriptOptions.get(program);
  return options ? withScripts(own, optionTexts(argv, options)) : own;
}

function opened(program: string, argv: readonly string[]): Inner {
  const end = argv.length;
  // `command -v name` only looks the name up.
  if (program === 'command' && /^-[pvV]*[vV]/.test(argv[1] ?? '')) return nothing;
  if (isShell(program)) {
    const inner = shell(argv);
    return isForeign(program) && inner.file === undefined ? { ...inner, opaque: true } : inner;
  }
  if (wrappers.has(program)) return wrapped(program, argv);
  if (launchers.has(program) && program !== 'bun') {
    const run = launched(program, argv);
    if (run !== nothing) return run;
  }
  if (containers.has(program)) return container(argv);
  if (dashed.has(program)) return rest(argv, argv.indexOf('--') + 1);
  if (scriptOperands.has(program)) return { scripts: operands(argv).map((at) => [at, at + 1]) };
  if (program.startsWith('ld-linux') || program.startsWith('ld-musl') || program === 'ld.so') return wrapped('', argv);
  switch (program) {
    case 'eval':
      return { scripts: [[1, end]], opaque: true };
    case 'source':
    case '.':
      // A file of the project may be sourced; what comes from a descriptor or a substitution was never a file.
      return /^(\/dev\/(stdin|fd\/)|\/proc\/[^/]+\/fd\/|<\(|-$)/.test(argv[1] ?? '') ? { opaque: true } : { file: 1 };
    case 'trap': {
      const at = /^-[-lp]$/.test(argv[1] ?? '') ? 2 : 1;
      return { scripts: end > at ? [[at, at + 1]] : [] };
    }
    case 'alias': {
      const set = argv.slice(1).flatMap((word) => /^([^=]+)=(.*)$/s.exec(word) ?? []);
      return {
        texts: set.filter((_, index) => index % 3 === 2),
        named: set.filter((_, index) => index % 3 === 1),
      };
    }
    case 'su':
    case 'runuser':
      return runAs(argv);
    case 'find':
    case 'fd':
    case 'fdfind':
      return { commands: found(argv), fed: true, hole: /\{[/.]*\}/ };
    case 'parallel':
      return parallel(argv);
    case 'git':
      return gitInner(argv);
    case 'ssh':
    case 'autossh':
    case 'mosh':
      return remote(argv);
    case 'scp':
    case 'sftp':
      return { texts: sshCommands(argv), ...(program === 'sftp' ? { input: 'escapes' as const } : {}) };
    case 'bun': {
      const code = interpreterInner(program, argv);
      return code.code ? code : launched(program, argv);
    }
    case 'gdb':
    case 'lldb':
      return { ...wrapped(program, argv), opaque: debugs(argv), input: 'escapes' };
    case 'script': {
      // Where it has no `-c`, what stands after the file is a command.
      const [, command] = operands(argv);
      return command === undefined ? {} : rest(argv, command);
    }
    case 'cd':
    case 'pushd':
      return { enters: argv.slice(1).find((word) => !word.startsWith('-')) ?? '~' };
    case 'pwsh':
    case 'powershell':
    case 'cmd':
      return powershell(program, argv);
    default:
      return programInner(program, argv) ?? interpreterInner(program, argv);
  }
}

function shell(argv: readonly string[]): Inner {
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--command' || /^-[a-zA-Z]*c[a-zA-Z]*$/.test(word) || /^-command$/i.test(word)) {
      // `bash -c -x 'script'`: options may follow before the script.
      let at = i + 1;
      while (at < argv.length && /^[-+]/.test(argv[at]!)) at++;
      return at < argv.length ? { scripts: [[at, at + 1]] } : { opaque: true };
    }
    if (word === '-s' || word === '-' || word === '/dev/stdin') return { input: 'script' };
    if (
      word.startsWith('<(') ||
      /^\/(dev|proc\/[^/]+)\/fd\//.test(word) ||
      word === '--rcfile' ||
      word === '--init-file'
    ) {
      return { opaque: true };
    }
    if (word === '-o' || word === '+o' || word === '-O' || word === '+O') i++;
    else if (!word.startsWith('-') && !word.startsWith('+')) return { file: i };
  }
  return { input: 'script' };
}

/** The command of a wrapper. What an option that nobody knows makes of the next word is read both ways. */
function wrapped(program: string, argv: readonly string[], from = 1): Inner {
  const known = wrappers.get(program);
  const assigned: number[] = [];
  const commands: Range[] = [];
  let skip = known?.leading ?? 0;
  let unknown = known === undefined || known.any;
  let opaque = false;
  for (let i = from; i < argv.length; i++) {
    const word = argv[i]!;
    if (program === 'env' && /^(-S|--split-string|-[a-z0]*S)/.test(word)) opaque = true;
    if (word === '--') {
      if (i + 1 + skip < argv.length) commands.push([i + 1 + skip, argv.length]);
      break;
    }
    if (word.startsWith('-')) {
      if (known?.valued.has(word) || clusterTakesNext(word, known?.valued)) i++;
      else if (word.length > 2 && word[1] !== '-' && known?.valued.has(word.slice(0, 2))) continue;
      else if (!known?.alone.has(word) && !word.includes('=') && !/^-\d+$/.test(word)) unknown = true;
      continue;
    }
    if (program === 'env' ? /^[^=]+=/s.test(word) : /^[A-Za-z_]\w*=/.test(word)) {
      assigned.push(i);
      continue;
    }
    if (skip > 0) {
      skip--;
      continue;
    }
    commands.push([i, argv.length]);
    if (commands.length > maxStarts) return { commands: [], opaque: true };
    if (!unknown) break;
    unknown = known === undefined ? false : known.any;
  }
  const none = commands.length === 0;
  // `sudo -s` and `sudo -i` without a command read a script, `env` and `nohup` alone do nothing.
  const input = none && (program === 'sudo' || program === 'doas') && /^-(s|i|-shell|-login)$/.test(argv.at(-1) ?? '');
  return {
    ...{ commands, assigned, opaque, leads: true },
    ...(program === 'xargs' ? { fed: true, ...holeOf(argv) } : {}),
    ...unversioned(argv, commands),
    ...(input ? { input: 'script' as const } : {}),
    ...(program === 'watch' && !none ? { commands: [], scripts: commands.slice(0, 1) } : {}),
  };
}

/** `-nu root`: a cluster of short options whose last one takes the next word. */
function clusterTakesNext(word: string, valued: ReadonlySet<string> | undefined): boolean {
  if (!valued || !/^-[A-Za-z]{2,}$/.test(word)) return false;
  return valued.has(`-${word.at(-1)}`) && ![...word.slice(1, -1)].some((letter) => valued.has(`-${letter}`));
}

/** Where xargs puts what it is fed. */
function holeOf(argv: readonly string[]): Pick<Inner, 'hole'> {
  for (let i = 1; i < argv.length; i++) {
    const text =
      /^(?:-[IJi]|--replace=)(.+)$/.exec(argv[i]!)?.[1] ?? (/^-[IJ]$/.test(argv[i]!) ? argv[i + 1] : undefined);
    if (text !== undefined) return { hole: new RegExp(text.replace(/[^\w\s]/g, '\\$&')) };
    if (argv[i] === '-i' || argv[i] === '--replace') return { hole: /\{\}/ };
  }
  return {};
}

/** `npx name@1`: the program has no version in its name. */
function unversioned(argv: readonly string[], commands: readonly Range[]): Pick<Inner, 'made'> {
  const made = commands.flatMap(([start, end]) => {
    const name = /^(@?[^@]+)@[\w.^~-]+$/.exec(argv[start]!)?.[1];
    return name === undefined ? [] : [[name, ...argv.slice(start + 1, end)]];
  });
  return made.length === 0 ? {} : { made };
}

function launched(program: string, argv: readonly string[]): Inner {
  const { words, leading } = launchers.get(program)!;
  const at = argv.findIndex((word, index) => index > 0 && words.has(word));
  if (at < 0) return nothing;
  const own = operandStarts(argv, at + 1).map(([start, end]): Range => [start + leading, end]);
  const dashes = argv.indexOf('--', at) + 1;
  const commands = [...own, ...(dashes > 0 ? [[dashes, argv.length] as const] : [])].filter(
    ([start], index, all) => start < argv.length && all.findIndex((other) => other[0] === start) === index,
  );
  const bare = wrapped('', argv, at + 1);
  return { ...bare, commands, ...unversioned(argv, commands) };
}

/** Commands of a debugger that only look, or run the program that is debugged. */
const looking =
  /^(bt|backtrace|where|run|r|quit|q|exit|kill|info \w[\w ]*|thread( apply all)? (bt|backtrace)( all)?|set (pagination|confirm|print \w+) \w+|frame \d+|up|down|list)$/;

function debugs(argv: readonly string[]): boolean {
  const option = /^--?(i?ex|x|command|eval-command|init-\w+|o|s|one-line|source)(=.*)?$/s;
  return argv.some(
    (word, at) => option.test(word) && !looking.test(option.exec(word)?.[2]?.slice(1) ?? argv[at + 1] ?? ''),
  );
}

/** Every word after options from which a command may start; all of them up to the first that follows no option. */
function operandStarts(argv: readonly string[], from: number): readonly Range[] {
  const starts: Range[] = [];
  for (let i = from; i < argv.length; i++) {
    if (argv[i]!.startsWith('-') || /^[A-Za-z_]\w*=/.test(argv[i]!)) continue;
    starts.push([i, argv.length]);
    if (i === from || !argv[i - 1]!.startsWith('-') || argv[i - 1] === '--') break;
  }
  return starts;
}

function container(argv: readonly string[]): Inner {
  const { alone, valued } = containerOptions;
  const at = argv.findIndex((word, index) => index > 0 && /^(run|exec|create)$/.test(word));
  if (at < 0) return nothing;
  const commands: Range[] = [];
  const made: (readonly string[])[] = [];
  let unknown = false;
  let entrypoint: string | null = null;
  let i = at + 1;
  for (; i < argv.length && argv[i]!.startsWith('-'); i++) {
    const word = argv[i]!;
    const value = /^--entrypoint=(.*)$/s.exec(word)?.[1];
    if (value !== undefined) entrypoint = value;
    if (word.includes('=') || alone.has(word) || isCluster(word, alone)) continue;
    if (word === '--entrypoint') entrypoint = argv[i + 1] ?? null;
    if (!valued.has(word) && !clusterTakesNext(word, valued)) unknown = true;
    i++;
  }
  // The image or container, then the command.
  if (unknown && i < argv.length) commands.push([i, argv.length]);
  if (i + 1 < argv.length) commands.push([i + 1, argv.length]);
  if (entrypoint !== null && entrypoint !== '') made.push([...entrypoint.split(/\s+/), ...argv.slice(i + 1)]);
  return { commands, made };
}

function isCluster(word: string, alone: ReadonlySet<string>): boolean {
  return /^-[A-Za-z]{2,}$/.test(word) && [...word.slice(1)].every((letter) => alone.has(`-${letter}`));
}

/** `find -exec cmd ;` and its kin, any number of them. */
function found(argv: readonly string[]): readonly Range[] {
  const commands: Range[] = [];
  for (let i = 1; i < argv.length; i++) {
    if (!/^(-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch)$/.test(argv[i]!)) continue;
    const length = argv.slice(i + 1).findIndex((word) => word === ';' || word === '\\;' || word === '+');
    const end = length < 0 ? argv.length : i + 1 + length;
    if (end > i + 1) commands.push([i + 1, end]);
  }
  return commands;
}

/** GNU parallel joins its words into a script, once for each of its inputs. */
function parallel(argv: readonly string[]): Inner {
  const { commands = [] } = wrapped('', argv);
  const scripts = commands.filter(([start]) => !argv[start]!.startsWith(':::'));
  const listed = argv.some((word) => /^(-a|--arg-file|::::)/.test(word)) && operands(argv).length < 2;
  const opaque = listed || scripts.length === 0 || scripts.some(([start]) => argv[start]!.startsWith('{'));
  return { fed: true, scripts, opaque };
}

function runAs(argv: readonly string[]): Inner {
  const scripted = argv.some((word) => /^(-[a-z]*c|--command|--session-command)(=|$)/.test(word));
  const dashes = argv.indexOf('--');
  if (argv[0]!.endsWith('runuser') && dashes > 0) return rest(argv, dashes + 1);
  // A user's shell that is given no script reads one.
  return scripted ? nothing : { input: 'script' };
}

function remote(argv: readonly string[]): Inner {
  const texts = sshCommands(argv);
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (sshValued.has(word) || clusterTakesNext(word, sshValued)) i++;
    else if (!word.startsWith('-')) {
      const from = argv[i + 1] === '--' ? i + 2 : i + 1;
      if (from < argv.length) return { texts, scripts: [[from, argv.length]] };
      return argv.includes('-N') ? { texts } : { texts, input: 'script' };
    }
  }
  return { texts };
}

/** `-o ProxyCommand=…` and its kin run here, not on the other machine. */
function sshCommands(argv: readonly string[]): readonly string[] {
  return argv.flatMap((word, index) => {
    const option = argv[index - 1] === '-o' ? word : /^-o(.+)$/s.exec(word)?.[1];
    const command = /^(?:proxycommand|localcommand|knownhostscommand|remotecommand)(?:\s*=\s*|\s+)(.*)$/is.exec(
      option ?? '',
    )?.[1];
    return command === undefined ? [] : [command];
  });
}

/** The program of a command word: the last segment of its path, lower-case endings of Windows taken off. */
export function baseName(word: string): string {
  return word.slice(Math.max(word.lastIndexOf('/'), word.lastIndexOf('\\')) + 1).replace(/\.exe$/i, '');
}
