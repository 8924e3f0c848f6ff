import type { Assignment, HereDoc, Word, WordPart } from 'unbash';

/** How much of a word is known before it runs: all of it, all but its value, or not even how many words it becomes. */
export type Certainty = 'known' | 'one' | 'many';

/** A word of a command: its value as far as it is known, with expansions as spelled. */
export interface ReadWord {
  readonly value: string;
  readonly certainty: Certainty;
}

/** Variables that hold one absolute path or name where nothing sets them. */
const steady = /^\$\{?(HOME|PWD|OLDPWD|TMPDIR|UID|EUID)\}?$/;

/** Tells how certain words of one script are. `changed`: the script may set the variables that are steady elsewhere. */
export class WordReader {
  readonly #changed: boolean;

  constructor(script: string) {
    this.#changed = /(^|[^$\w{])(HOME|PWD|OLDPWD|TMPDIR)\b|\bpwd\s*\(|\balias\b/.test(script);
  }

  word(word: Word): ReadWord {
    return { value: word.value, certainty: this.certainty(word.parts) };
  }

  argument(argument: Word | Assignment): ReadWord {
    if (argument.type === 'Word') return this.word(argument);
    const { name, append, value, index } = argument;
    if (value.type !== 'Word' || index !== undefined) return { value: argument.text, certainty: 'one' };
    return { value: `${name}${append ? '+' : ''}=${value.value}`, certainty: this.certainty(value.parts) };
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

  #part(part: WordPart): Certainty {
    switch (part.type) {
      case 'DoubleQuoted':
      case 'LocaleString': {
        const inner = this.certainty(part.parts);
        if (inner !== 'many') return inner;
        return part.parts.some((child) => /^\$\{?[^}]*@/.test(child.text)) ? 'many' : 'one';
      }
      case 'SimpleExpansion':
        return steady.test(part.text) && !this.#changed ? 'known' : 'many';
      case 'ParameterExpansion':
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
export function isPattern(word: Word): boolean {
  return (word.parts ?? []).some((part) => part.type === 'Glob' || part.type === 'ExtendedGlob');
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
