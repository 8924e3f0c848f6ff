/*
 * What the names of tools and of the members of their input say, so that tools nobody has told us of are read too.
 * `filePath`, `file-path` and `File_Path` are one name.
 */

/** A member's name in words of small letters, joined by `_`. */
export function plainKey(key: string): string {
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toLowerCase();
}

/** Members that hold a command of the shell. */
export const commandKey = /^((shell|bash|run|exec|terminal)_)?(commands?|cmds?|script|command_line|cmdline)$|^bash$/;
/** Members that hold the arguments of a command beside them. */
export const argumentKey = /^(args|arguments|argv|parameters)$/;
/** Members that hold a program, where the tool runs one. */
export const codeKey =
  /^((source|python|javascript|js)_?)?code$|^(source|program|snippet|python|javascript|expression)$/;
/** Members that name a place of the disk. */
export const pathKey =
  /(^|_)(paths?|files?|filepath|filename|dir|dirs|directory|directories|folder|folders|dest|destination|dst|src|source|target|cwd|workdir|output|outfile|uri)$/;
/** Members that may name a place, or a person: only what is spelled as a path counts. */
export const directionKey = /^(to|from)$/;
/** Members that name what a tool makes, whatever the tool is called. */
export const outputKey = /^(to|output|out|dest|destination|dst|save|new|target)(_|$)|^outfile$/;
/** Members that name a host. */
export const urlKey = /(^|_)(urls?|uri|href|endpoint|host|hostname|server|domain)$/;
/** Members of a shell's input that are no command. */
export const remarkKey =
  /^(description|timeout|reason|explanation|title|shell|name|id|\w+_id|cwd|dir|directory|workdir|path|env)$/;

/** Tools that change what they name; those of MCP servers and of the SDK's users included. */
export const writing =
  /write|edit|create|delete|remove|move|rename|save|update|patch|insert|append|copy|mkdir|upload|put|replace|download|export|store|extract|unzip|touch|overwrite|generate/i;
/** Tools that run a program they are given. */
export const running = /exec|run|eval|python|node|javascript|repl|interpreter|sandbox|code|notebook_?cell/i;
export const shellName =
  /^(bash|shell|sh|zsh|local_shell|terminal|powershell|pwsh|cmd|exec|execute|exec_command|execute_command|execute_bash|shell_command|run_command|run_shell_command|run_terminal_cmd|run_in_terminal)$/i;
export const foreignShell = /^(powershell|pwsh|cmd)$/i;
export const fileTool =
  /^(read|write|edit|multiedit|notebookedit|notebookread|glob|grep|ls|str_replace(_based)?_edit(or)?_tool|str_replace_editor|text_editor|memory)$/i;
