import type { Inner } from './inner.ts';

/** The words of a command that begin with no dash, by their places. */
export function operands(argv: readonly string[]): number[] {
  return argv.flatMap((word, index) => (index > 0 && !word.startsWith('-') ? [index] : []));
}

/** The command that stands from a place on, where there is one. */
export function rest(argv: readonly string[], at: number): Inner {
  return at > 0 && at < argv.length ? { commands: [[at, argv.length]] } : {};
}

/** The values of options that are scripts, spelled `--option value`, `--option=value` or `-ovalue`. */
export function optionTexts(argv: readonly string[], options: ReadonlySet<string>): readonly string[] {
  const texts: string[] = [];
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (options.has(word)) {
      if (i + 1 < argv.length) texts.push(argv[i + 1]!);
      continue;
    }
    for (const option of options) {
      const long = option.startsWith('--');
      if (long ? glues(word, option) : word.startsWith(option) && !word.startsWith('--')) {
        texts.push(long ? word.slice(word.indexOf('=') + 1) : word.slice(option.length));
      } else if (long && shortens(word, option)) {
        if (i + 1 < argv.length) texts.push(argv[i + 1]!);
      } else if (!long && /^-[A-Za-z]+$/.test(word) && word.endsWith(option.slice(1)) && i + 1 < argv.length) {
        texts.push(argv[i + 1]!);
      }
    }
  }
  return texts;
}

/** The same with more scripts, which read what the program gives them. */
export function withScripts(inner: Inner, texts: readonly string[]): Inner {
  return texts.length === 0 ? inner : { ...inner, texts: [...(inner.texts ?? []), ...texts], piped: true };
}

/** `--comp=value`: a long option may be cut short. */
function glues(word: string, option: string): boolean {
  const equals = word.indexOf('=');
  return equals > 0 && (word.startsWith(`${option}=`) || shortens(word.slice(0, equals), option));
}

function shortens(word: string, option: string): boolean {
  return word.length > 4 && word.length < option.length && option.startsWith(word);
}
