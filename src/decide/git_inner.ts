import type { Inner, Range } from './inner.ts';

/** Settings whose value git runs. */
const running =
  /^(core\.(pager|editor|sshcommand|fsmonitor|gitproxy|askpass)|sequence\.editor|diff\.external|pager\..*|.*\.(textconv|sendmailcmd|difffilter|command|driver|clean|smudge|process|helper|cmd|program|packobjectshook|uploadpack|receivepack|vcs))$/i;
/** Settings that name files in which more commands may stand. */
const hidden = /^(core\.hookspath|include\.path|includeif\..*|init\.templatedir|core\.worktree|core\.attributesfile)$/i;

const valued: ReadonlySet<string> = new Set(['-C', '--git-dir', '--work-tree', '--namespace', '--super-prefix']);

/** What git runs besides itself: aliases and settings given with `-c`, and the sub-commands that run commands. */
export function gitInner(argv: readonly string[]): Inner {
  const texts: string[] = [];
  const made: (readonly string[])[] = [];
  let opaque = false;
  const set = (setting: string) => {
    const at = setting.indexOf('=');
    const name = at < 0 ? setting : setting.slice(0, at);
    const value = at < 0 ? '' : setting.slice(at + 1);
    if (/^alias\./i.test(name)) {
      if (value.startsWith('!')) texts.push(value.slice(1));
      else texts.push(`git ${value}`);
    } else if (hidden.test(name)) opaque = true;
    else if (running.test(name) && !/^(true|false|yes|no|on|off|\d*)$/.test(value)) texts.push(value.replace(/^!/, ''));
  };

  let i = 1;
  for (; i < argv.length && argv[i]!.startsWith('-'); i++) {
    const word = argv[i]!;
    if (word === '-c') set(argv[++i] ?? '');
    else if (word.startsWith('-c')) set(word.slice(2));
    else if (word.startsWith('--config-env') || word.startsWith('--exec-path=')) opaque = true;
    else if (valued.has(word)) i++;
  }
  const args = argv.slice(i + 1);
  const commands = commandsOf(argv, i, args, { text: (text) => texts.push(text), set });
  // Hooks of a template run by themselves.
  if (argv.some((word) => /^ext::|^--template(=|$)/.test(word))) opaque = true;
  return { texts, made, opaque, piped: true, ...commands };
}

interface Found {
  readonly text: (script: string) => void;
  readonly set: (setting: string) => void;
}

function commandsOf(argv: readonly string[], at: number, args: readonly string[], found: Found): Inner {
  const valuesOf = (options: RegExp) => {
    for (const [index, word] of args.entries()) {
      const glued =
        new RegExp(`^(?:${options.source})=(.*)$`, 's').exec(word)?.[1] ??
        new RegExp(`^(?:${options.source.replace(/\|?--[\w-]+/g, '') || '-$'})([^-].*)$`, 's').exec(word)?.[1];
      if (glued !== undefined) found.text(glued);
      else if (new RegExp(`^(?:${options.source})$`).test(word) && args[index + 1] !== undefined)
        found.text(args[index + 1]!);
    }
  };
  switch (argv[at]) {
    case 'config': {
      const option = /^(-f|--file|--blob|--type|--default|--comment|--value)$/;
      const words = args.filter(
        (word, i) => !word.startsWith('-') && word !== 'set' && !option.test(args[i - 1] ?? ''),
      );
      if (words.length >= 2) found.set(`${words[0]}=${words.slice(1).join(' ')}`);
      return {};
    }
    case 'rebase':
      valuesOf(/-x|--exec/);
      return {};
    case 'bisect':
      return args[0] === 'run' ? { commands: after(argv, at + 2) } : {};
    case 'submodule': {
      const each = argv.indexOf('foreach', at);
      return each > 0 ? { scripts: [[firstOperand(argv, each + 1), argv.length]] } : {};
    }
    case 'difftool':
    case 'mergetool':
      valuesOf(/-x|--extcmd/);
      return {};
    case 'clone':
    case 'fetch':
    case 'pull':
    case 'ls-remote':
    case 'push':
    case 'archive':
      valuesOf(/-u|--upload-pack|--receive-pack|--exec/);
      for (const [index, word] of args.entries()) {
        if (argv[at] === 'clone' && (args[index - 1] === '-c' || args[index - 1] === '--config')) found.set(word);
      }
      return {};
    case 'filter-branch':
      valuesOf(/--\w+-filter/);
      return {};
    case 'grep':
      for (const word of args) {
        const pager = /^(?:-O|--open-files-in-pager=)(.+)$/s.exec(word)?.[1];
        if (pager !== undefined) found.text(pager);
      }
      return {};
    default:
      return {};
  }
}

function after(argv: readonly string[], at: number): readonly Range[] {
  return at < argv.length ? [[at, argv.length]] : [];
}

function firstOperand(argv: readonly string[], from: number): number {
  let at = from;
  while (at < argv.length && argv[at]!.startsWith('-')) at++;
  return at;
}
