/** One thing that is wrong with a configuration. Never holds a value, which may be a secret in the wrong place. */
export interface Fault {
  /** Where: `identity.issuers[0].kind`, a line of the file, or an environment variable. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** All that is wrong with a configuration, at once. The message lists every fault with its hint. */
export class ConfigFaults extends Error {
  override readonly name = 'ConfigFaults';
  readonly faults: readonly Fault[];

  constructor(source: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? 'one fault' : `${faults.length} faults`;
    const lines = faults.map(({ path, message, hint }) => `  ${path}: ${message}${hint ? `\n      ${hint}` : ''}`);
    super([`${count} in ${source}`, ...lines].join('\n'));
    this.faults = faults;
  }
}
