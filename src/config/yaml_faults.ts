import type { Fault } from './faults.ts';

const indentation = [
  'wrong indentation',
  'Keys of one mapping begin in one column, what belongs to a key further right.',
];

const known: { readonly [code: string]: readonly string[] } = {
  BAD_INDENT: indentation,
  BLOCK_AS_IMPLICIT_KEY: indentation,
  MULTILINE_IMPLICIT_KEY: indentation,
  TAB_AS_INDENT: ['a tab as indentation', 'Indent with spaces.'],
  DUPLICATE_KEY: ['a key that its mapping has already', 'Put everything under one key of that name.'],
};

/** What is wrong with the YAML, by the code of its parser. The parser's own text may quote a value, so it is not used. */
export function yamlFault(code: string): Pick<Fault, 'message' | 'hint'> {
  const [what = code, hint = 'Look at this line and the one before.'] = known[code] ?? [];
  return { message: `not YAML: ${what}`, hint };
}
