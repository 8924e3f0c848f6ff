import type { Assignment, ParsedScript, Word, WordPart } from 'unbash';

/** Variables of a script that hold one text from the place on where they are set. */
export type Constants = ReadonlyMap<string, Constant>;

export interface Constant {
  readonly value: string;
  /** Where in the script its assignment ends. */
  readonly from: number;
}

const none: Constants = new Map();
/** No space, no pattern and nothing that expands, and no option: the same words wherever it stands. */
const steady = /^(?:[\w./~][\w./:@%+,=~-]*|\$[!$?#])$/;
/** What may set variables without naming them. */
const unseen = /\b(?:eval|source|read|mapfile|readarray|getopts|IFS)\b|(?:^|[\s;&|(])\.\s/;

/**
 * The variables that a statement of the script's own level sets to a plain text, and that nothing else in it names: in
 * `URL=http://localhost; curl $URL` it is known what is reached.
 */
export function constantsOf(script: ParsedScript, text: string): Constants {
  if (!/^\s*(?:export\s+)?[A-Za-z_]\w*=/m.test(text) && !text.includes(';')) return none;
  if (unseen.test(text)) return none;
  const constants = new Map<string, Constant>();
  const named = namesIn(text);
  for (const { command, background } of script.commands) {
    if (background === true || command.type !== 'Command' || command.redirects.length > 0) continue;
    const assigned = command.name === undefined ? command.prefix : exported(command.name, command.args);
    for (const assignment of assigned) {
      if (assignment.type !== 'Assignment' || assignment.append || assignment.index !== undefined) continue;
      const value = assignment.value.type === 'Word' ? literalOf(assignment.value) : null;
      if (value === null || !steady.test(value) || named.get(assignment.name) !== 1) continue;
      constants.set(assignment.name, { value, from: assignment.end });
    }
  }
  return constants;
}

function exported(name: Word, args: readonly (Word | Assignment)[]): readonly Assignment[] {
  if (name.value !== 'export' || args.some((argument) => argument.type !== 'Assignment')) return [];
  return args.filter((argument) => argument.type === 'Assignment');
}

/** How often each name stands in the text without being read (`$NAME`, `${NAME…}`). */
function namesIn(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [name] of text.matchAll(/(?<!\$\{?[#!]?)\b[A-Za-z_]\w*/g)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** The text of a word in which nothing is expanded but `$!` and its like, or null. */
function literalOf(word: Word): string | null {
  let text = '';
  const add = (parts: readonly WordPart[]): boolean =>
    parts.every((part) => {
      if (part.type === 'DoubleQuoted') return add(part.parts);
      if (part.type === 'SimpleExpansion' && /^\$[!$?#]$/.test(part.text)) text += part.text;
      else if (part.type === 'Literal' || part.type === 'SingleQuoted' || part.type === 'AnsiCQuoted')
        text += part.value;
      else return false;
      return true;
    });
  if (word.parts === undefined) return word.value;
  return add(word.parts) ? text : null;
}
