import { defaultLimits, scan } from '../../src/json/index.ts';
import { literalsOf } from '../../src/mask/literal.ts';
import type { Body, Leaf, Splice } from '../../src/model/body.ts';

/** A body whose leaves are its string literals; `say` names what is not the user's, by decoded text. */
export function bodyOf(json: string, say: (text: string) => Partial<Leaf> = () => ({})): Body {
  const leaves = [...literalsOf(json)].map((literal): Leaf => {
    const at = (offset: number) => Buffer.byteLength(json.slice(0, offset));
    const key = /^\s*:/.test(json.slice(literal.end));
    const place = { start: at(literal.start), end: at(literal.end), path: ['x'], text: literal.text, key };
    return { ...place, origin: 'user', kind: 'text', message: 0, fixed: false, ...say(literal.text) };
  });
  return { bytes: Buffer.from(json), root: scan(Buffer.from(json), defaultLimits), leaves, blocks: [], splices: [] };
}

/** The body as it goes on. */
export function rendered(body: Body): string {
  const splices = body.splices.toSorted((a: Splice, b: Splice) => b.start - a.start);
  return splices
    .reduce(
      (bytes, { start, end, bytes: mine }) => Buffer.concat([bytes.subarray(0, start), mine, bytes.subarray(end)]),
      Buffer.from(body.bytes),
    )
    .toString();
}
