import { GatewayError } from '../errors.ts';
import { type AnswerPart, type HeldBlock, inTurn, type StreamEvent, type WayBackStep } from '../model/answer.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Detectors, Focus, Scanned, Span } from '../model/scan.ts';
import {
  addedText,
  addedThinking,
  besideThinking,
  besideThinkingIn,
  deltaKind,
  isBare,
  isThinking,
  isThinkingStart,
  outerStrings,
} from './answer.ts';
import { maskFailed } from './fault.ts';
import { textsOf } from './literal.ts';
import { mapStrings } from './strings.ts';

/** Characters that may wait in one answer; over it something holds that should not, and nothing more is passed. */
const waitingMax = 4 * 1024 * 1024;

/** Spans in the strings of an event of unknown type, by path as JSON; the strings of a path are one text. */
export type PathSpans = ReadonlyMap<string, readonly Span[]>;

/** What the scan step tells the mask step of the same answer. */
export interface Findings {
  /** Findings in events of unknown type. */
  readonly pathSpans: WeakMap<StreamEvent, PathSpans>;
  /** Parts that were scanned whole and have no finding. */
  readonly clean: WeakSet<AnswerPart>;
}

/** The text of one content block as one stream. Offsets are of the whole block. */
class BlockText {
  readonly scanner;
  written = 0;
  released = 0;
  #spans: Span[] = [];

  constructor(detectors: Detectors, focus: Focus) {
    this.scanner = detectors.stream(focus);
  }

  take(scanned: Scanned): void {
    for (const span of scanned.spans) {
      this.#spans.push({ ...span, from: span.from + this.released, to: span.to + this.released });
    }
    this.released += scanned.text.length;
  }

