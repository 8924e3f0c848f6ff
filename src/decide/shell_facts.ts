/** What a shell script would do, as far as it can be read without running it. */
export interface ShellFacts {
  /** Argument lists of every simple command, and of every command inside wrappers (`sudo`, `xargs`, `bash -c`). */
  readonly commands: readonly (readonly string[])[];
  /** The directory that `cd` went to before each of them, as spelled; empty where there was none. */
  readonly directories: readonly string[];
  /** Places in `commands` of those with an argument that is known only when it runs. */
  readonly expanded: readonly number[];
  /** Programs in the language of an interpreter, from an option or a here-document. */
  readonly inline: readonly { readonly program: string; readonly code: string }[];
  /** True when some of what would run cannot be known. */
  readonly opaque: boolean;
  /** Files that redirections write. */
  readonly written: readonly string[];
  /** Files that redirections read. */
  readonly read: readonly string[];
  /** Files that are run: scripts of shells and interpreters, programs named by a path. */
  readonly executed: readonly string[];
  /** Texts that variables are set to, by name. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Places on the network that variables send programs to. */
  readonly proxies: readonly string[];
}
