import { forEachChild, parse, type Redirection, type SyntaxNode, type Word, type WordPart } from 'unbash';
import { baseName, shells, unwrap } from './wrappers.ts';

/** What a shell script would do, as far as it can be read without running it. */
export interface ShellFacts {
  /** Argument lists of every simple command, and of every command inside wrappers (`sudo`, `xargs`, `bash -c`). */
  readonly commands: readonly (readonly string[])[];
  /** True when some of what would run cannot be known. */
  readonly opaque: boolean;
  /** Files that redirections write. */
  readonly written: readonly string[];
  /** Files that redirections read. */
  readonly read: readonly string[];
}

const maxScript = 65_536;
const maxCommands = 500;
const maxDepth = 8;

/**
 * Reads a Bash script. Never throws: what cannot be parsed, `eval`, an expansion or a pattern as the command, a shell
 * that reads its script from a pipe, and anything over the limits (64 KiB, 500 commands, 8 scripts deep) are `opaque`.
 */
export function readShell(script: string): ShellFacts {
  const reader = new ShellReader();
  reader.script(script, 0);
  return reader;
}

/** The same for a command that is given as an argument list, without a shell around it. */
export function readArguments(argv: readonly string[]): ShellFacts {
  const reader = new ShellReader();
  reader.command(argv, 0, false);
  return reader;
}

class ShellReader implements ShellFacts {
  readonly commands: (readonly string[])[] = [];
  readonly written: string[] = [];
  readonly read: string[] = [];
  opaque = false;
  #depth = 0;

  script(text: string, depth: number): void {
    if (text.length > maxScript || depth > maxDepth) {
      this.opaque = true;
      return;
    }
    const outer = this.#depth;
    this.#depth = depth;
    try {
      this.#visit(parse(text), false);
    } catch {
      // The parser recovers from bad syntax; what it still throws on (nesting) is as unreadable.
      this.opaque = true;
    }
    this.#depth = outer;
  }

  command(argv: readonly string[], depth: number, piped: boolean): void {
    if (this.commands.length >= maxCommands || depth > maxDepth) {
      this.opaque = true;
      return;
    }
    this.commands.push(argv);
    const program = baseName(argv[0] ?? '');
    const inner = unwrap(program, argv);
    if (inner.opaque) this.opaque = true;
    for (const list of inner.commands) this.command(list, depth + 1, piped);
    for (const script of inner.scripts) this.script(script, depth + 1);
    if (piped && shells.has(program) && inner.readsInput) this.opaque = true;
  }

  #visit(node: SyntaxNode, piped: boolean): void {
    if (node.type === 'Script' && 'errors' in node && node.errors && node.errors.length > 0) this.opaque = true;
    if (node.type === 'Pipeline') {
      node.commands.forEach((command, index) => {
        this.#visit(command, piped || index > 0);
      });
      return;
    }
    if (node.type === 'Redirected') {
      const fed = piped || this.#redirections(node.redirects);
      this.#visit(node.command, fed);
      for (const redirect of node.redirects) forEachChild(redirect, (child) => this.#visit(child, false));
      return;
    }
    if (node.type === 'Command') {
      const fed = this.#redirections(node.redirects) || piped;
      if (node.name) {
        if (isDynamic(node.name)) this.opaque = true;
        const words = [node.name, ...node.args.map((arg) => (arg.type === 'Word' ? arg : null))];
        const argv = words.map((word, index) => (word ? word.value : (node.args[index - 1]?.text ?? '')));
        // A script handed to `sh -c` with an expansion in it is not the text that will run.
        if (isShellCall(argv) && words.some((word) => word !== null && hasExpansion(word))) this.opaque = true;
        this.command(argv, this.#depth, fed);
      }
      for (const assignment of node.prefix) {
        if (assignment.type === 'Assignment' && dangerousVariables.has(assignment.name)) this.opaque = true;
      }
      forEachChild(node, (child) => this.#visit(child, false));
      return;
    }
    const keepsInput = piped && node.type !== 'CommandExpansion' && node.type !== 'ProcessSubstitution';
    forEachChild(node, (child) => this.#visit(child, keepsInput));
  }

  /** Notes the files of redirections; true when one of them feeds text or a file to the command's input. */
  #redirections(redirects: readonly Redirection[]): boolean {
    let feeds = false;
    for (const redirect of redirects) {
      if (redirect.type !== 'Redirect') {
        feeds = true;
        continue;
      }
      const target = redirect.target;
      const { operator } = redirect;
      if (operator === '<' || operator === '<>') feeds = true;
      if (!target || ((operator === '>&' || operator === '<&') && /^(\d+|-)$/.test(target.value))) continue;
      if (operator === '<' || operator === '<&') this.read.push(target.value);
      else this.written.push(target.value);
    }
    return feeds;
  }
}

/** Variables that make the shell or the loader run something else than what is written. */
const dangerousVariables: ReadonlySet<string> = new Set(['BASH_ENV', 'ENV', 'LD_PRELOAD', 'PROMPT_COMMAND']);

function isShellCall(argv: readonly string[]): boolean {
  return argv.some((word) => shells.has(baseName(word)) || word === 'eval');
}

function isDynamic(word: Word): boolean {
  return (word.parts ?? []).some((part) => isExpansion(part) || part.type === 'Glob' || part.type === 'ExtendedGlob');
}

function hasExpansion(word: Word): boolean {
  return (word.parts ?? []).some(isExpansion);
}

function isExpansion(part: WordPart): boolean {
  switch (part.type) {
    case 'DoubleQuoted':
    case 'LocaleString':
      return part.parts.some(isExpansion);
    case 'SimpleExpansion':
    case 'ParameterExpansion':
    case 'CommandExpansion':
    case 'ArithmeticExpansion':
    case 'ProcessSubstitution':
    case 'BraceExpansion':
      return true;
    default:
      return false;
  }
}
