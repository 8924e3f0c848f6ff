import type { StreamEvent } from '../model/answer.ts';
import type { JsonObject } from '../model/json.ts';

/**
 * What is around the text of a delta. Nearly all events of an answer differ from the one before in that text alone, and
 * parsing each anew would be most of what reading them costs.
 */
export interface DeltaShape {
  /** Everything up to the text. */
  readonly head: string;
  readonly index: number;
  readonly delta: string;
  /** The name of the text in the delta. */
  readonly name: string;
}

const type = 'content_block_delta';
/** Everything after the text. */
const tail = '"}}\n\n';
/** What stands in a JSON string as it is, and ends no line. */
const plain = /^[^"\\\u0000-\u001f]*$/;
const noSpans: StreamEvent['spans'] = [];

/** The shape of an event that was read from `text`; null where its last string is not the text of its delta. */
export function shapeOf({ type: own, index, data, aside }: StreamEvent, text: string): DeltaShape | null {
  if (own !== type || aside !== undefined || Object.keys(data).join() !== 'type,index,delta') return null;
  const [kind, added, ...more] = Object.entries(data.delta ?? {});
  if (data.index !== index || kind?.[0] !== 'type' || typeof kind[1] !== 'string' || more.length > 0) return null;
  if (typeof added?.[1] !== 'string' || !plain.test(added[1])) return null;
  const head = text.slice(0, text.length - tail.length - added[1].length);
  return head + added[1] + tail === text ? { head, index, delta: kind[1], name: added[0] } : null;
}

/** The event of a text that has this shape, as parsing it would give; null where it has another. */
export function eventOfShape(shape: DeltaShape, text: string, bytes: Uint8Array): StreamEvent | null {
  const { head, index, delta, name } = shape;
  if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return null;
  const added = text.slice(head.length, -tail.length);
  if (!plain.test(added)) return null;
  const data: JsonObject = { type, index, delta: { type: delta, [name]: added } };
  return { kind: 'event', type, index, data, bytes, spans: noSpans };
}
