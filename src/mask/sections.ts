import type { Body } from '../model/body.ts';

/** Bytes of the longest section; a longer one is remembered by its leaves alone. */
const longest = 1 << 20;

/** Members that grow by an element, or change in one, from turn to turn. */
const lists: ReadonlySet<string> = new Set(['messages', 'tools', 'system']);

/** Leaves that clients send again together: those of one message, of one tool, of one other member of a request. */
export interface Section {
  /** Indices of its leaves in the body: from `first`, before `end`. */
  readonly first: number;
  readonly end: number;
  /** The member of the request it is, or `[]` behind it is an element of: what its bytes mean follows from this alone. */
  readonly place: string;
  readonly bytes: Uint8Array;
}

/**
 * The sections of a body in order. Leaves outside of them are the names of the request's own members, and what an
 * earlier step has changed.
 */
export function sectionsOf({ bytes, root, leaves, splices }: Body): readonly Section[] {
  const sections: Section[] = [];
  let at = 0;
  const add = (place: string, start: number, end: number) => {
    while (at < leaves.length && leaves[at]!.start < start) at++;
    const first = at;
    while (at < leaves.length && leaves[at]!.start < end) at++;
    if (at === first || end - start > longest) return;
    if (splices.some((splice) => splice.start < end && splice.end > start)) return;
    sections.push({ first, end: at, place, bytes: bytes.subarray(start, end) });
  };
  for (const [name, member] of root.entries()) {
    if (!lists.has(name) || member.type !== 'array') add(name, member.start, member.end);
    else for (const item of member.items()) add(`${name}[]`, item.start, item.end);
  }
  return sections;
}
