import type { Assignment, HereDoc, Word, WordPart } from 'unbash';
import type { Constants } from './constants.ts';

/** How much of a word is known before it runs: all of it, all but its value, or not even how many words it becomes. */
export type Certainty = 'known' | 'one' | 'many';

/** A word of a command: its value as far as it is known, with expansions as spelled. */
export interface ReadWord {
  readonly value: string;
  readonly certainty: Certainty;
}

/** Variables that hold one absolute path or name where nothing sets them. */
const steady = /^\$\{?(HOME|PWD|OLDPWD|TMPDIR|UID|EUID)\}?$/;
/** What the shell sets to a number. */
const numeric = /^\$(?:[!$?#]|\{[!$?#]\}|\{#\w+\})$/;
const noConstants: Constants = new Map();

/** Tells how certain words of one script are. `changed`: the script may set the variables that are steady elsewhere. */
export class WordReader {
  readonly #changed: boolean;
  readonly #constants: Constants;

  constructor(script: string, constants: Constants = noConstants) {
    this.#constants = constants;
    this.#changed = /(^|[^$\w{])(HOME|PWD|OLDPWD|TMPDIR)\b|\bpwd\s*\(|\balias\b/.test(script);
  }

  word(word: Word): ReadWord {
    const value = word.parts === undefined || this.#constants.size === 0 ? word.value : this.#spelled(word.parts);
    return { value, certainty: this.certainty(word.parts) };
  }

  argument(argument: Word | Assignment): ReadWord {
    if (argument.type === 'Word') return this.word(argument);
    const { name, append, value, index } = argument;
    if (value.type !== 'Word' || index !== undefined) return { value: argument.text, certainty: 'one' };
    const { value: text, certainty } = this.word(value);
    return { value: `${name}${append ? '+' : ''}=${text}`, certainty };
  }

  certainty(parts: readonly WordPart[] | undefined): Certainty {
    // A pattern at the beginning may match a file whose name is an option.
    const first = parts?.[0]?.type;
    if (first === 'Glob' || first === 'ExtendedGlob') return 'many';
    let found: Certainty = 'known';
    for (const part of parts ?? []) {
      const here = this.#part(part);
      if (here === 'many') return 'many';
      if (here === 'one') found = 'one';
    }
    return found;
  }

  #constant(part: WordPart): string | undefined {
    const constant = this.#constants.get(/^\$\{?(\w+)\}?$/.exec(part.text)?.[1] ?? '');
    return constant !== undefined && constant.from <= part.pos ? constant.value : undefined;
  }

  /** The text of a word with its constants put in. */
  #spelled(parts: readonly WordPart[]): string {
    return parts
      .map((part) => {
        if (part.type === 'DoubleQuoted' || part.type === 'LocaleString') return this.#spelled(part.parts);
        if (part.type === 'SimpleExpansion' || part.type === 'ParameterExpansion')
          return this.#constant(part) ?? part.text;
        return 'value' in part ? part.value : part.text;
      })
      .join('');
  }

  #part(part: WordPart): Certainty {
    switch (part.type) {
      case 'DoubleQuoted':
      case 'LocaleString': {
        const inner = this.certainty(part.parts);
        if (inner !== 'many') return inner;
        return part.parts.some((child) => /^\$\{?[^}]*@/.test(child.text)) ? 'many' : 'one';
      }
      case 'SimpleExpansion':
      case 'ParameterExpansion':
        if (numeric.test(part.text) || this.#constant(part) !== undefined) return 'known';
        return steady.test(part.text) && !this.#changed ? 'known' : 'many';
      case 'CommandExpansion':
        return part.text === '$(pwd)' && !this.#changed ? 'known' : 'many';
      case 'ProcessSubstitution':
        return 'one';
      case 'ArithmeticExpansion':
      case 'BraceExpansion':
        return 'many';
      default:
        return 'known';
    }
  }
}

/** Whether the word is a pattern that files may match. */
function isPattern(word: Word): boolean {
  return (word.parts ?? []).some((part) => part.type === 'Glob' || part.type === 'ExtendedGlob');
}

/** `*.log`: whatever files it stands for, none of their names is an option. */
export function isSuffixed({ value }: ReadWord): boolean {
  return /^\*[\w-]*\.[\w-]+$/.test(value);
}

/** Names in which nobody would see what they hold, or that an interactive shell replaces: `!!`, `^a^b`. */
const unreadable = /^[!^]|[\u0000-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202e\u2060\ufeff]/;

/** Whether a command's name is known and can be seen. */
export function isReadable(name: Word, read: ReadWord): boolean {
  return read.certainty === 'known' && !isPattern(name) && !unreadable.test(read.value);
}

/** A subscript with a substitution in it, out of what is quoted in a word: arithmetic runs it. */
export function hasSubscript(word: Word): boolean {
  return (
    /[$`]/.test(word.value) &&
    /\w\[[^\]]{0,99}?(?:\$\(|`)/s.test(word.parts === undefined ? word.value : literals(word.parts))
  );
}

function literals(parts: readonly WordPart[]): string {
  return parts
    .map((part) => {
      if (part.type === 'DoubleQuoted' || part.type === 'LocaleString') return literals(part.parts);
      return part.type === 'Literal' || part.type === 'SingleQuoted' || part.type === 'AnsiCQuoted' ? part.value : '';
    })
    .join('');
}

/** `${x@P}` runs the substitutions in a value, wherever it stands. */
export function runsValue(part: { readonly type: string; readonly text?: string }): boolean {
  return part.type === 'ParameterExpansion' && /@P\}$/.test(part.text ?? '');
}

/** The text of a here-document, or null where it is known only when it runs. */
export function hereText(document: HereDoc): string | null {
  const { body, delimiter, operator } = document;
  let text: string | null = body.text;
  if (delimiter?.quoted !== true && body.parts !== undefined) {
    text = body.parts.every((part) => part.type === 'Literal')
      ? body.parts.map((part) => (part.type === 'Literal' ? part.value : '')).join('')
      : null;
  }
  return text !== null && operator === '<<-' ? text.replace(/^\t+/gm, '') : text;
}
