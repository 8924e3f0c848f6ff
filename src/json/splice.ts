import type { Body, Splice } from '../model/body.ts';

/**
 * Replaces parts of `bytes` in one allocation. Splices may come in any order; two that only touch are fine, and
 * insertions at one place keep their order. Throws a TypeError where two overlap or one lies outside.
 */
export function splice(bytes: Uint8Array, splices: readonly Splice[]): Uint8Array {
  const sorted = splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let length = bytes.length;
  let behind = 0;
  for (const edit of sorted) {
    if (edit.start < behind || edit.end < edit.start || edit.end > bytes.length) {
      throw new TypeError(`splice ${edit.start}-${edit.end} overlaps another one or lies outside of the text`);
    }
    behind = edit.end;
    length += edit.bytes.length - (edit.end - edit.start);
  }
  const result = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  for (const edit of sorted) {
    result.set(bytes.subarray(from, edit.start), to);
    to += edit.start - from;
    result.set(edit.bytes, to);
    to += edit.bytes.length;
    from = edit.end;
  }
  result.set(bytes.subarray(from), to);
  return result;
}

/** The bytes of a body with its edits; without edits the original bytes themselves, not a copy. */
export function render(body: Body): Uint8Array {
  return body.splices.length === 0 ? body.bytes : splice(body.bytes, body.splices);
}

/** A JSON string literal, quotes included, in UTF-8. */
export function quote(text: string): Uint8Array {
  return Buffer.from(JSON.stringify(text));
}
