/** What the schema needs beside the text it checks: where relative paths start, and the process environment. */
export interface Context {
  /** Absolute folder of the configuration file. */
  readonly directory: string;
  readonly env: Environment;
}

export type Environment = { readonly [name: string]: string | undefined };
