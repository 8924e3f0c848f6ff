import type { Writable } from 'node:stream';
import { ConfigFaults, configSchema, type Environment, loadConfig, printConfig } from '../config/index.ts';

/** What `config check` and `config print` take from the command line. */
export interface ConfigOptions {
  /** Path of the configuration file. */
  readonly config: string;
}

/** `sallyport config check`: reads everything a start would read. Exit code 0, or 1 with every fault listed. */
export function configCheck(
  options: ConfigOptions & { readonly json?: boolean },
  env: Environment,
  output: Writable,
): number {
  if (!options.json) return withConfig(options, env, output, () => `${options.config} is fine\n`);
  const faults = faultsOf(options, env);
  output.write(`${JSON.stringify({ faults }, null, 2)}\n`);
  return faults.length === 0 ? 0 : 1;
}

function faultsOf({ config }: ConfigOptions, env: Environment): ConfigFaults['faults'] {
  try {
    loadConfig(config, env);
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigFaults) return thrown.faults;
    throw thrown;
  }
}

/** `sallyport config print`: the configuration in force, defaults and overrides included, secrets hidden. */
export function configPrint(options: ConfigOptions, env: Environment, output: Writable): number {
  return withConfig(options, env, output, printConfig);
}

/** `sallyport config schema`: JSON Schema of the file, for editors. */
export function configSchemaCommand(output: Writable): number {
  output.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
  return 0;
}

function withConfig(
  { config }: ConfigOptions,
  env: Environment,
  output: Writable,
  show: (config: ReturnType<typeof loadConfig>) => string,
): number {
  try {
    output.write(show(loadConfig(config, env)));
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof ConfigFaults)) throw thrown;
    output.write(`${thrown.message}\n`);
    return 1;
  }
}
