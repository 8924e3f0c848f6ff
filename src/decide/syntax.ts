import { forEachChild, type SyntaxNode } from 'unbash';

const maxNesting = 64;

/** Parentheses nested as nobody writes them; reading them takes time that grows with the square. */
export function nestsDeeply(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 40 && ++depth > maxNesting) return true;
    if (code === 41 && depth > 0) depth--;
  }
  return false;
}

const bashOnly: ReadonlySet<string> = new Set([
  ...['AnsiCQuoted', 'LocaleString', 'BraceExpansion', 'TestCommand', 'ArithmeticCommand', 'ArithmeticFor'],
]);

/** What `sh` need not read as Bash does: in `true &> x rm y` and `[[ a || rm y ]]` it may run the `rm`. */
export function isBashOnly(node: SyntaxNode): boolean {
  return bashOnly.has(node.type) || (node.type === 'Redirect' && node.operator.startsWith('&'));
}

/** A function that starts itself twice never ends. */
export function callsItself({
  name,
  body,
}: {
  readonly name: { readonly value: string };
  readonly body: SyntaxNode;
}): boolean {
  let calls = 0;
  const count = (node: SyntaxNode): void => {
    if (node.type === 'Command' && node.name?.value === name.value) calls++;
    forEachChild(node, count);
  };
  count(body);
  return calls > 1;
}
