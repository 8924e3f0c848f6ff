import type { Inner } from './inner.ts';

interface Interpreter {
  /** Options whose value is a program: the next word, or the rest of a cluster of short ones. */
  readonly code: ReadonlySet<string>;
  /** Other options that take the next word. */
  readonly valued: ReadonlySet<string>;
}

function interpreter(code: string, valued = ''): Interpreter {
  return { code: new Set(code.split(' ')), valued: new Set(valued.split(' ')) };
}

const python = interpreter('-c', '-W -X --check-hash-based-pycs');
const node = interpreter('-e --eval -p --print -pe', '-r --require --import --loader -C --conditions');
const interpreters: ReadonlyMap<string, Interpreter> = new Map(
  Object.entries({
    ...{
      python,
      pypy: python,
      node,
      nodejs: node,
      bun: node,
      deno: interpreter('eval', ''),
      tsx: node,
      'ts-node': node,
    },
    ...{ perl: interpreter('-e -E', '-I -M -m'), ruby: interpreter('-e', '-r -I -C -E') },
    ...{ php: interpreter('-r -R -B -E', '-d -c -z'), lua: interpreter('-e', '-l'), luajit: interpreter('-e', '-l') },
    ...{ Rscript: interpreter('-e'), R: interpreter('-e'), julia: interpreter('-e -E --eval --print', '-J -t -p -L') },
    ...{
      elixir: interpreter('-e --eval'),
      erl: interpreter('-eval'),
      groovy: interpreter('-e'),
      scala: interpreter('-e'),
    },
    ...{
      expect: interpreter('-c'),
      tclsh: interpreter('-c'),
      osascript: interpreter('-e', '-l'),
      swift: interpreter('-e'),
    },
    ...{ ghc: interpreter('-e'), runghc: interpreter('-e'), ocaml: interpreter('-e'), octave: interpreter('--eval') },
    ...{ mongosh: interpreter('--eval'), mongo: interpreter('--eval'), wolframscript: interpreter('-code -c') },
    ...{ guile: interpreter('-c'), racket: interpreter('-e'), clojure: interpreter('-e'), bb: interpreter('-e') },
  }),
);

/** The words that hold queries: those of an option, or for sqlite3 all but the first operand. */
function queries(program: string, argv: readonly string[]): number[] {
  if (program === 'sqlite3') {
    return argv.flatMap((word, at) => (at > 1 && (!word.startsWith('-') || argv[at - 1] === '-cmd') ? [at] : []));
  }
  if (!databases.has(program)) return [];
  const option = program === 'psql' ? /^-[A-Za-z]*c$|^--command$/ : /^-[A-Za-z]*e$|^--execute$/;
  const glued = program === 'psql' ? /^-c.|^--command=/ : /^-e.|^--execute=/;
  return argv.flatMap((word, at) => (at > 0 && (option.test(argv[at - 1]!) || glued.test(word)) ? [at] : []));
}

const awks: ReadonlySet<string> = new Set(['awk', 'gawk', 'mawk', 'nawk']);
/** How programs in these languages run commands; what others have for it is data of the policy. */
const commandSigns: ReadonlyMap<string, RegExp> = new Map([
  ['perl', /`|\b(qx|system|exec\w*|syscall)\b|\beval\s*[^{\s]|\bopen\b[^;]*\|/],
  ['ruby', /`|%x\W|\b(system|exec|spawn|syscall|popen\w*|Open3|eval|instance_eval)\b|\bopen\b[^;]*\|/],
  ['php', /`/],
  ['tclsh', /\b(exec|open|file delete)\b/],
  ['expect', /\b(exec|spawn|system|open)\b/],
  ['osascript', /\bdo shell script\b/],
  ['groovy', /\.execute\b|ProcessBuilder/],
  ['elixir', /\bSystem\.(cmd|shell)\b|:os\b/],
  ['erl', /\bos:cmd\b|\bopen_port\b/],
  ['julia', /`/],
]);

