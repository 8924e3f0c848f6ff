/** What a command writes. */
export interface Writes {
  /** Every operand is something it changes. */
  readonly all: boolean;
  /** Files whose content it writes. */
  readonly files: readonly string[];
  /** Directories in which it writes, and what it gives another program to write. */
  readonly inside: readonly string[];
}

const list = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Programs whose operands are files they change. */
const writers = list(
  'rm rmdir unlink mv tee touch mkdir chmod chown chgrp truncate shred patch dd mkfifo mknod setfacl crontab sponge ' +
    'set-content add-content clear-content out-file new-item remove-item move-item rename-item',
);
/** Programs that write only the last of their operands. */
const copiers = list('cp install rsync scp split csplit uniq xxd objcopy strip copy-item');
/** Programs that read their operands as files, wherever they stand. */
const readers = list(
  'cat head tail less more bat nl tac xxd od hexdump strings base64 base32 sort diff cmp comm paste cut uniq grep egrep ' +
    'fgrep rg ag awk gawk sed jq yq cp mv scp rsync tar zip gzip openssl gpg dd source . python python3 node bash sh tee curl',
);
/** What a link may lead to without anybody being able to write through it. */
const system = /^\/(usr|opt|lib\w*|bin|etc|var|System|Library)\//;
/** Programs with an option `-o` that names no file they write. */
const otherOutputs = list(
  'ls od nm grep egrep fgrep zgrep rg ag ps set find fd test [ ssh sftp mount pgrep pkill id lsof shopt bash sh zsh ' +
    'dash ksh ssh-keygen ulimit join kubectl oc helm docker podman xargs column useradd userdel usermod',
);

/** Programs that change their operands where an option says so. */
const inPlace: ReadonlyMap<string, RegExp> = new Map([
  ['sed', /^(-[a-z]*i|--in-place)/],
  ['gsed', /^(-[a-z]*i|--in-place)/],
  ['perl', /^-[A-Za-z0-9]*i/],
  ['ruby', /^-[A-Za-z0-9]*i/],
  ['gawk', /^(-i|--include=inplace|inplace)$/],
  ['awk', /^(--include=inplace|inplace)$/],
  ['yq', /^(-[a-z]*i|--inplace)$/],
]);

/** Further options whose value is a file that is written. */
const outputs: ReadonlyMap<string, RegExp> = new Map([
  ['find', /^-(fprint0?|fprintf|fls)$/],
  ['sort', /^(-[A-Za-z]*o|--output)$/],
  ['unzip', /^-d$/],
  ['openssl', /^-(out|keyout|CAout|writerand)$/],
  ['cp', /^(-[A-Za-z]*t|--target-directory)$/],
  ['install', /^(-[A-Za-z]*t|--target-directory)$/],
]);
/** Options whose value is a directory that is filled. */
const filled: ReadonlyMap<string, RegExp> = new Map([
  ['pip', /^(-t|--target|--prefix|--root)$/],
  ['pip3', /^(-t|--target|--prefix|--root)$/],
  ['cargo', /^--root$/],
  ['7z', /^-o$/],
]);
const anyOutput =
  /^(-o|--output|--out|--outfile|--out-file|--output-file|--outdir|--out-dir|--output-dir|--output-directory|--destination|-out-file|-outfile)$/;

/** What a command writes, by its operands, its options, or a program that it is given. */
export function writesOf(program: string, argv: readonly string[]): Writes {
  const operands = argv.slice(1).filter((word) => !word.startsWith('-'));
  const all = writers.has(program) || argv.some((word, at) => at > 0 && inPlace.get(program)?.test(word) === true);
  const files = [...written(program, argv), ...(program === 'tee' || program === 'sponge' ? operands : [])];
  // Without a second one the other options took it, or it is read alone.
  if (program === 'ln')
    return { all, files: operands.slice(-1), inside: operands.filter((word) => !system.test(word)) };
  const last = copiers.has(program) && operands.length > 1 ? operands.slice(-1) : [];
  return {
    all,
    files: [...files, ...last],
    inside: [
      ...insideOf(program, argv, operands),
      ...valuesOf(argv, otherOutputs.has(program) ? undefined : anyOutput),
    ],
  };
}

/** Files that a command looks for by name: `find ~ -name id_rsa` as `~/id_rsa`. */
export function soughtBy(program: string, argv: readonly string[]): readonly string[] {
  if (program !== 'find') return [];
  const start = argv.slice(1).find((word) => !word.startsWith('-')) ?? '.';
  return argv.flatMap((word, at) =>
    /^-i?(name|path|wholename)$/.test(argv[at - 1] ?? '') ? [`${start}/${word}`] : [],
  );
}

/** Whether the operands of a program are files that it reads. */
export function readsOperands(program: string): boolean {
  return readers.has(program);
}

