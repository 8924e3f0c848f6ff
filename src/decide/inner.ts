/** Words of a command, from the first to before the last index. */
export type Range = readonly [start: number, end: number];

/** What a command runs besides itself. */
export interface Inner {
  /** Words that run as a command. */
  readonly commands?: readonly Range[];
  /** Words that run as a shell script, joined by spaces. */
  readonly scripts?: readonly Range[];
  /** Shell scripts that are a part of a word. */
  readonly texts?: readonly string[];
  /** Commands that no words of the command spell. */
  readonly made?: readonly (readonly string[])[];
  /** Words `NAME=value` that set the environment of what runs. */
  readonly assigned?: readonly number[];
  /** Words that are a program in the language of an interpreter. */
  readonly code?: readonly number[];
  /** The word that names a file which is run. */
  readonly file?: number;
  readonly opaque?: boolean;
  /**
   * What it takes from its standard input: a script of the shell, a program of an interpreter, or commands of its own
   * among which some run others.
   */
  readonly input?: 'script' | 'code' | 'escapes';
  /** What runs gets further words from the standard input. */
  readonly fed?: boolean;
  /** Words of the command in which what it is fed stands. */
  readonly hole?: RegExp;
  /** Its scripts in `texts` read what another program writes. */
  readonly piped?: boolean;
  /** The directory in which what comes after it runs. */
  readonly enters?: string;
  /** Names that stand for other commands from here on. */
  readonly named?: readonly string[];
  /** An unquoted expansion before the command may bring a command of its own. */
  readonly leads?: boolean;
}
