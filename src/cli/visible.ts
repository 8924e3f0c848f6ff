/**
 * Text for a human who decides by it: what cannot be seen, or changes how the rest is seen (control, format, bidirectional
 * and zero-width characters, odd spaces, unassigned and private ones, halves of pairs), is spelled `\u{202e}`. Line ends
 * stay. In JSON a backslash of the text itself is doubled, so the two cannot be taken for each other.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, (character) =>
    character === '\n' || character === ' ' ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** JSON text on lines, every value spelled exactly as it was; only white space between tokens is added. */
export function laidOut(json: string): string {
  const pieces: string[] = [];
  let depth = 0;
  const line = () => pieces.push(`\n${'  '.repeat(depth)}`);
  const tokens = [...json.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs)].map(([token]) => token);
  for (const [at, token] of tokens.entries()) {
    const empty = /[{[]/.test(tokens[at - 1] ?? '') && /^[}\]]$/.test(token);
    if (/^[}\]]$/.test(token)) {
      depth -= 1;
      if (!empty) line();
    }
    pieces.push(token === ':' ? ': ' : token);
    if (/^[{[]$/.test(token)) {
      depth += 1;
      if (!/^[}\]]$/.test(tokens[at + 1] ?? '')) line();
    } else if (token === ',') line();
  }
  return pieces.join('');
}
