import type { Json, JsonObject } from '../model/json.ts';
import type { ProjectedPath, ToolUseInput } from '../model/projection.ts';
import { hostOf } from './hosts.ts';
import { reachOf, unknownHost } from './network.ts';
import { joined, projectPath } from './paths.ts';
import { readPowershell } from './powershell.ts';
import { readArguments, readShell } from './shell.ts';
import type { ShellFacts } from './shell_facts.ts';
import * as names from './tool_names.ts';
import { baseName } from './wrappers.ts';
import { readsOperands, soughtBy, writesOf } from './writes.ts';

/** What a tool call names: the facts that policy judges, without its text. */
export type ToolFacts = Pick<ToolUseInput['input'], 'commands' | 'expanded' | 'inline' | 'opaque' | 'paths' | 'hosts'>;

const maxFacts = 1000;
const maxDepth = 16;
const maxCode = 4096;

/** What kind of tool a name stands for, and the MCP server it belongs to. */
export function toolKind(name: string): ToolUseInput['tool'] {
  const parts = name.split('__');
  if (parts[0] === 'mcp' && parts.length >= 3) return { name, kind: 'mcp', server: parts[1]! };
  if (names.shellName.test(name)) return { name, kind: 'shell', server: null };
  return { name, kind: names.fileTool.test(name) ? 'file' : 'other', server: null };
}

/**
 * Reads the facts out of a tool's input. What an input means is told by its keys (`command`, `file_path`, `url` …), so
 * that tools nobody has told us of are read too. Never throws; over 1000 facts or 16 levels the call is `opaque`.
 */
export function toolFacts(name: string, input: Json): ToolFacts {
  const facts = new FactReader(name);
  facts.walk('', input, 0);
  return {
    commands: facts.commands,
    expanded: facts.expanded,
    inline: facts.inline,
    opaque: facts.opaque || facts.over || facts.runsWhatItWrites(),
    paths: [...facts.paths.values()],
    hosts: [...facts.hosts].sort(),
  };
}

