import type { Json, JsonObject } from '../model/json.ts';
import type { ProjectedPath, ToolUseInput } from '../model/projection.ts';
import { hostOf } from './hosts.ts';
import { reachOf, unknownHost } from './network.ts';
import { projectPath } from './paths.ts';
import { readArguments, readShell, type ShellFacts } from './shell.ts';
import { baseName } from './wrappers.ts';
import { namedOutputs, writesOperands } from './writes.ts';

/** What a tool call names: the facts that policy judges, without its text. */
export type ToolFacts = Pick<ToolUseInput['input'], 'commands' | 'expanded' | 'inline' | 'opaque' | 'paths' | 'hosts'>;

const maxFacts = 1000;
const maxDepth = 16;
const maxCode = 4096;

const commandKeys: ReadonlySet<string> = new Set(['command', 'cmd', 'commands', 'script', 'shell_command', 'bash']);
const pathKeys: ReadonlySet<string> = new Set([
  ...[
    'file_path',
    'path',
    'notebook_path',
    'filepath',
    'filePath',
    'filename',
    'file',
    'files',
    'paths',
    'dir',
    'directory',
  ],
  ...['source', 'destination', 'src', 'dst', 'target', 'cwd', 'uri', 'old_path', 'new_path', 'output', 'output_path'],
]);
const urlKeys: ReadonlySet<string> = new Set([
  'url',
  'urls',
  'uri',
  'href',
  'endpoint',
  'base_url',
  'host',
  'hostname',
]);

/** Names of tools that change what they name; tools of MCP servers and of the SDK's users included. */
const writing =
  /write|edit|create|delete|remove|move|rename|save|update|patch|insert|append|copy|mkdir|upload|put|replace/i;
const shellName =
  /^(bash|shell|sh|terminal|powershell|pwsh|cmd|exec|execute|execute_command|run_command|run_terminal_cmd)$/i;
const foreignShell = /^(powershell|pwsh|cmd)$/i;
const fileTool =
  /^(read|write|edit|multiedit|notebookedit|notebookread|glob|grep|ls|str_replace(_based)?_edit(or)?_tool|text_editor|memory)$/i;

/** What kind of tool a name stands for, and the MCP server it belongs to. */
export function toolKind(name: string): ToolUseInput['tool'] {
  const parts = name.split('__');
  if (parts[0] === 'mcp' && parts.length >= 3) return { name, kind: 'mcp', server: parts[1]! };
  if (shellName.test(name)) return { name, kind: 'shell', server: null };
  return { name, kind: fileTool.test(name) ? 'file' : 'other', server: null };
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

class FactReader {
  readonly commands: (readonly string[])[] = [];
  readonly expanded: number[] = [];
  readonly inline: { readonly program: string; readonly code: string }[] = [];
  readonly paths = new Map<string, ProjectedPath>();
  readonly hosts = new Set<string>();
  opaque = false;
  readonly #executed: string[] = [];
  readonly #contents = new Set<string>();
  readonly #writes: boolean;
  readonly #foreign: boolean;

  constructor(name: string) {
    const tool = name.slice(name.lastIndexOf('__') + 1).replace(/^_+/, '');
    this.#writes = writing.test(tool);
    this.#foreign = foreignShell.test(tool);
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
      if (commandKeys.has(key) && value.length > 0 && value.every((entry) => typeof entry === 'string')) {
        // `["bash", "-lc", "…"]` is an argument list; `["ls", "rm -rf x"]` may be a list of scripts: both are read.
        this.#shell(readArguments(value));
        if (value.some((entry) => /\s/.test(entry))) for (const entry of value) this.#shell(readShell(entry));
        return;
      }
      for (const entry of value as readonly Json[]) this.walk(key, entry, depth + 1);
      return;
    }
    for (const [name, entry] of Object.entries(value as JsonObject)) this.walk(name, entry, depth + 1);
    if (depth === 0) this.#editor(value as JsonObject);
  }

  /** A file that the same call wrote before is not what the gateway could have read. */
  runsWhatItWrites(): boolean {
    return this.#executed.some((file) => this.#contents.has(projectPath(file, false).path));
  }

  #text(key: string, text: string): void {
    if (commandKeys.has(key)) {
      if (this.#foreign) this.opaque = true;
      this.#shell(readShell(text));
    }
    if (text.length > 4096) return;
    if (pathKeys.has(key) && text !== '' && !/^[a-z][a-z0-9+.-]+:\/\/(?!\/)/i.test(text))
      this.#path(text, this.#writes);
    if (urlKeys.has(key) || /^[a-z][a-z0-9+.-]{0,15}:\/\//i.test(text)) this.#host(text, urlKeys.has(key));
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

  #shell(facts: ShellFacts): void {
    if (facts.opaque) this.opaque = true;
    for (const path of facts.written) this.#content(path);
    for (const path of facts.read) this.#path(path, false);
    for (const at of facts.expanded) this.expanded.push(this.commands.length + at);
    for (const { program, code } of facts.inline) {
      if (code.length > maxCode) this.opaque = true;
      this.inline.push({ program, code: code.slice(0, maxCode) });
      for (const [url] of code.matchAll(/[a-z][a-z0-9+.-]{0,15}:\/\/[^\s'"`)\\]{1,512}/gi)) this.#host(url, false);
    }
    this.#executed.push(...facts.executed);
    for (const argv of facts.commands) {
      this.commands.push(argv);
      if (this.over) return;
      this.#operands(argv);
    }
  }

  #operands(argv: readonly string[]): void {
    const program = baseName(argv[0] ?? '');
    const writes = writesOperands(program, argv);
    for (const file of namedOutputs(program, argv)) this.#content(file);
    const reach = reachOf(program, argv);
    for (const host of reach?.hosts ?? []) this.hosts.add(host);
    for (const file of reach?.written ?? []) this.#content(file);
    if (program === 'tee') for (const file of argv.slice(1)) this.#content(file);
    for (const word of argv.slice(1)) {
      const value = word.replace(/^(-[-\w]*=|[a-z]+=)/, '');
      if (value === '' || (word.startsWith('-') && value === word)) continue;
      if (value.includes('://') && reach === null) this.#host(value, false);
      if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) continue;
      if (writes || value.includes('/') || value.startsWith('~') || value.startsWith('.')) {
        this.#path(value, writes || (program === 'dd' && word.startsWith('of=')));
      }
    }
  }

  /** A file whose content the call writes. */
  #content(spelled: string): void {
    this.#contents.add(projectPath(spelled, true).path);
    this.#path(spelled, true);
  }

  #path(spelled: string, write: boolean): void {
    if (spelled.length > 4096 || /[\n\r\0]/.test(spelled)) return;
    const path = projectPath(spelled, write);
    // To the shell this is a connection.
    const connection = /^\/dev\/(?:tcp|udp)\/([^/]+)/.exec(path.path)?.[1];
    if (connection !== undefined) this.hosts.add(hostOf(`http://${connection}/`) ?? unknownHost);
    const known = this.paths.get(path.path);
    if (!known || (write && !known.write)) this.paths.set(path.path, path);
  }

  #host(text: string, bare: boolean): void {
    let host = text.includes('://') ? hostOf(text) : null;
    if (host === null && bare && /^[^\s/]+/.test(text)) {
      const place = /^(?:[^@\s/]+@)?(\[[0-9a-f:.]+\]|[^:\s/@]+)/i.exec(text);
      host = place ? hostOf(`http://${place[1]}/`) : null;
    }
    if (host !== null) this.hosts.add(host);
  }
}
