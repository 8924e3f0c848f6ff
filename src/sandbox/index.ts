/** The scripted stand-in of the Claude service: for first runs, tests and benchmarks, on loopback only. */
export type { Federation } from './exchange.ts';
export type { Sandbox, SandboxOptions } from './options.ts';
export { describeScripts } from './script/table.ts';
export { startSandbox } from './server.ts';
