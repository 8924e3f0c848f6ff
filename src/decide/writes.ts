/** Programs whose operands are files they change. */
const writers: ReadonlySet<string> = new Set([
  ...['rm', 'rmdir', 'unlink', 'mv', 'cp', 'tee', 'touch', 'mkdir', 'chmod', 'chown', 'chgrp', 'ln', 'install'],
  ...['truncate', 'shred', 'rsync', 'scp', 'patch', 'dd', 'mkfifo', 'mknod', 'setfacl', 'unzip', 'tar', 'crontab'],
]);

/** Programs that change their operands where an option says so. */
const inPlace: ReadonlyMap<string, RegExp> = new Map([
  ['sed', /^(-[a-z]*i|--in-place)/],
  ['gsed', /^(-[a-z]*i|--in-place)/],
  ['perl', /^-[A-Za-z0-9]*i/],
  ['ruby', /^-[A-Za-z0-9]*i/],
  ['gawk', /^(-i|--include=inplace|inplace)$/],
]);

/** Options whose value is a file that is written. */
const outputs: ReadonlyMap<string, RegExp> = new Map([
  ['find', /^-(fprint0?|fprintf|fls)$/],
  ['sort', /^(-[A-Za-z]*o|--output)$/],
]);

/** Whether the operands of a command are files that it changes. */
export function writesOperands(program: string, argv: readonly string[]): boolean {
  return writers.has(program) || argv.some((word, at) => at > 0 && inPlace.get(program)?.test(word) === true);
}

/** Files that a command writes besides its operands: where an option, or its program, names one. */
export function namedOutputs(program: string, argv: readonly string[]): readonly string[] {
  const option = outputs.get(program);
  if (option) {
    return argv.flatMap((word, at) => {
      if (option.test(argv[at - 1] ?? '')) return [word];
      return /^(?:-o|--output=)(.+)$/.exec(program === 'sort' ? word : '')?.[1] ?? [];
    });
  }
  if (/^[gmn]?awk$/.test(program)) return namesIn(argv, />\s*"([^"]+)"/g);
  if (/^g?sed$/.test(program)) return namesIn(argv, /(?:^|[;{}\n/|,#]|\/[a-zA-Z0-9]+|\d|\$)\s*[wW]\s+([^\n;}]+)/g);
  return [];
}

function namesIn(argv: readonly string[], pattern: RegExp): string[] {
  return argv.slice(1).flatMap((word) => [...word.matchAll(pattern)].map((match) => match[1]!.trim()));
}
