import { eventLimits, parseText } from '../json/index.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { SealBroken, type SealingKey } from '../seal/index.ts';
import { breathe } from './exchanges.ts';
import { type Frame, readFrames } from './frames.ts';
import type { JournalReader } from './journal_reader.ts';
import { type LastMark, openSegment } from './segments.ts';

/** Segments opened in one go, at most a few hundred KiB. */
const PAGE_SEGMENTS = 8;
/** Frames read in one go, a few milliseconds. */
const PAGE_FRAMES = 1000;

/** What a recording holds, and whether that is all of it. */
export interface Replay {
  readonly frames: readonly Frame[];
  /**
   * - `whole`: every segment opened and the last one says so
   * - `open`: no last segment: the exchange still runs, or a crash cut it off
   * - `broken`: something was changed, moved or taken away; `fault` says what
   * - `none`: nothing was recorded
   */
  readonly state: 'whole' | 'open' | 'broken' | 'none';
  readonly fault: string | null;
}

/**
 * Opens the recording of one exchange. Frames before a broken segment are given, nothing behind it. `expectedFrames`
 * is the number that the outcome event names, or null where there is none.
 */
export async function replay(
  reader: JournalReader,
  sealing: SealingKey,
  exchange: string,
  expectedFrames: number | null,
): Promise<Replay> {
  const frames: Frame[] = [];
  const numbers: number[] = [];
  let last: LastMark | null = null;
  const broken = (fault: string): Replay => ({ frames: inOrder(frames), state: 'broken', fault });
  for (let from = 0; ; await breathe()) {
    const page = reader.segments(exchange, from, PAGE_SEGMENTS);
    for (const segment of page) {
      try {
        const opened = openSegment(sealing, exchange, segment);
        for (const frame of readFrames(opened.frames)) frames.push(frame);
        last = opened.last;
      } catch (fault) {
        return broken(`segment ${segment.number}: ${fault instanceof SealBroken ? fault.message : 'is not readable'}`);
      }
      numbers.push(segment.number);
      from = segment.number + 1;
    }
    if (page.length < PAGE_SEGMENTS) break;
  }
  const missing = missingNumber(numbers, last);
  if (missing !== null) return broken(`segment ${missing} is missing`);
  const ordered = inOrder(frames);
  if (expectedFrames !== null && expectedFrames > 0 && (!last || ordered.length === 0)) {
    return broken('the end of the recording is missing');
  }
  if (numbers.length === 0) return { frames: [], state: 'none', fault: null };
  return { frames: ordered, state: last ? 'whole' : 'open', fault: null };
}

/** The first number that was used, is not void, and is not there. */
function missingNumber(numbers: readonly number[], last: LastMark | null): number | null {
  const there = new Set(numbers);
  const count = last ? last.count : numbers.length === 0 ? 0 : numbers.at(-1)! + 1;
  for (let number = 0; number < count; number++) {
    if (!there.has(number) && !last?.voided.includes(number)) return number;
  }
  return null;
}

/** By sequence number, each once: what a voided segment held may be there twice. */
function inOrder(frames: readonly Frame[]): readonly Frame[] {
  if (frames.every((frame, at) => at === 0 || frame.seq > frames[at - 1]!.seq)) return frames;
  const bySeq = new Map<number, Frame>();
  for (const frame of frames) if (!bySeq.has(frame.seq)) bySeq.set(frame.seq, frame);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** Rebuilds from frames what was returned to the caller. */
export async function rebuild(frames: readonly Frame[]): Promise<JsonObject> {
  const blocks = new Map<number, Record<string, Json>>();
  const inputs = new Map<number, string>();
  const verdicts: JsonObject[] = [];
  const masks: JsonObject[] = [];
  const errors: Json[] = [];
  let message: JsonObject = {};
  let end: JsonObject = {};
  let gaps = 0;

  const takeEvent = (event: JsonObject) => {
    const index = Number(event.index ?? -1);
    const delta = (event.delta ?? {}) as JsonObject;
    switch (event.type) {
      case 'message_start':
        message = (event.message ?? {}) as JsonObject;
        return;
      case 'message_delta':
        end = { ...end, ...delta };
        return;
      case 'content_block_start':
        blocks.set(index, { ...(event.content_block as JsonObject) });
        return;
      case 'content_block_delta':
        return takeDelta(index, delta);
      case 'content_block_stop':
        return closeInput(index);
      case 'error':
        errors.push(event.error ?? null);
    }
  };
  const takeDelta = (index: number, delta: JsonObject) => {
    const block = blocks.get(index) ?? {};
    blocks.set(index, block);
    if (typeof delta.text === 'string') block.text = `${block.text ?? ''}${delta.text}`;
    else if (typeof delta.thinking === 'string') block.thinking = `${block.thinking ?? ''}${delta.thinking}`;
    else if (typeof delta.partial_json === 'string') {
      inputs.set(index, (inputs.get(index) ?? '') + delta.partial_json);
    } else if (delta.citation !== undefined) {
      block.citations = [...((block.citations as Json[] | undefined) ?? []), delta.citation];
    }
  };
  const closeInput = (index: number) => {
    const text = inputs.get(index);
    const block = blocks.get(index);
    if (text !== undefined && block) block.input = parse(text) ?? text;
  };

  for (const [at, frame] of frames.entries()) {
    if (at % PAGE_FRAMES === PAGE_FRAMES - 1) await breathe();
    const { kind, index } = frame;
    if (kind === 'event') takeEvent(readEvent(frame.payload));
    else {
      const payload = parse(frame.payload.toString());
      if (kind === 'block') blocks.set(index, { ...((payload ?? {}) as JsonObject) });
      else if (kind === 'decision') verdicts.push({ index, ...(payload as JsonObject) });
      else if (kind === 'mask') masks.push({ index, ...(payload as JsonObject) });
      else if (kind === 'error') errors.push(payload);
      else if (kind === 'mark' && (payload as JsonObject | null)?.gap === true) gaps++;
    }
  }
  return {
    model: message.model ?? null,
    stop_reason: end.stop_reason ?? message.stop_reason ?? null,
    content: [...blocks].sort(([a], [b]) => a - b).map(([index, block]) => ({ index, ...block })),
    calls: verdicts,
    masks,
    errors,
    gaps,
  };
}

/** The data of one SSE event (its `data` lines), or of an event that was kept as JSON. */
function readEvent(payload: Buffer): JsonObject {
  const text = payload.toString();
  if (text.startsWith('{')) return (parse(text) ?? {}) as JsonObject;
  const data = text
    .split(/\r\n|\r|\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''));
  return (parse(data.join('\n')) ?? {}) as JsonObject;
}

function parse(text: string): Json {
  try {
    return parseText(text, eventLimits);
  } catch {
    return null;
  }
}