  /** The spans of one event's text, in its own offsets; every event is asked for once, in order. */
  spansOf(from: number, to: number): readonly Span[] {
    if (this.#spans.length === 0) return [];
    const clipped = clip(this.#spans, from, to);
    this.#spans = this.#spans.filter((span) => span.to > to);
    return clipped;
  }
}

/** An event that waits: for the text of its block to be decided as far as `to`, or (`text` null) for those before. */
interface Waiting {
  readonly part: AnswerPart;
  readonly text: BlockText | null;
  readonly from: number;
  readonly to: number;
}

/**
 * The `scan` step of the way back. An event leaves, unchanged, once everything in its text is decided; events never
 * overtake each other, so a stream without findings stays the same bytes. On a fault of Claude (`error`) undecided
 * text is discarded. Thinking must not be altered, so a masked value in it is a fault before its first character
 * leaves. Throws `GatewayError` MASK_FAILED.
 */
export function createScanStep(detectors: Detectors, focus: Focus, { pathSpans, clean }: Findings): WayBackStep {
  const blocks = new Map<number, BlockText>();
  const thoughts = new Map<number, BlockText>();
  /** Events of unknown type, by block; they wait for the end of the block. */
  const unknown = new Map<number, StreamEvent[]>();
  const waiting: Waiting[] = [];
  const undecidedUnknown = new Set<AnswerPart>();
  let waitingLength = 0;

  const scanStrings = (value: Json, within?: Focus): readonly Span[] => {
    const spans: Span[] = [];
    mapStrings(value, (text) => {
      for (const span of detectors.scan(text, within).spans) spans.push(span);
      return text;
    });
    return spans;
  };

  const refuseMasked = (spans: readonly Span[]) => {
    if (spans.some((span) => detectors.always.has(span.class) || focus.masked.has(span.class))) {
      throw new GatewayError('MASK_FAILED', undefined, {
        detail: 'thinking, which must not change, holds a masked value',
      });
    }
  };

  const refuseBeside = (beside: JsonObject | null) => {
    if (beside !== null) refuseMasked(scanStrings(beside, focus));
  };

  const scanWhole = (part: AnswerPart): AnswerPart => {
    if (part.kind === 'block' && isThinking(part.block)) {
      if (typeof part.block.thinking === 'string') refuseMasked(detectors.scan(part.block.thinking, focus).spans);
      refuseBeside(besideThinking(part.block));
      return part;
    }
    const spans = part.kind === 'event' ? scanStrings(part.data, focus) : scanBlock(part);
    if (spans.length > 0) return { ...part, spans };
    clean.add(part);
    return part;
  };

  const scanBlock = (part: HeldBlock): readonly Span[] => {
    // Policy is told everything that is in a tool call.
    const within = part.call ? undefined : focus;
    const spans = [...scanStrings(outerStrings(part), within)];
    if (part.inputText !== null) {
      for (const { text } of textsOf(part.inputText)) spans.push(...detectors.scan(text, within).spans);
    }
    return spans;
  };

  const decideUnknown = (index: number) => {
    const events = unknown.get(index);
    if (!events) return;
    unknown.delete(index);
    for (const [event, spans] of scanUnknown(events, detectors, focus)) {
      pathSpans.set(event, spans);
      undecidedUnknown.delete(event);
    }
  };

  const endBlock = (index: number) => {
    const block = blocks.get(index);
    block?.take(block.scanner.end());
    blocks.delete(index);
    const thought = thoughts.get(index);
    if (thought) {
      const scanned = thought.scanner.end();
      refuseMasked(scanned.spans);
      thought.take(scanned);
      thoughts.delete(index);
    }
    decideUnknown(index);
  };

  const enqueue = (part: AnswerPart, text: BlockText | null, from = 0, to = 0) => {
    waitingLength += part.kind === 'event' ? (part.bytes?.length ?? 256) : 256;
    if (waitingLength > waitingMax) throw new GatewayError('MASK_FAILED', undefined, { detail: 'too much text waits' });
    waiting.push({ part, text, from, to });
  };

  const drain = (): readonly AnswerPart[] => {
    let count = 0;
    const parts: AnswerPart[] = [];
    for (const { part, text, from, to } of waiting) {
      if (undecidedUnknown.has(part) || (text && text.released < to)) break;
      parts.push(text ? withSpans(part as StreamEvent, text.spansOf(from, to)) : part);
      count++;
    }
    waiting.splice(0, count);
    if (waiting.length === 0) waitingLength = 0;
    return parts;
  };

  const scanText = (of: Map<number, BlockText>, part: StreamEvent, text: string): readonly AnswerPart[] => {
    let block = of.get(part.index);
    if (!block) {
      block = new BlockText(detectors, focus);
      of.set(part.index, block);
    }
    const from = block.written;
    block.written += text.length;
    const scanned = block.scanner.write(text);
    if (of === thoughts) refuseMasked(scanned.spans);
    if (waiting.length === 0 && scanned.text.length === text.length && block.released === from) {
      block.released = block.written;
      return [withSpans(part, scanned.spans)];
    }
    block.take(scanned);
    enqueue(part, block, from, block.written);
    return drain();
  };

  const scan = (part: AnswerPart): readonly AnswerPart[] => {
    if (part.kind === 'event') {
      if (part.type === 'ping' && isBare(part)) return [part];
      if (part.type === 'error') {
        waiting.length = 0;
        return [scanWhole(part)];
      }
      const text = addedText(part);
      if (text !== null) return scanText(blocks, part, text);
      const kind = deltaKind(part);
      if (kind === 'untouched' || isThinkingStart(part)) refuseBeside(besideThinkingIn(part));
      const thought = addedThinking(part);
      if (thought !== null) return scanText(thoughts, part, thought);
      if (part.type === 'content_block_stop') endBlock(part.index);
      else if (part.type === 'message_stop')
        for (const index of [...blocks.keys(), ...thoughts.keys(), ...unknown.keys()]) endBlock(index);
      if (kind === 'unknown') {
        unknown.set(part.index, [...(unknown.get(part.index) ?? []), part]);
        undecidedUnknown.add(part);
        enqueue(part, null);
        return [];
      }
      enqueue(kind === 'untouched' || isBare(part) ? part : scanWhole(part), null);
    } else {
      enqueue(scanWhole(part), null);
    }
    return drain();
  };

  return (part, next) => {
    let parts: readonly AnswerPart[];
    try {
      parts = scan(part);
    } catch (cause) {
      throw maskFailed('scan of the answer', cause);
    }
    return parts.length === 1 ? next(parts[0]!) : inTurn(parts, next);
  };
}

function withSpans(event: StreamEvent, spans: readonly Span[]): StreamEvent {
  return spans.length === 0 ? event : { ...event, spans };
}

/** The parts of spans between two offsets, counted from the first. */
function clip(spans: readonly Span[], from: number, to: number): readonly Span[] {
  const clipped: Span[] = [];
  for (const span of spans) {
    if (span.from >= to || span.to <= from) continue;
    clipped.push({
      ...span,
      from: Math.max(span.from, from) - from,
      to: Math.min(span.to, to) - from,
      continues: span.continues || span.from < from,
    });
  }
  return clipped;
}

/** Scans what the events of one block say under equal paths as one text each, as a client that joins them would. */
function scanUnknown(
  events: readonly StreamEvent[],
  detectors: Detectors,
  focus: Focus,
): ReadonlyMap<StreamEvent, PathSpans> {
  const texts = new Map<string, { text: string; pieces: { event: StreamEvent; from: number; to: number }[] }>();
  const found = new Map<StreamEvent, Map<string, readonly Span[]>>();
  for (const event of events) {
    found.set(event, new Map());
    mapStrings(event.data.delta ?? null, (piece, path) => {
      const name = JSON.stringify(path);
      const entry = texts.get(name) ?? { text: '', pieces: [] };
      entry.pieces.push({ event, from: entry.text.length, to: entry.text.length + piece.length });
      entry.text += piece;
      texts.set(name, entry);
      return piece;
    });
  }
  for (const [name, { text, pieces }] of texts) {
    const { spans } = detectors.scan(text, focus);
    if (spans.length === 0) continue;
    for (const { event, from, to } of pieces) found.get(event)!.set(name, clip(spans, from, to));
  }
  return found;
}
