import { type Command, forEachChild, parse, type Redirection, type SyntaxNode } from 'unbash';
import { constantsOf } from './constants.ts';
import type { Inner } from './inner.ts';
import { escapes, runsCommands } from './interpreters.ts';
import { joined } from './paths.ts';
import type { ShellFacts } from './shell_facts.ts';
import { isShell, readsAsBash } from './shells.ts';
import { callsItself, isBashOnly, nestsDeeply } from './syntax.ts';
import { isCommandVariable, isProxy, loads } from './variables.ts';
import {
  type Certainty,
  hasSubscript,
  hereText,
  isReadable,
  isSuffixed,
  type ReadWord,
  runsValue,
  WordReader,
} from './words.ts';
import { baseName, unwrap } from './wrappers.ts';

const maxScript = 65_536;
const maxCommands = 500;
const maxDepth = 8;
const maxNodes = 8000;
const maxWords = 2000;
const maxValues = 8;

/** What a command finds on its standard input: nothing that the script gives, something unknown, or this text. */
type Feed = null | 'unknown' | { readonly text: string; readonly piped?: true };

/**
 * Reads a Bash script. Never throws: what cannot be parsed, `eval`, an expansion or a pattern as the command, a shell
 * that reads its script from a pipe or need not read it as Bash does, and anything over the limits (64 KiB, 500 commands,
 * 8 scripts deep) are `opaque`.
 */
export function readShell(script: string): ShellFacts {
  const reader = new ShellReader();
  reader.script(script, 0, null, true);
  reader.finish();
  return reader;
}

/** The same for a command that is given as an argument list, without a shell around it. */
export function readArguments(argv: readonly string[]): ShellFacts {
  const reader = new ShellReader();
  reader.command(
    argv.map((value) => ({ value, certainty: 'known' })),
    0,
    null,
  );
  return reader;
}

class ShellReader implements ShellFacts {
  readonly commands: (readonly string[])[] = [];
  readonly directories: string[] = [];
  readonly expanded: number[] = [];
  readonly inline: { program: string; code: string }[] = [];
  readonly written: string[] = [];
  readonly read: string[] = [];
  readonly executed: string[] = [];
  readonly values = new Map<string, string[]>();
  readonly proxies: string[] = [];
  /** Texts of files that the script itself writes from a here-document. */
  readonly #texts = new Map<string, string>();
  readonly #run = new Set<string>();
  /** Names of aliases, and of commands, with the depth of their script. */
  readonly #aliases = new Set<string>();
  readonly #named = new Set<string>();
  opaque = false;
  /** Whether the script is read by Bash, or by a shell that reads it in the same way. */
  #bash = true;
  #directory = '';
  #computes = false;
  #subscripts = false;
  #depth = 0;
  #nodes = 0;
  #words = new WordReader('');

