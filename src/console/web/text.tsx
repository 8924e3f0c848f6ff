import type { ComponentChildren } from 'preact';

/**
 * What a reader could not see, or would see elsewhere than it is: control, format (bidi among them), private, unassigned
 * and ignorable characters, lone surrogates, and every space but the ordinary one. Line feed and tab stay.
 */
const hidden = /[[\p{C}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}]--[ \n\t]]/v;
const special = /(\[masked:[\w.\-]{1,80}\])|([[\p{C}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}]--[ \n\t]]+)/gv;
/** Characters of a run of hidden ones that are named; a longer run is counted. */
const NAMED = 8;

const names: { readonly [code: number]: string } = {
  0: 'NUL',
  8: 'BS',
  13: 'CR',
  27: 'ESC',
  127: 'DEL',
  160: 'NBSP',
  173: 'SHY',
  8203: 'ZWSP',
  8205: 'ZWJ',
  8206: 'LRM',
  8207: 'RLM',
  8234: 'LRE',
  8235: 'RLE',
  8236: 'PDF',
  8237: 'LRO',
  8238: 'RLO',
  8294: 'LRI',
  8295: 'RLI',
  8296: 'FSI',
  8297: 'PDI',
  65279: 'BOM',
};

/** Whether a text holds something that `Visible` shows in place of itself. */
export function hasHidden(text: string): boolean {
  return hidden.test(text);
}

/** Untrusted text: text only, hidden characters spelled out, what the gateway masked marked as such. */
export function Visible({ text }: { readonly text: string }) {
  const parts: ComponentChildren[] = [];
  let from = 0;
  for (const match of text.matchAll(special)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    parts.push(match[1] === undefined ? <Hidden run={match[0]} /> : <mark class="masked">{match[0]}</mark>);
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push(text.slice(from));
  return <bdi>{parts}</bdi>;
}

function Hidden({ run }: { readonly run: string }) {
  const characters = [...run];
  const named = characters.slice(0, NAMED).map((character) => nameOf(character.codePointAt(0) ?? 0));
  const more = characters.length - named.length;
  return (
    <span class="hidden-character" title="a character that cannot be seen">
      {named.join(' ')}
      {more > 0 && ` and ${more} more`}
    </span>
  );
}

function nameOf(code: number): string {
  const spelled = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return names[code] ? `${names[code]} ${spelled}` : spelled;
}

/** Untrusted text in the typeface of code, every line kept, in the order in which it is stored. */
export function Code({ text }: { readonly text: string }) {
  return (
    <pre class="code">
      <code>
        <Visible text={text} />
      </code>
    </pre>
  );
}
