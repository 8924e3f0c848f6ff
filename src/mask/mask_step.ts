import { eventLimits, parseText } from '../json/index.ts';
import { type AnswerPart, type HeldBlock, inTurn, type StreamEvent, type WayBackStep } from '../model/answer.ts';
import type { Json, JsonObject } from '../model/json.ts';
import type { Detectors } from '../model/scan.ts';
import {
  addedText,
  changed,
  deltaKind,
  isBare,
  isPlainText,
  isThinking,
  isThinkingStart,
  otherStrings,
  outerStrings,
  withAddedText,
} from './answer.ts';
import { maskFailed } from './fault.ts';
import { maskJson } from './json_text.ts';
import { type Masks, Redactor, replaceRuns } from './redact.ts';
import type { Findings } from './scan_step.ts';
import { mapStrings, type Visit } from './strings.ts';

/**
 * The `mask` step of the way back: replaces what is covered by a masked class, one placeholder for each run. Parts
 * without a finding pass as they are. What needs a whole value waits for its end, within the block. Throws
 * `GatewayError` MASK_FAILED.
 */
export function createMaskStep(detectors: Detectors, masks: Masks, { pathSpans, clean }: Findings): WayBackStep {
  /** Runs may go on from one event to the next: one redactor for the text of each block, one for each unknown path. */
  const texts = new Map<number, Redactor>();
  const paths = new Map<string, Redactor>();
  const redactor = () => new Redactor(masks);
  /** Runs through events of unknown type are redacted: nobody knows where their values end. */
  const pathMasks: Masks = { ...masks, mode: (detector, name) => masks.mode(detector, name) && 'redact' };

  const maskText: Visit = (text) => {
    const { spans } = detectors.scan(text);
    return spans.length === 0 ? text : replaceRuns(text, redactor().runs(text, spans));
  };

  /** Nobody reads what stands beside the data: where it has a finding it is left out. */
  const maskAside = (event: StreamEvent): StreamEvent => {
    if (event.aside === undefined || maskText(event.aside, []) === event.aside) return event;
    const { aside: _aside, ...rest } = event;
    return { ...rest, bytes: null };
  };

  const maskEvent = (event: StreamEvent): StreamEvent | null => {
    const text = addedText(event);
    if (text === null) {
      const data = event.type === 'content_block_delta' ? maskDelta(event) : mapStrings(event.data, maskText);
      return data === event.data ? event : changed(event, data as JsonObject);
    }
    const rest = isPlainText(event) ? event : maskRest(event);
    let block = texts.get(event.index);
    if (!block) {
      if (event.spans.length === 0) return rest;
      block = redactor();
      texts.set(event.index, block);
    }
    const newText = block.apply(text, event.spans);
    return newText === text ? rest : withAddedText(rest, newText);
  };

  const maskRest = (event: StreamEvent): StreamEvent => {
    const rest = otherStrings(event);
    const newRest = mapStrings(rest, maskText);
    if (newRest === rest) return event;
    const data = newRest as JsonObject;
    return changed(event, withText(event, data));
  };

  const maskDelta = (event: StreamEvent): Json => {
    const found = pathSpans.get(event);
    if (!found) return mapStrings(event.data, maskText);
    const delta = mapStrings(event.data.delta ?? null, (text, path) => {
      const name = JSON.stringify(path);
      const key = `${event.index} ${name}`;
      const spans = found.get(name) ?? [];
      if (!paths.has(key) && spans.length === 0) return text;
      const run = paths.get(key) ?? new Redactor(pathMasks);
      paths.set(key, run);
      return run.apply(text, spans);
    });
    const { delta: _delta, ...others } = event.data;
    const newOthers = mapStrings(others, maskText) as JsonObject;
    return delta === event.data.delta && newOthers === others ? event.data : { ...newOthers, delta };
  };

  const maskBlock = (part: HeldBlock): HeldBlock => {
    const outer = outerStrings(part);
    const newOuter = mapStrings(outer, maskText) as JsonObject;
    const newText = part.inputText === null ? null : maskJson(part.inputText, detectors, redactor);
    if (newOuter === outer && newText === part.inputText) return part;
    const block = newText === null ? newOuter : withInput(part.block, newOuter, newText);
    return { ...part, block, inputText: newText, original: null };
  };

  /** What still waits in the text of a block that ends, as a delta of its own. */
  const restOf = (index: number): StreamEvent | null => {
    const text = texts.get(index)?.end() ?? '';
    texts.delete(index);
    if (text === '') return null;
    const data = { type: 'content_block_delta', index, delta: { type: 'text_delta', text } };
    return { kind: 'event', type: data.type, index, data, bytes: null, spans: [] };
  };

  const mask = (scanned: AnswerPart): AnswerPart | null => {
    const part = scanned.kind === 'event' ? maskAside(scanned) : scanned;
    // The same part, by the same detectors: nothing would be found now either.
    if (clean.has(scanned)) return part;
    if (part.kind === 'block') return isThinking(part.block) ? part : maskBlock(part);
    if (part.type === 'content_block_stop') {
      for (const key of paths.keys()) if (key.startsWith(`${part.index} `)) paths.delete(key);
    }
    if (isBare(part) || deltaKind(part) === 'untouched') return part;
    if (isThinkingStart(part)) return part;
    return maskEvent(part);
  };

  return (part, next) => {
    let masked: AnswerPart | null;
    let rest: AnswerPart | null = null;
    try {
      if (part.kind === 'event' && part.type === 'content_block_stop') rest = restOf(part.index);
      masked = mask(part);
    } catch (cause) {
      throw maskFailed('mask of the answer', cause);
    }
    if (rest && masked) return inTurn([rest, masked], next);
    return masked ? next(masked) : undefined;
  };
}

/** Puts the text that `otherStrings` left out back in its place, after the other members. */
function withText(event: StreamEvent, rest: JsonObject): JsonObject {
  const text = addedText(event)!;
  const holder = event.type === 'content_block_start' ? 'content_block' : 'delta';
  return { ...rest, [holder]: { ...(rest[holder] as JsonObject), text } };
}

/** The block with its members in their order, the input read anew from its masked text. */
function withInput(block: JsonObject, outer: JsonObject, inputText: string): JsonObject {
  let input: Json;
  try {
    input = parseText(inputText, eventLimits);
  } catch {
    // Broken before it was masked, too: then the text is what counts, and the hold step gave an empty input.
    input = {};
  }
  return 'input' in block ? { ...outer, input } : outer;
}
