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
export function* sectionsOf(body: Body): Generator<Section, undefined> {
  const { leaves, splices } = body;
  let at = 0;
  for (const { place, start, end } of rangesOf(body)) {
    while (at < leaves.length && leaves[at]!.start < start) at++;
    const first = at;
    while (at < leaves.length && leaves[at]!.start < end) at++;
    if (at === first || end - start > longest) continue;
    if (splices.some((splice) => splice.start < end && splice.end > start)) continue;
    yield { first, end: at, place, bytes: body.bytes.subarray(start, end) };
  }
}

function* rangesOf({
  root,
}: Body): Generator<{ readonly place: string; readonly start: number; readonly end: number }> {
  for (const [name, member] of root.entries()) {
    if (!lists.has(name) || member.type !== 'array') yield { place: name, start: member.start, end: member.end };
    else for (const { start, end } of member.items()) yield { place: `${name}[]`, start, end };
  }
}
