/** The configuration: one schema, all faults reported together, printable with secrets hidden. */
export { parseAddress } from './address.ts';
export type { Environment } from './context.ts';
export { configSchema, printConfig, type SchemaNode } from './describe.ts';
export { ConfigFaults } from './faults.ts';
export { developmentConfig, loadConfig } from './load.ts';
export { plainWords } from './plain_words.ts';
export type { Config, ConfigInput } from './schema.ts';
