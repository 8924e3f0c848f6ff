/**
 * Aho–Corasick over folded UTF-16 units: recognises every occurrence of a set of literals in one pass. Nodes hold
 * their children as a sibling list (almost every node has one), and the root is a table, so that a set of long
 * secrets costs a few bytes a character and ordinary text one look-up a character.
 */
export interface Literals {
  /** Folded length of the literal's prefix that the node stands for. */
  readonly depth: Int32Array;
  /** Index of the literal that ends at the node, or -1. */
  readonly output: Int32Array;
  /** The next shorter suffix at which a literal ends, or 0. */
  readonly link: Int32Array;
  readonly firstChild: Int32Array;
  readonly sibling: Int32Array;
  readonly unit: Uint16Array;
  readonly fail: Int32Array;
  /** The root's children for units below 256; 0 for none. */
  readonly root: Int32Array;
  /** The root's children for all other units. */
  readonly rootHigh: ReadonlyMap<number, number>;
}

/** Builds the automaton. `literals` are folded unit lists, none empty; of equal ones the first is reported. */
export function buildLiterals(literals: readonly (readonly number[])[]): Literals {
  const size = literals.reduce((sum, literal) => sum + literal.length, 1);
  const nodes = {
    depth: new Int32Array(size),
    output: new Int32Array(size).fill(-1),
    link: new Int32Array(size),
    firstChild: new Int32Array(size),
    sibling: new Int32Array(size),
    unit: new Uint16Array(size),
    fail: new Int32Array(size),
    root: new Int32Array(256),
    rootHigh: new Map<number, number>(),
  };
  let count = 1;
  literals.forEach((literal, index) => {
    let node = 0;
    for (const unit of literal) {
      let child = childOf(nodes, node, unit);
      if (child === 0) {
        child = count++;
        nodes.unit[child] = unit;
        nodes.depth[child] = nodes.depth[node]! + 1;
        nodes.sibling[child] = nodes.firstChild[node]!;
        nodes.firstChild[node] = child;
        if (node === 0 && unit < 256) nodes.root[unit] = child;
        else if (node === 0) nodes.rootHigh.set(unit, child);
      }
      node = child;
    }
    if (nodes.output[node] === -1) nodes.output[node] = index;
  });
  linkFailures(nodes, count);
  return nodes;
}

/** Breadth first, so that the failure node of a parent is known before its children need it. */
function linkFailures(nodes: Literals, count: number): void {
  const queue: number[] = [];
  for (let child = nodes.firstChild[0]!; child !== 0; child = nodes.sibling[child]!) queue.push(child);
  for (let head = 0; head < queue.length && head < count; head++) {
    const node = queue[head]!;
    for (let child = nodes.firstChild[node]!; child !== 0; child = nodes.sibling[child]!) {
      const fail = step(nodes, nodes.fail[node]!, nodes.unit[child]!);
      nodes.fail[child] = fail;
      nodes.link[child] = nodes.output[fail] === -1 ? nodes.link[fail]! : fail;
      queue.push(child);
    }
  }
}

function childOf(nodes: Literals, node: number, unit: number): number {
  if (node === 0) return unit < 256 ? nodes.root[unit]! : (nodes.rootHigh.get(unit) ?? 0);
  let child = nodes.firstChild[node]!;
  while (child !== 0 && nodes.unit[child] !== unit) child = nodes.sibling[child]!;
  return child;
}

/** The node after one more unit: the longest suffix of the text so far that begins some literal. */
export function step(nodes: Literals, from: number, unit: number): number {
  let node = from;
  while (node !== 0) {
    let child = nodes.firstChild[node]!;
    while (child !== 0) {
      if (nodes.unit[child] === unit) return child;
      child = nodes.sibling[child]!;
    }
    node = nodes.fail[node]!;
  }
  return unit < 256 ? nodes.root[unit]! : (nodes.rootHigh.get(unit) ?? 0);
}
