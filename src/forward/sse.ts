import { isAscii } from 'node:buffer';
import { GatewayError } from '../errors.ts';
import { eventLimits, parseText } from '../json/index.ts';
import type { StreamEvent } from '../model/answer.ts';
import type { JsonObject } from '../model/json.ts';
import { type DeltaShape, eventOfShape, shapeOf } from './delta_shape.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

/** The most bytes that one event may have. */
const eventBytesMax = 1024 * 1024;

const noSpans: StreamEvent['spans'] = [];
const nothing: Uint8Array = new Uint8Array(0);
const emptyComment: Uint8Array = Buffer.from(':\n\n');
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads server-sent events from bytes, whatever the cuts: line ends CR, LF or CRLF, a leading byte order mark, comments
 * and multi-line data (HTML Living Standard, 9.2.6). Each event keeps its original bytes, its blank line included.
 */
export interface EventReader {
  /**
   * Takes bytes and returns the events that they complete.
   *
   * @throws GatewayError UPSTREAM_PROTOCOL for an event over 1 MiB, bytes that are no UTF-8, data that is no JSON object
   *   or has a name twice in one, or an event name that differs from the type inside
   */
  read(chunk: Uint8Array): readonly StreamEvent[];
  /** The stream is over: a final event whose blank line is a bare CR is complete now. */
  end(): readonly StreamEvent[];
  /** True when the bytes so far end exactly at the end of an event. */
  readonly atBoundary: boolean;
}

/** Makes a reader for one stream. */
export function createEventReader(): EventReader {
  let rest = nothing;
  let searched = 0;
  let shape: DeltaShape | null = null;

  const parse = (bytes: Uint8Array): StreamEvent => {
    const text = textOf(bytes);
    const alike = shape && eventOfShape(shape, text, bytes);
    if (alike) return alike;
    const event = parseEvent(text, bytes);
    shape = shapeOf(event, text) ?? shape;
    return event;
  };

  const take = (bytes: Uint8Array, final: boolean): readonly StreamEvent[] => {
    const events: StreamEvent[] = [];
    const plain = !bytes.includes(CR);
    let from = 0;
    for (;;) {
      const begin = Math.max(from, searched);
      const end = plain ? plainEventEnd(bytes, begin) : eventEnd(bytes, begin, final);
      if (end < 0) break;
      events.push(parse(part(bytes, from, end)));
      from = end;
      searched = end;
    }
    rest = part(bytes, from, bytes.length);
    if (rest.length > eventBytesMax) throw new GatewayError('UPSTREAM_PROTOCOL', 'an event is over 1 MiB');
    // A line end may be cut in the middle (CR | LF CR LF): look again at the last three bytes.
    searched = Math.max(0, rest.length - 3);
    return events;
  };

  return {
    read: (chunk) => take(rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk, false),
    end: () => take(rest, true),
    get atBoundary() {
      return rest.length === 0;
    },
  };
}

/** Part of the bytes. A view costs as much as reading a short event, so whole and empty parts need none. */
function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return nothing;
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

/**
 * Finds the end of the first event: just after its blank line, or -1. A CR at the very end of the bytes could still be
 * followed by its LF, so it does not end anything yet.
 */
function eventEnd(bytes: Uint8Array, from: number, last: boolean): number {
  const end = bytes.length;
  for (let i = from; i < end; i++) {
    const byte = bytes[i];
    if (byte !== LF && byte !== CR) continue;
    const next = lineEnd(bytes, i, last);
    if (next < 0 || next >= end) return -1;
    if (bytes[next] === LF) return next + 1;
    if (bytes[next] === CR) return lineEnd(bytes, next, last);
    i = next - 1;
  }
  return -1;
}

/** The same where no line ends in CR, by native search. */
function plainEventEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(LF, from); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2;
  }
  return -1;
}

/** The index after the line end at `at`, or -1 when it may go on in bytes not read yet. */
function lineEnd(bytes: Uint8Array, at: number, last: boolean): number {
  if (bytes[at] === LF) return at + 1;
  if (at + 1 >= bytes.length) return last ? at + 1 : -1;
  return bytes[at + 1] === LF ? at + 2 : at + 1;
}

function parseEvent(text: string, bytes: Uint8Array): StreamEvent {
  let name = '';
  let data: string | null = null;
  let aside: string | null = null;
  const plain = !text.includes('\r');
  let at = 0;
  while (at < text.length) {
    const end = lineEndIn(text, at, plain);
    if (end > at) {
      const colon = text.indexOf(':', at);
      const valueAt = colon < 0 || colon >= end ? end : colon + (text.charCodeAt(colon + 1) === SPACE ? 2 : 1);
      const fieldEnd = colon < 0 || colon >= end ? end : colon;
      if (text.startsWith('data', at) && fieldEnd === at + 4) {
        const value = text.slice(Math.min(valueAt, end), end);
        data = data === null ? value : `${data}\n${value}`;
      } else if (text.startsWith('event', at) && fieldEnd === at + 5) {
        name = text.slice(Math.min(valueAt, end), end);
      } else {
        const line = text.slice(at, end);
        aside = aside === null ? line : `${aside}\n${line}`;
      }
    }
    at = end + 1;
  }
  if (data === null) return { kind: 'event', type: 'comment', index: -1, data: {}, bytes, aside: text, spans: noSpans };
  const event = eventOf(name, data, bytes);
  return aside === null ? event : { ...event, aside };
}

/** The text of an event, without a leading byte order mark, as the standard asks. */
function textOf(bytes: Uint8Array): string {
  // Most events are ASCII, and a TextDecoder costs three times as much.
  if (bytes instanceof Buffer && isAscii(bytes)) return bytes.toString('latin1');
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'an event is not valid UTF-8', { cause });
  }
}

/** Where the line ends that begins at `at`; `plain` where the text has no CR. */
function lineEndIn(text: string, at: number, plain: boolean): number {
  if (plain) {
    const end = text.indexOf('\n', at);
    return end < 0 ? text.length : end;
  }
  let end = at;
  while (end < text.length && text.charCodeAt(end) !== LF && text.charCodeAt(end) !== CR) end++;
  return end;
}

function eventOf(name: string, text: string, bytes: Uint8Array): StreamEvent {
  let data: JsonObject;
  try {
    data = parseText(text, eventLimits) as JsonObject;
  } catch (cause) {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'the data of an event is not JSON', { cause });
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data) || typeof data.type !== 'string') {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'the data of an event is not an object with a type');
  }
  if (name !== data.type) checkType(name, data.type);
  const index = typeof data.index === 'number' ? data.index : -1;
  return { kind: 'event', type: data.type, index, data, bytes, spans: noSpans };
}

function checkType(name: string, type: string): void {
  if (name !== '') throw new GatewayError('UPSTREAM_PROTOCOL', 'the name of an event differs from the type inside');
  // Written anew it would be a line of its own.
  if (/[\r\n]/.test(type)) throw new GatewayError('UPSTREAM_PROTOCOL', 'the type of an event is more than one line');
}

/** The bytes of an event: its original ones, or its data written anew. */
export function eventBytes(event: StreamEvent): Uint8Array {
  if (event.bytes) return event.bytes;
  if (event.data.type === undefined) return emptyComment;
  // JSON text has no raw line ends, so the data is always one line.
  return Buffer.from(`event: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`);
}

/** An event the gateway makes. */
export function madeEvent(type: string, data: JsonObject): StreamEvent {
  const index = typeof data.index === 'number' ? data.index : -1;
  return { kind: 'event', type, index, data: { type, ...data }, bytes: null, spans: noSpans };
}
