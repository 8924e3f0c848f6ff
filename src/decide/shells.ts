/** Programs that run scripts, by how they read them: as Bash does, as `sh` may, or in a language of their own. */
const languages: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bash: 'bash rbash zsh ksh mksh',
    sh: 'sh dash ash yash',
    own: 'fish csh tcsh elvish nu xonsh',
  }).flatMap(([language, names]) => names.split(' ').map((name): [string, string] => [name, language])),
);
/** Those of the shell itself. */
const builtins: ReadonlySet<string> = new Set(['eval', 'trap', 'source', '.']);

/** Whether a program is a shell. */
export function isShell(program: string): boolean {
  return languages.has(program);
}

/** Whether its scripts are no shell scripts as they are read here. */
export function isForeign(program: string): boolean {
  return languages.get(program) === 'own';
}

/** Whether a program reads scripts as Bash does; those of the shell itself do where the shell around them does. */
export function readsAsBash(program: string, around: boolean): boolean {
  return languages.get(program) === 'bash' || (around && builtins.has(program));
}
