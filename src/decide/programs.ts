import type { Inner } from './inner.ts';

const editors: ReadonlySet<string> = new Set(['vi', 'vim', 'nvim', 'view', 'ex', 'gvim', 'emacs', 'emacsclient', 'ed']);

/** What programs run that are no wrappers: for some of their options, or some of their words; undefined for others. */
export function programInner(program: string, argv: readonly string[]): Inner | undefined {
  const end = argv.length;
  switch (program) {
    case 'less':
      return { opaque: argv.some((word) => /^\+.*[!|#]/s.test(word)) };
    case 'capsh': {
      // What stands after the dashes goes to a shell.
      const dashes = argv.indexOf('--');
      return dashes < 0 ? {} : { made: [['bash', ...argv.slice(dashes + 1)]] };
    }
    case 'tar':
    case 'bsdtar':
      return { texts: argv.flatMap((word) => /^--checkpoint-a[a-z]*=exec=(.*)$/s.exec(word)?.[1] ?? []) };
    case 'make':
    case 'gmake':
    case 'bmake':
      return makes(argv);
    case 'at':
    case 'batch':
      return { input: 'script' };
    case 'crontab':
      return argv[1] === '-' || end === 1 ? { opaque: true } : {};
    case 'tmux':
    case 'screen':
      return multiplexer(argv);
    case 'zip':
      return { opaque: argv.some((word) => word === '-TT' || word.startsWith('--unzip-command')) };
    case 'mapfile':
    case 'readarray':
      return { opaque: argv.includes('-C') };
    case 'hash':
      return { opaque: argv.includes('-p') };
    case 'compgen':
    case 'complete':
    case 'bind':
    case 'enable':
    case 'fc':
      return { opaque: end > 1 };
    case 'let':
    case 'declare':
    case 'typeset':
    case 'local':
    case 'export':
    case 'readonly':
    case 'unset':
    case 'read':
    case '[':
    case 'test':
      // A subscript in a name is evaluated, with any substitution in it, even out of quotes.
      return {
        opaque: argv.some(
          (word) => /[$`]/.test(word) && /\$\(|`/.test(word.slice(word.indexOf('['))) && word.includes('['),
        ),
      };
    case 'printf':
      return { opaque: argv[1]?.startsWith('-v') === true && argv.some((word) => /\$\(|`/.test(word)) };
    case 'sg':
      return end > 2 ? { scripts: [[argv[2] === '-c' ? 3 : 2, end]] } : {};
    case 'cargo':
      return { opaque: argv.some((word) => /\b(runner|linker|rustc-wrapper|rustc)\s*=/.test(word)) };
    case 'npm':
    case 'pnpm': {
      const set = argv[1] === 'pkg' && argv[2] === 'set';
      return { texts: set ? argv.flatMap((word) => /^scripts[.[][^=]*=(.*)$/s.exec(word)?.[1] ?? []) : [] };
    }
    case 'gh': {
      const body =
        argv[1] === 'alias' && argv[2] === 'set' ? argv.slice(3).filter((word) => !word.startsWith('-'))[1] : '';
      return { texts: body ? [body.replace(/^!/, '')] : [] };
    }
    default:
      if (!editors.has(program)) return undefined;
      return {
        opaque: argv.some((word) => /^(-c|-S|-s|-u|-es|\+.+|--cmd|-?-eval|-l|--load)/.test(word)),
        input: 'escapes',
      };
  }
}

function makes(argv: readonly string[]): Inner {
  const opaque = argv.some((word) => /\$\(shell|\$\{shell|^--eval|^-E|^(MAKE)?SHELL=|^\.SHELLFLAGS=/.test(word));
  const stdin = argv.some((word, index) => {
    const glued = /^(?:-f|--file=|--makefile=)(.+)$/.exec(word)?.[1];
    const file = /^(-f|--file|--makefile)$/.test(argv[index - 1] ?? '') ? word : glued;
    return /^(-|\/dev\/.*|\/proc\/.*|<\(.*)$/s.test(file ?? '');
  });
  // What a recipe puts into its lines; a list of options or names is none.
  const texts = argv.flatMap((word) => /^\w+[:+?]?=(.*[;&|`\n#].*)$/s.exec(word)?.[1] ?? []);
  return { opaque: opaque || stdin, texts };
}

/** A window of tmux or screen runs a command; what is typed into one may be anything. */
function multiplexer(argv: readonly string[]): Inner {
  const word = argv[1] ?? '';
  if (/^(new|new-session|neww|new-window|splitw|split-window)$/.test(word)) {
    const valued = /^-[A-Za-z]*[sntcxyFeflp]$/;
    const at = argv.findIndex((own, index) => index > 1 && !own.startsWith('-') && !valued.test(argv[index - 1]!));
    return at < 0 ? {} : { scripts: [[at, argv.length]] };
  }
  const harmless =
    /^(ls|list-\w+|kill-\w+|capture-pane|has-session|has|attach\S*|a|-ls|-list|-V|-v|info|display-message)$/;
  return { opaque: argv.length > 1 && !harmless.test(word) };
}