/** Files that are what a program is fed, under another name. */
const standardInput = /^(-|\/dev\/(stdin|fd\/0)|\/proc\/[^/]+\/fd\/0)$/;
/** Other open files: what they hold is not on the disk, or not under this name. */
const openFile = /^(\/dev\/fd\/|\/proc\/[^/]+\/fd\/|<\()/;

/** Whether a program in the language of an interpreter runs commands of its own. */
export function runsCommands(program: string, code: string): boolean {
  return commandSigns.get(languageOf(program))?.test(code) ?? false;
}

function languageOf(program: string): string {
  return program.replace(/^(python|pypy|ruby|php|lua|perl|node|tclsh)[\d.]+$/, '$1');
}

const maxProgram = 8192;

const anySign = /^/;
const sqlSigns = /\\!|\b(?:to|from)\s+program\b|^\s*(system|\\!)\s/im;
/** Programs with commands of their own, and how those run a command of the shell. */
const escapeSigns: ReadonlyMap<string, RegExp> = new Map([
  ['sqlite3', /^\s*\.(shell|system|(import|read|output|once)\s+['"]?\|)/m],
  ['psql', sqlSigns],
  ['mysql', sqlSigns],
  ['mariadb', sqlSigns],
  ['dc', /!/],
  ['ftp', /^\s*!/m],
  ['lftp', /^\s*!|;\s*!/m],
  ['sftp', /^\s*!/m],
  ['gnuplot', /\bsystem\b|^\s*!|`|["']</m],
]);

/** Programs that are fed files all day; what is in those is nobody's to read here, as with a script on the disk. */
const databases: ReadonlySet<string> = new Set(['sqlite3', 'psql', 'mysql', 'mariadb']);

/**
 * Whether what a program with commands of its own is fed may run a command of the shell.
 *
 * @param text null where it is not known
 */
export function escapes(program: string, text: string | null): boolean {
  return text === null ? !databases.has(program) : (escapeSigns.get(program) ?? anySign).test(text);
}

/** Where an interpreter's program stands: in a word, in a file, or on its standard input. */
export function interpreterInner(program: string, argv: readonly string[]): Inner {
  if (awks.has(program)) return awk(argv);
  if (program === 'sed' || program === 'gsed') return sed(argv);
  const escapes = escapeSigns.get(program);
  if (escapes)
    return { opaque: argv.some((word) => escapes.test(word)), input: 'escapes', code: queries(program, argv) };
  const known = interpreters.get(languageOf(program));
  if (!known) return {};
  // A module may be spelled in the place of its file.
  if (argv.some((word) => /^(--?[\w-]+=)?data:/.test(word))) return { opaque: true };
  const code: number[] = [];
  let file: number | undefined;
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (known.code.has(word)) code.push(++i);
    else if (endsInCode(word, known)) code.push(++i);
    else if (known.code.has(word.slice(0, word.indexOf('='))) || holdsCode(word, known)) code.push(i);
    else if (known.valued.has(word)) i++;
    // A module is a program of the installation, and so is what a package tool of this name runs.
    else if (word === '-m' && /^(timeit|pdb)$/.test(argv[i + 1] ?? '')) code.push(...argv.keys().drop(i + 2));
    else if (i === 1 && word === 'run' && /^(deno|bun)$/.test(program)) continue;
    else if (word === '-m' && /^(python|pypy)/.test(program))
      return { code, made: [argv.slice(i + 1)].filter((made) => made.length > 0) };
    else if (word === '-m' || word === '--test') return { code };
    else if (standardInput.test(word)) break;
    else if (openFile.test(word)) return { opaque: true };
    else if (!word.startsWith('-')) {
      file ??= i;
      // The address of a database comes before its options.
      if (!program.startsWith('mongo')) break;
    }
  }
  const within = code.filter((at) => at < argv.length);
  const opaque = within.length < code.length;
  if (code.length > 0) return { code: within, opaque };
  if (argv.some((word) => /^(-V|-v|-h|--version|--help)$/.test(word))) return {};
  return file === undefined ? { input: 'code' } : { file };
}

/** `-lane`, `-pe`: a cluster of short options whose last one brings the program as the next word. */
function endsInCode(word: string, known: Interpreter): boolean {
  return /^-[A-Za-z0-9]{2,}$/.test(word) && known.code.has(`-${word.at(-1)}`) && !known.valued.has(word.slice(0, 2));
}

/** `-cprint(1)`, `-le'print 1'`: the program stands in the word of its option. */
function holdsCode(word: string, known: Interpreter): boolean {
  if (/^-\w*$/.test(word) || known.valued.has(word.slice(0, 2))) return false;
  const letters = /^-([A-Za-z0-9]+)/.exec(word)?.[1] ?? '';
  return [...letters].some((letter) => known.code.has(`-${letter}`));
}

/** An awk program runs commands with `system`, and through pipes. */
function awk(argv: readonly string[]): Inner {
  return { opaque: fromInput(argv) || argv.some((word) => word.length > maxProgram || runsInAwk(word)) };
}

/** `-f -`: the program is what awk or sed is fed. */
function fromInput(argv: readonly string[]): boolean {
  return argv.some((word, at) => {
    const file = /^(?:-[A-Za-z]*f|--file=?)$/.test(argv[at - 1] ?? '') ? word : /^(?:-f|--file=)(.+)$/.exec(word)?.[1];
    return file !== undefined && (standardInput.test(file) || openFile.test(file));
  });
}

function runsInAwk(word: string): boolean {
  if (/\bsystem\s*\(/.test(word)) return true;
  // A function that is named by a variable.
  if (/@\w+\s*\(/.test(word)) return true;
  const bare = word.replace(/"(?:\\.|[^"\\])*"/g, '""');
  if (/\|\s*&?\s*("|getline)|\|\s*&/.test(bare)) return true;
  return /\bprintf?\b[^;}\n]*[^|]\|\s*[A-Za-z_(]/.test(bare.replace(/([~(,!{}&;]|^)\s*\/[^/\n]*\//g, '$1'));
}

const sedValued: ReadonlySet<string> = new Set(['-e', '--expression', '-f', '--file', '-l', '--line-length']);

/** GNU sed runs a command for `e`, alone or as a flag of `s`. */
function sed(argv: readonly string[]): Inner {
  const scripts: string[] = [];
  const operands: string[] = [];
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    const glued = /^(?:-[nrEsuz]*e|--expression=)(.+)$/s.exec(word)?.[1];
    if (glued !== undefined) scripts.push(glued);
    else if (sedValued.has(word) || /^-[nrEsuz]+e$/.test(word)) scripts.push(argv[++i] ?? '');
    else if (!word.startsWith('-')) operands.push(word);
  }
  const all = scripts.length > 0 ? scripts : operands.slice(0, 1);
  return { opaque: fromInput(argv) || all.some((script) => script.length > maxProgram || runsInSed(script)) };
}

function runsInSed(script: string): boolean {
  const address = '(?:\\d+|\\$|/[^/\\n]*/)';
  const alone = new RegExp(`(?:^|[;{}\\n])\\s*(?:${address}(?:,${address})?)?\\s*!?\\s*e(?:[ \\t;}\\n]|$)`);
  return alone.test(script) || /[^\w\s][gpiImM0-9]*e[gpiImM0-9]*\s*(?:[;}\n]|$)/.test(script);
}