  script(text: string, depth: number, feed: Feed = null, bash = false): void {
    if (text.length > maxScript || depth > maxDepth || this.commands.length >= maxCommands || nestsDeeply(text)) {
      this.opaque = true;
      return;
    }
    const outer = { depth: this.#depth, words: this.#words, bash: this.#bash };
    this.#depth = depth;
    this.#bash = bash;
    try {
      const parsed = parse(text);
      this.#words = new WordReader(text, constantsOf(parsed, text));
      this.#visit(parsed, feed);
    } catch {
      // The parser recovers from bad syntax; what it still throws on (nesting) is as unreadable.
      this.opaque = true;
    }
    this.#depth = outer.depth;
    this.#words = outer.words;
    this.#bash = outer.bash;
  }

  /** What only the whole of the script tells: a file whose text is known must not be written by anything else. */
  finish(): void {
    if (this.#computes && this.#subscripts) this.opaque = true;
    for (const name of this.#aliases) if (this.#named.has(name)) this.opaque = true;
    for (const file of this.#run)
      if (this.written.filter((path) => path.replace(/^\.\//, '') === file).length > 1) this.opaque = true;
  }

  /** Notes a command and all that it runs. `fed`: it gets further words when it runs. */
  command(words: readonly ReadWord[], depth: number, feed: Feed, fed = false): void {
    if (this.commands.length >= maxCommands || depth > maxDepth) {
      this.opaque = true;
      return;
    }
    const argv = words.map((word) => word.value);
    const program = baseName(argv[0] ?? '');
    if (fed || words.some((word) => isUncertain(word) && !isSuffixed(word))) this.expanded.push(this.commands.length);
    this.commands.push(argv);
    this.directories.push(this.#directory);
    if (argv[0]?.includes('/')) this.#executes(argv[0], null, depth);
    const inner = unwrap(program, argv);
    if (inner.opaque) this.opaque = true;
    // The words it gets may be the command, the script or the file that it runs.
    if (fed && ((inner.leads && inner.commands?.length === 0) || /^(script|code)$/.test(inner.input ?? '')))
      this.opaque = true;
    if (inner.enters !== undefined) this.#directory = joined(this.#directory, inner.enters);
    for (const name of inner.named ?? []) this.#aliases.add(`${this.#depth}:${name}`);
    this.#assigned(inner, words);
    this.#commands(inner, words, depth, feed, fed);
    this.#scripts(inner, program, words, depth, feed);
    this.#input(inner, program, depth, feed);
    if (inner.file !== undefined) {
      const file = words[inner.file];
      if (file && (file.certainty !== 'known' || words.slice(1, inner.file).some(isUncertain))) this.opaque = true;
      if (file) this.#executes(file.value, program, depth);
    }
    for (const at of inner.code ?? []) {
      // Of a query the text is enough; an interpreter's program may become any other.
      if (isUncertain(words[at]!) && inner.input !== 'escapes') this.opaque = true;
      this.#program(program, words[at]!.value);
    }
  }

  /** A program in the language of an interpreter. */
  #program(program: string, code: string): void {
    if (runsCommands(program, code)) this.opaque = true;
    this.inline.push({ program, code });
  }

  /** A file is run, by the interpreter of that name or as its first line says. */
  #executes(file: string, program: string | null, depth: number): void {
    const text = this.#texts.get(file.replace(/^\.\//, ''));
    const shell = program === null ? /^#!.*sh\s*$/m.test(text?.split('\n', 1)[0] ?? '') : runsScripts(program);
    if (text === undefined || (program === null && !shell)) {
      this.executed.push(file);
      return;
    }
    this.#run.add(file.replace(/^\.\//, ''));
    if (shell)
      this.script(
        text,
        depth + 1,
        null,
        readsAsBash(program ?? /\w*\s*$/.exec(text.split('\n', 1)[0]!)![0].trim(), this.#bash),
      );
    else this.#program(program!, text);
  }

  #commands(inner: Inner, words: readonly ReadWord[], depth: number, feed: Feed, fed: boolean): void {
    for (const [start, end] of inner.commands ?? []) {
      if (this.commands.length >= maxCommands) break;
      const { hole } = inner;
      const own = words
        .slice(start, end)
        .map((word) => (hole?.test(word.value) ? { value: word.value, certainty: 'one' as const } : word));
      if (isUncertain(own[0]!)) this.opaque = true;
      if (inner.leads && words.slice(1, start).some((word) => word.certainty === 'many')) this.opaque = true;
      this.command(own, depth + 1, feed, fed || inner.fed === true);
      // Some of these programs give their words to a shell.
      if (/\s/.test(own[0]!.value)) this.script(own.map((word) => word.value).join(' '), depth + 1);
    }
    // Options alone, and an expansion that may be a command.
    if (inner.leads && inner.commands?.length === 0 && words.slice(1).some(isUncertain)) this.opaque = true;
    for (const argv of inner.made ?? []) {
      this.command(
        argv.map((value) => ({ value, certainty: 'known' as const })),
        depth + 1,
        feed,
      );
    }
  }

  #scripts(inner: Inner, program: string, words: readonly ReadWord[], depth: number, feed: Feed): void {
    for (const [start, end] of inner.scripts ?? []) {
      // A script with an expansion in it is not the text that will run; what can be read of it is noted all the same.
      if (words.slice(1, end).some(isUncertain)) this.opaque = true;
      this.script(
        words
          .slice(start, end)
          .map((word) => word.value)
          .join(' '),
        depth + 1,
        inner.fed ? 'unknown' : feed,
        readsAsBash(program, this.#bash),
      );
    }
    const texts = inner.texts ?? [];
    if (texts.length > 0 && words.some(isUncertain)) this.opaque = true;
    for (const text of texts.slice(0, maxCommands)) this.script(text, depth + 1, inner.piped ? 'unknown' : feed);
  }

  #input(inner: Inner, program: string, depth: number, feed: Feed): void {
    if (inner.input === undefined || feed === null) return;
    if (inner.input === 'escapes') {
      if (escapes(program, feed === 'unknown' ? null : feed.text)) this.opaque = true;
      else if (feed !== 'unknown') this.inline.push({ program, code: feed.text });
      return;
    }
    if (feed === 'unknown' || feed.piped) this.opaque = true;
    if (feed === 'unknown') return;
    if (inner.input === 'script') this.script(feed.text, depth + 1, null, readsAsBash(program, this.#bash));
    else this.#program(program, feed.text);
  }

  #assigned(inner: Inner, words: readonly ReadWord[]): void {
    for (const at of inner.assigned ?? []) {
      const { value, certainty } = words[at]!;
      const equals = value.indexOf('=');
      this.#variable(value.slice(0, equals), value.slice(equals + 1), certainty);
    }
  }

  #set(name: string, values: readonly string[]): void {
    const known = this.values.get(name) ?? [];
    if (known.length < maxValues) this.values.set(name, [...known, ...values.slice(0, maxValues)]);
  }

  /** Some variables make programs run something else than what is written, others hold a command. */
  #variable(name: string, value: string, certainty: Certainty): void {
    if (loads(name, value)) this.opaque = true;
    if (value !== '') this.#set(name, [value]);
    if (isProxy(name) && value !== '') this.proxies.push(value);
    if (!isCommandVariable(name)) return;
    if (certainty !== 'known') this.opaque = true;
    if (value !== '') this.script(value, this.#depth + 1);
  }

  #visit(node: SyntaxNode, feed: Feed): void {
    if (++this.#nodes > maxNodes) {
      this.opaque = true;
      return;
    }
    if (!this.#bash && isBashOnly(node)) this.opaque = true;
    switch (node.type) {
      case 'Script':
        if ('errors' in node && node.errors && node.errors.length > 0) this.opaque = true;
        break;
      case 'Pipeline':
        node.commands.forEach((command, index) => {
          const before = node.commands[index - 1];
          this.#visit(command, before === undefined ? feed : (this.#echoed(before) ?? 'unknown'));
        });
        return;
      case 'Subshell': {
        const directory = this.#directory;
        forEachChild(node, (child) => this.#visit(child, feed));
        this.#directory = directory;
        return;
      }
      case 'Redirected': {
        // Several commands may share what is fed to a group: none of them knows its part.
        const fed = this.#redirections(node.redirects) === null ? feed : 'unknown';
        this.#visit(node.command, fed);
        for (const redirect of node.redirects) forEachChild(redirect, (child) => this.#visit(child, null));
        return;
      }
      case 'Command':
        this.#simple(node, feed);
        return;
      case 'Assignment':
        this.#variable(
          node.name,
          node.value.type === 'Word' ? this.#words.word(node.value).value : '',
          this.#words.argument(node).certainty,
        );
        break;
      case 'Coproc':
      case 'Function':
        // What feeds it is not written here.
        if (node.type === 'Function' && callsItself(node)) this.opaque = true;
        forEachChild(node, (child) => this.#visit(child, 'unknown'));
        return;
      case 'ProcessSubstitution':
        forEachChild(node, (child) => this.#visit(child, node.operator === '>' ? 'unknown' : null));
        return;
      case 'ArithmeticCommand':
      case 'ArithmeticExpansion':
      case 'ArithmeticFor':
        this.#computes = true;
        break;
      case 'TestUnary':
        if (hasSubscript(node.operand)) this.opaque = true;
        break;
      case 'TestBinary':
        if (/^-(eq|ne|lt|le|gt|ge)$/.test(node.operator)) this.#computes = true;
        break;
      case 'Word':
        if (hasSubscript(node)) this.#subscripts = true;
        break;
      case 'For':
        this.#set(
          node.name.value,
          (node.wordlist ?? []).map((word) => word.value),
        );
        break;
      case 'ParameterExpansion':
        if (runsValue(node)) this.opaque = true;
        break;
      default:
        break;
    }
    const kept = node.type === 'CommandExpansion' ? null : feed;
    forEachChild(node, (child) => this.#visit(child, kept));
  }

  #simple(node: Command, feed: Feed): void {
    if (node.suffix.length > maxWords) {
      this.opaque = true;
      return;
    }
    const fed = this.#redirections(node.redirects) ?? feed;
    this.#remember(node, fed);
    if (node.name) {
      const name = this.#words.word(node.name);
      const args = node.args.map((argument) => this.#words.argument(argument));
      if (!isReadable(node.name, name)) this.opaque = true;
      this.#named.add(`${this.#depth}:${name.value}`);
      // `exec < file` feeds all that comes after it. Elsewhere than in Bash `time` is a program with options.
      if (name.value === 'exec' && args.length === 0 && fed !== feed) this.opaque = true;
      const time: readonly ReadWord[] = name.value.startsWith('-') ? [{ value: 'time', certainty: 'known' }] : [];
      this.command([...time, name, ...args], this.#depth, fed);
    }
    forEachChild(node, (child) => this.#visit(child, null));
  }

  /** `echo text | command`: what the command is fed. */
  #echoed(node: SyntaxNode): Feed {
    if (node.type !== 'Command' || node.redirects.length > 0 || node.name?.value !== 'echo') return null;
    const words = node.args.map((argument) => this.#words.argument(argument));
    if (words.some(isUncertain) || /^-|\\/.test(words.map((word) => word.value).join(' '))) return null;
    return { text: words.map((word) => word.value).join(' '), piped: true };
  }

  /** `cat > file <<EOF`: what the file holds is known. */
  #remember(node: Command, feed: Feed): void {
    const [first, ...others] = node.redirects.filter((redirect) => redirect.type === 'Redirect');
    if (node.name?.value !== 'cat' || node.args.length > 0 || others.length > 0 || first?.operator !== '>') return;
    if (feed === null || feed === 'unknown' || !first.target || isUncertain(this.#words.word(first.target))) return;
    this.#texts.set(first.target.value.replace(/^\.\//, ''), feed.text);
  }

  /** Notes the files of redirections; what the last one feeds to the command's input, or null. */
  #redirections(redirects: readonly Redirection[]): Feed {
    let feed: Feed = null;
    for (const redirect of redirects) {
      const descriptor = redirect.descriptor;
      const input = descriptor === undefined || (descriptor.type === 'FileDescriptor' && descriptor.value === 0);
      if (redirect.type === 'HereDoc') {
        const text = hereText(redirect);
        if (input) feed = text === null ? 'unknown' : { text };
        continue;
      }
      const target = redirect.target;
      if (redirect.type === 'HereString') {
        const known = target !== undefined && !isUncertain(this.#words.word(target));
        if (input) feed = known ? { text: target.value } : 'unknown';
        continue;
      }
      const { operator } = redirect;
      if (operator.startsWith('<') && input) feed = 'unknown';
      if (!target || ((operator === '>&' || operator === '<&') && /^(\d+-?|-)$/.test(target.value))) continue;
      const file = this.#words.word(target).value;
      const files = operator === '<' || operator === '<&' ? this.read : this.written;
      files.push(file);
      const place = joined(this.#directory, file);
      if (place !== file) files.push(place);
    }
    return feed;
  }
}

function runsScripts(program: string): boolean {
  return isShell(program) || program === 'source' || program === '.';
}

function isUncertain(word: ReadWord): boolean {
  return word.certainty !== 'known';
}
