import type { SchemaNode } from './describe.ts';

/** What the schema says about the key at `path`, about the list where it is a place in one, or an empty text. */
export function describeAt(schema: SchemaNode, path: readonly PropertyKey[]): string {
  const said = nodesAt(schema, path).find((node) => node.description !== undefined)?.description;
  if (said === undefined && typeof path.at(-1) === 'number') return describeAt(schema, path.slice(0, -1));
  return said ?? '';
}

/** Whether a secret stands at `path`. */
export function isSecretAt(schema: SchemaNode, path: readonly PropertyKey[]): boolean {
  return nodesAt(schema, path).some(({ properties }) => Object.keys(properties ?? {}).join() === 'file,env');
}

/** The keys that may stand in the mapping at `path`. */
export function knownKeys(schema: SchemaNode, path: readonly PropertyKey[]): string[] {
  return [...new Set(nodesAt(schema, path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** The form of the mapping at `path` that has `key`, as `source: static`, or null where no one form has it. */
export function formWith(schema: SchemaNode, path: readonly PropertyKey[], key: string): string | null {
  for (const { properties = {} } of nodesAt(schema, path)) {
    const chooser = Object.entries(properties).find(([, value]) => typeof value.const === 'string');
    if (chooser && Object.hasOwn(properties, key)) return `${chooser[0]}: ${chooser[1].const}`;
  }
  return null;
}

/** The candidate at most two edits away from `word`, or null. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const ranked = candidates.map((candidate) => ({ candidate, edits: distance(word, candidate) }));
  ranked.sort((left, right) => left.edits - right.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= 2 ? best.candidate : null;
}

function nodesAt(schema: SchemaNode, path: readonly PropertyKey[]): SchemaNode[] {
  let nodes = alternatives(schema);
  for (const key of path) {
    const next = nodes.flatMap((node) =>
      typeof key === 'number' ? [node.items] : [node.properties?.[String(key)] ?? node.additionalProperties],
    );
    nodes = next.filter((node) => typeof node === 'object').flatMap(alternatives);
  }
  return nodes;
}

function alternatives(node: SchemaNode): SchemaNode[] {
  return [node, ...[...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(alternatives)];
}

/** Levenshtein distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = left[i - 1] === right[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change));
    }
    row = next;
  }
  return row[right.length]!;
}
