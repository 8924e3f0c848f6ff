import { type AnswerPart, type HeldBlock, inTurn, type StreamEvent, type WayBackStep } from '../../src/model/answer.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Detectors, MaskMark, MaskMode } from '../../src/model/scan.ts';
import { decisionOf } from '../model/decisions.ts';

/** Looks made up, because it is; split so that scanners of this repository stay quiet. */
export const secret = ['sk-', 'ant-', 'api03-', 'Zq8vT2mWc4Lk9'].join('');

/** The oracle: which characters some occurrence of some value covers. Plain `indexOf`. */
export function coverage(text: string, values: readonly string[]): boolean[] {
  const covered = Array.from(text, () => false).slice(0, text.length);
  covered.length = text.length;
  covered.fill(false);
  for (const value of values) {
    for (let at = text.indexOf(value); at !== -1; at = text.indexOf(value, at + 1)) {
      covered.fill(true, at, at + value.length);
    }
  }
  return covered;
}

/** The oracle's mask: every run of covered characters becomes `█`. */
export function oracleMask(text: string, covered: readonly boolean[]): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    if (!covered[i]) out += text[i];
    else if (!covered[i - 1]) out += '█';
  }
  return out;
}

/** What a stream of chunks comes out as, with `█` for every covered run. */
export function maskChunks(detectors: Detectors, chunks: readonly string[]): string {
  const scanner = detectors.stream();
  const covered: boolean[] = [];
  let text = '';
  const take = (released: ReturnType<typeof scanner.write>) => {
    for (const span of released.spans) {
      for (let i = span.from; i < span.to; i++) covered[text.length + i] = true;
    }
    text += released.text;
  };
  for (const chunk of chunks) take(scanner.write(chunk));
  take(scanner.end());
  return oracleMask(text, covered);
}

/** Cuts a text at the given places, taken modulo its length. */
export function cut(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => text.slice(from, [...at, text.length][index]));
}

export function event(data: JsonObject): StreamEvent {
  const type = String(data.type);
  const bytes = Buffer.from(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  return { kind: 'event', type, index: typeof data.index === 'number' ? data.index : -1, data, bytes, spans: [] };
}

export const textDelta = (text: string, index = 0) =>
  event({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } });
export const startBlock = (block: JsonObject = { type: 'text', text: '' }, index = 0) =>
  event({ type: 'content_block_start', index, content_block: block });
export const stopBlock = (index = 0) => event({ type: 'content_block_stop', index });

export function toolBlock(inputText: string, more: JsonObject = {}): HeldBlock {
  let input: JsonObject = {};
  try {
    input = JSON.parse(inputText) as JsonObject;
  } catch {
    // A broken input is what some tests are about.
  }
  const block = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input, ...more };
  const original = Buffer.from(JSON.stringify(block));
  return { kind: 'block', index: 0, block, inputText, call: true, original, spans: [], verdict: null };
}

/** Runs parts through steps and gives what comes out. */
export function pass(steps: readonly WayBackStep[], parts: readonly AnswerPart[]): AnswerPart[] {
  const out: AnswerPart[] = [];
  const next = steps.reduceRight<(part: AnswerPart) => Promise<void> | undefined>(
    (after, step) => (part) => step(part, after),
    (part) => {
      out.push(part);
      return undefined;
    },
  );
  inTurn(parts, next);
  return out;
}

/** The text that a client joins for one block. */
export function textOf(parts: readonly AnswerPart[], index = 0): string {
  let text = '';
  for (const part of parts) {
    if (part.kind !== 'event' || part.index !== index) continue;
    const holder = (part.data.delta ?? part.data.content_block) as JsonObject | undefined;
    if (typeof holder?.text === 'string') text += holder.text;
  }
  return text;
}

/** As much of an exchange as the steps of the way back look at. */
export function answering(plan: Readonly<Record<string, MaskMode>> = {}, chunk: 'off' | 'every' = 'off') {
  const decided = decisionOf('allow');
  const decision: Decision = { ...decided, stream: { ...decided.stream, chunk } };
  return { maskPlan: new Map(Object.entries(plan)), decision, masks: [] as MaskMark[], notes: {} };
}