function insideOf(program: string, argv: readonly string[], operands: readonly string[]): readonly string[] {
  switch (program) {
    case 'tar':
    case 'bsdtar':
      return archived(argv);
    case 'docker':
    case 'podman':
    case 'nerdctl':
      return operands[0] === 'cp' ? operands.slice(-1) : mounted(argv);
    case 'git':
      return gitPlaces(argv, operands);
    case 'npm':
    case 'pnpm':
    case 'yarn':
      return operands[0] === 'config' && operands[1] === 'set' && !/location=project/.test(argv.join(' '))
        ? ['~/.npmrc']
        : [];
    case 'script':
      return operands.slice(0, 1);
    default:
      return valuesOf(argv, filled.get(program));
  }
}

/** Of tar: the archive it makes, or the directory it unpacks in. */
function archived(argv: readonly string[]): string[] {
  // Names with their slash may be anywhere.
  if (argv.some((word, at) => /^--absolute-names$/.test(word) || (at === 1 && /^-?[A-Za-z]*P/.test(word))))
    return ['/'];
  const mode = /^-?[A-Za-z]*([cxruA])/.exec(argv[1] ?? '')?.[1] ?? (argv.includes('--extract') ? 'x' : 'c');
  return argv.flatMap((word, at) => {
    const before = argv[at - 1] ?? '';
    const glued = /^--(?:file|dir\w*)=(.*)$/s.exec(word)?.[1];
    if (mode === 'x') return /^(-C|--dir\w*|--one-top-level)$/.test(before) ? [word] : (glued ?? []);
    const archive = at > 1 && (/^--file$|^-[A-Za-z]*f$/.test(before) || (at === 2 && /^[A-Za-z]+f$/.test(before)));
    return archive ? [word] : word.startsWith('--file=') ? glued! : [];
  });
}

/** Directories of this machine that a container gets to write. */
function mounted(argv: readonly string[]): string[] {
  return argv.flatMap((word, at) => {
    const volume =
      /^(?:-v|--volume=)(.+)$/s.exec(word)?.[1] ?? (/^(-v|--volume)$/.test(argv[at - 1] ?? '') ? word : '');
    const [, source, options] = /^([^:]+):[^:]+(?::(.*))?$/s.exec(volume) ?? [];
    if (source !== undefined) return /(^|,)ro(,|$)/.test(options ?? '') ? [] : [source];
    const mount = /^--mount=(.+)$/s.exec(word)?.[1] ?? (argv[at - 1] === '--mount' ? word : '');
    if (/(^|,)(readonly|ro)(=true)?(,|$)/.test(mount)) return [];
    return /(?:^|,)(?:source|src)=([^,]+)/.exec(mount)?.[1] ?? [];
  });
}

/** Directories that git fills. */
function gitPlaces(argv: readonly string[], operands: readonly string[]): string[] {
  const prefix = argv.flatMap((word) => /^--(?:prefix|work-tree)=(.+)$/s.exec(word)?.[1] ?? []);
  const at = operands.findIndex((word) => /^(clone|init|worktree|bundle)$/.test(word));
  const rest = operands.slice(at + 1);
  if (operands[at] === 'clone') return [...prefix, ...rest.slice(1)];
  if (operands[at] === 'init') return [...prefix, ...rest, ...argv.filter((_, i) => argv[i - 1] === '-C')];
  if (operands.includes('config')) return argv.filter((_, i) => /^(-f|--file)$/.test(argv[i - 1] ?? ''));
  if (/^(add|create|move)$/.test(rest[0] ?? '') && at >= 0) return [...prefix, ...rest.slice(1)];
  return prefix;
}

/** Files of which a command writes the content itself, so that what they hold is not known before. */
function written(program: string, argv: readonly string[]): readonly string[] {
  if (/^[gmn]?awk$/.test(program)) return namesIn(argv, />\s*"([^"]+)"/g);
  if (/^g?sed$/.test(program))
    return namesIn(
      argv,
      /(?:^|[;{}\n/|,#]|\/[a-zA-Z0-9]+|\d|\$)\s*[wW]\s+([^\n;}]+)|(?<=^|[;{}\n]\s*)[wW]([/~.][^\n;}]+)/g,
    );
  return valuesOf(argv, outputs.get(program));
}

/** The values of options: the next word, or after `=`, or glued to one letter. */
function valuesOf(argv: readonly string[], option: RegExp | undefined): string[] {
  if (option === undefined) return [];
  return argv.flatMap((word, at) => {
    if (at > 1 && option.test(argv[at - 1]!)) return [word];
    const [, name, value] = /^(--?[\w-]+)=(.+)$/s.exec(word) ?? /^(-[ot])(.+)$/s.exec(word) ?? [];
    return name !== undefined && option.test(name) ? [value!] : [];
  });
}

function namesIn(argv: readonly string[], pattern: RegExp): string[] {
  return argv.slice(1).flatMap((word) => [...word.matchAll(pattern)].map((match) => (match[1] ?? match[2]!).trim()));
}
