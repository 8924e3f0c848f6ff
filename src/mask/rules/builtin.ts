import { compileRules } from './compile.ts';
import { readRules } from './format.ts';
import { encodeTables, loadTables, type Tables } from './tables.ts';

/** What is looked for where no bundle brings rules: the credentials that this gateway exists to keep. */
const builtin = {
  rules: [
    {
      id: 'anthropic',
      class: 'credential',
      label: 'Anthropic API key, admin key or OAuth token',
      reference: 'https://docs.claude.com/en/api/admin-api/apikeys/get-api-key (partial_key_hint)',
      left: null,
      body: 'sk-ant-',
      minimum: 16,
      tail: '[A-Za-z0-9_-]',
      examples: ['«sk-·ant-·api03-·Zq8vT2mWc4Lk9»'],
      near: ['sk-ant-api03'],
    },
  ],
};

/** The built-in rules, compiled anew (a few milliseconds). */
export function builtinRules(): Uint8Array {
  const { rules } = readRules([{ name: 'built in', content: builtin }]);
  return encodeTables(compileRules(rules).compiled);
}

/** The tables of the built-in rules. */
export function builtinTables(): Tables {
  return loadTables(builtinRules());
}