/** `open("/x", "w")`, `writeFileSync("/x", …)`. */
const writingCalls =
  /(?:open|fopen)\(\s*["'`](?=[/~][^"'`\s]{1,255}["'`]\s*,\s*["'`](?:[wax]|r\+))([^"'`]+)|(?:writeFile\w*|appendFile\w*|createWriteStream|file_put_contents|File\.write)\(\s*["'`]([/~][^"'`\s]{1,255})/g;

class FactReader {
  readonly commands: (readonly string[])[] = [];
  readonly expanded: number[] = [];
  readonly inline: { readonly program: string; readonly code: string }[] = [];
  readonly paths = new Map<string, ProjectedPath>();
  readonly hosts = new Set<string>();
  opaque = false;
  readonly #executed: string[] = [];
  readonly #contents = new Set<string>();
  readonly #tool: string;
  readonly #writes: boolean;
  readonly #shellTool: boolean;

  constructor(name: string) {
    this.#tool = name.slice(name.lastIndexOf('__') + 1).replace(/^_+/, '');
    this.#writes = names.writing.test(this.#tool);
    this.#shellTool = names.shellName.test(this.#tool);
  }

  get over(): boolean {
    return this.commands.length + this.paths.size + this.hosts.size > maxFacts;
  }

  walk(key: string, value: Json, depth: number): void {
    if (this.over || depth > maxDepth) {
      this.opaque = true;
      return;
    }
    if (typeof value === 'string') this.#text(key, value);
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      if (this.#isCommand(key) && value.length > 0 && value.every((entry) => typeof entry === 'string')) {
        // `["bash", "-lc", "…"]` is an argument list; `["ls", "rm -rf x"]` may be a list of scripts: both are read.
        this.#shell(readArguments(value));
        if (value.some((entry) => /\s/.test(entry))) for (const entry of value) this.#shell(readShell(entry));
        return;
      }
      for (const entry of value as readonly Json[]) this.walk(key, entry, depth + 1);
      return;
    }
    const members = Object.entries(value as JsonObject);
    for (const [name, entry] of members) this.walk(names.plainKey(name), entry, depth + 1);
    this.#invocation(members);
    if (depth === 0) this.#editor(value as JsonObject);
  }

  /** A file that the same call wrote before is not what the gateway could have read. */
  runsWhatItWrites(): boolean {
    return this.#executed.some((file) => this.#contents.has(projectPath(file, false).path));
  }

  #isCommand(key: string): boolean {
    return names.commandKey.test(key) || (this.#shellTool && key !== '' && !names.remarkKey.test(key));
  }

  #text(key: string, text: string): void {
    if (this.#isCommand(key)) this.#script(text);
    else if (names.codeKey.test(key) && names.running.test(this.#tool)) this.#program(this.#tool, text);
    if (text.length > 4096) return;
    const url = names.urlKey.test(key);
    const place = names.pathKey.test(key) || (names.directionKey.test(key) && /^(\/|~|\.\.?\/)/.test(text));
    if (place && text !== '' && !/^[a-z][a-z0-9+.-]+:\/\/(?!\/)/i.test(text))
      this.#path(text, this.#writes || names.outputKey.test(key));
    if (url || /^[a-z][a-z0-9+.-]{0,15}:\/\//i.test(text)) this.#host(text, url);
  }

  #script(text: string): void {
    if (!names.foreignShell.test(this.#tool)) {
      this.#shell(readShell(text));
      return;
    }
    const { commands, opaque } = readPowershell(text);
    if (opaque || /^cmd$/i.test(this.#tool)) {
      this.opaque = true;
      this.#shell(readShell(text));
    }
    for (const argv of commands) this.#shell(readArguments(argv));
  }

  /** `{"command": "rm", "args": ["-rf", "x"]}` */
  #invocation(members: readonly (readonly [string, Json])[]): void {
    const [, program] = members.find(([name]) => this.#isCommand(names.plainKey(name))) ?? [];
    const [, args] = members.find(([name]) => names.argumentKey.test(names.plainKey(name))) ?? [];
    if (typeof program !== 'string' || !Array.isArray(args)) return;
    this.#shell(readArguments([program, ...args.filter((word) => typeof word === 'string')]));
  }

  /** Anthropic's text editor and memory tools say in `command` whether they write. */
  #editor(input: JsonObject): void {
    const command = input.command;
    if (typeof command !== 'string' || !/^(create|str_replace|insert|delete|rename|undo_edit)$/.test(command)) return;
    for (const key of ['path', 'old_path', 'new_path']) {
      const path = input[key];
      if (typeof path === 'string') this.#path(path, true);
    }
  }

  #program(program: string, code: string): void {
    if (code.length > maxCode) this.opaque = true;
    this.inline.push({ program, code: code.slice(0, maxCode) });
    this.#programFiles(code);
    for (const [url] of code.matchAll(/[a-z][a-z0-9+.-]{0,15}:\/\/[^\s'"`)\\]{1,512}/gi)) this.#host(url, false);
  }

  /** Files that a program names where it writes them. */
  #programFiles(code: string): void {
    for (const [, opened, file] of code.slice(0, maxCode).matchAll(writingCalls)) this.#path(opened ?? file!, true);
  }

  #shell(facts: ShellFacts): void {
    if (facts.opaque) this.opaque = true;
    for (const path of facts.written) for (const each of spellings(path, facts)) this.#content(each);
    for (const path of facts.read) for (const each of spellings(path, facts)) this.#path(each, false);
    for (const at of facts.expanded) this.expanded.push(this.commands.length + at);
    for (const { program, code } of facts.inline) this.#program(program, code);
    for (const place of facts.proxies) this.#host(place, true);
    this.#executed.push(...facts.executed);
    for (const [at, argv] of facts.commands.entries()) {
      this.commands.push(argv);
      if (this.over) return;
      this.#operands(argv, facts, facts.directories[at] ?? '');
    }
  }

  #operands(argv: readonly string[], facts: ShellFacts, directory: string): void {
    const program = baseName(argv[0] ?? '');
    const { all, files, inside } = writesOf(program, argv);
    const places = (word: string) =>
      spellings(word, facts).flatMap((each) => [...new Set([each, joined(directory, each)])]);
    for (const file of files) for (const each of places(file)) this.#content(each);
    for (const file of inside) for (const each of places(file)) this.#path(each, true);
    for (const file of soughtBy(program, argv)) this.#path(file, false);
    const reach = reachOf(program, argv);
    for (const host of reach?.hosts ?? []) this.hosts.add(host);
    for (const file of reach?.written ?? []) for (const each of places(file)) this.#content(each);
    const opens = all || readsOperands(program);
    for (const word of argv.slice(1)) {
      const value = word.replace(/^(-[-\w]*=|[a-z]+=)/, '');
      if (value === '' || (word.startsWith('-') && value === word)) continue;
      if (value.includes('://') && reach === null) this.#host(value, false);
      if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || value.length > 4096 || /[\n\r\0]/.test(value)) continue;
      const write = all || (program === 'dd' && word.startsWith('of='));
      for (const each of opens ? places(value.replace(/^@/, '')) : spellings(value, facts)) {
        if (all || each.includes('/') || each.startsWith('~') || each.startsWith('.')) this.#path(each, write);
      }
    }
  }

  /** A file whose content the call writes. */
  #content(spelled: string): void {
    this.#contents.add(projectPath(spelled, true).path);
    this.#path(spelled, true);
  }

  #path(spelled: string, write: boolean): void {
    if (spelled.length > 4096) return;
    const path = projectPath(spelled, write);
    // To the shell this is a connection.
    const connection = /^\/dev\/(?:tcp|udp)\/([^/]+)/.exec(path.path)?.[1];
    if (connection !== undefined) this.hosts.add(hostOf(`http://${connection}/`) ?? unknownHost);
    const known = this.paths.get(path.path);
    if (!known || (write && !known.write)) this.paths.set(path.path, path);
  }

  #host(spelled: string, bare: boolean): void {
    const text = bare && spelled.startsWith('//') ? `http:${spelled}` : spelled;
    let host = text.includes('://') || (bare && /^https?:/i.test(text)) ? hostOf(text) : null;
    if (host === null && bare && /^[^\s/]+/.test(text)) {
      const place = /^(?:[^@\s/]+@)?(\[[0-9a-f:.]+\]|[^:\s/@]+)/i.exec(text);
      host = place ? hostOf(`http://${place[1]}/`) : null;
    }
    if (host !== null) this.hosts.add(host);
  }
}

/** A word as it is, and with what a variable in it is set to. */
function spellings(word: string, { values }: ShellFacts): readonly string[] {
  const read = values.size === 0 ? null : /\$\{?(\w+)\}?/.exec(word);
  const texts = read === null ? undefined : values.get(read[1]!);
  if (texts === undefined) return [word];
  return [word, ...texts.map((text) => word.replace(read![0], () => text))];
}
