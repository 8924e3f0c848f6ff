import type { JsonNode } from '../model/body.ts';

/** Keys and indices from the node that is written. */
export type JsonPath = readonly (string | number)[];

/** What is left out or written differently. The path is only valid during the call. */
export interface CanonicalOptions {
  /** Whether to leave a member of an object out. */
  readonly drop?: (path: JsonPath, value: JsonNode) => boolean;
  /** The canonical text to write in place of a value, or null to write the value. */
  readonly replace?: (path: JsonPath, value: JsonNode) => string | null;
}

/**
 * The canonical text of a value: keys sorted by UTF-16 units, no white space, strings with the fewest escapes,
 * numbers as spelled (`1.0` is not `1`: what upstream makes of them is not ours to guess). Two texts of equal
 * canonical form say the same to every reader of JSON.
 */
export function canonical(node: JsonNode, options: CanonicalOptions = {}): string {
  const pieces: string[] = [];
  write(node, options, [], pieces);
  return pieces.join('');
}

function write(node: JsonNode, options: CanonicalOptions, path: (string | number)[], pieces: string[]): void {
  const replaced = options.replace?.(path, node) ?? null;
  if (replaced !== null) {
    pieces.push(replaced);
    return;
  }
  if (node.type === 'object') writeObject(node, options, path, pieces);
  else if (node.type === 'array') writeArray(node, options, path, pieces);
  else pieces.push(node.type === 'string' ? literal(node) : node.spelling());
}

/** A string literal with the fewest escapes. */
function literal(node: JsonNode): string {
  const spelling = node.spelling();
  return spelling.includes('\\') ? JSON.stringify(node.string()) : spelling;
}

function writeObject(node: JsonNode, options: CanonicalOptions, path: (string | number)[], pieces: string[]): void {
  const members = node.entries().toSorted(([a], [b]) => (a < b ? -1 : 1));
  let separator = '{';
  for (const [key, value] of members) {
    path.push(key);
    if (options.drop?.(path, value) !== true) {
      pieces.push(separator, JSON.stringify(key), ':');
      separator = ',';
      write(value, options, path, pieces);
    }
    path.pop();
  }
  pieces.push(separator === '{' ? '{}' : '}');
}

function writeArray(node: JsonNode, options: CanonicalOptions, path: (string | number)[], pieces: string[]): void {
  let separator = '[';
  let index = 0;
  for (const item of node.items()) {
    path.push(index++);
    pieces.push(separator);
    separator = ',';
    write(item, options, path, pieces);
    path.pop();
  }
  pieces.push(separator === '[' ? '[]' : ']');
}
