import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contract, schemaText } from '../../src/decide/contract.ts';

/** Writes `policies/schemas/*.json` anew from the contract the gateway itself uses. */
const folder = join(import.meta.dirname, '../../policies/schemas');
mkdirSync(folder, { recursive: true });
for (const name of Object.keys(contract) as (keyof typeof contract)[]) {
  writeFileSync(join(folder, `${name}.json`), schemaText(name));
}
