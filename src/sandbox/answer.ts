import type { Json, JsonObject } from '../model/json.ts';
import { type Before, sign } from './binding.ts';
import { tokensOf } from './cache.ts';
import { cutText } from './cut.ts';
import { freshId } from './ids.ts';
import { isObject } from './json.ts';
import { extend, normal } from './prefix.ts';
import type { Random } from './random.ts';
import { type ErrorType, Refusal } from './refusal.ts';
import type { Quote, Step } from './steps.ts';

/** One thing to do on the wire. */
export type Action =
  | { readonly kind: 'event'; readonly data: JsonObject }
  | { readonly kind: 'pause'; readonly milliseconds: number }
  | { readonly kind: 'cut' };

/** A whole answer: as events, and as the message that they add up to. */
export interface Answer {
  readonly actions: readonly Action[];
  readonly message: JsonObject;
  /** What a JSON answer must be instead of `message`. */
  readonly fault: { readonly type: ErrorType; readonly message: string } | 'cut' | null;
}

/** What an answer is made from, besides its steps. */
export interface Frame {
  readonly body: JsonObject;
  readonly before: Before;
  readonly transformations: readonly JsonObject[] | null;
  readonly key: Uint8Array;
  readonly random: Random;
  readonly usage: (output: number) => JsonObject;
}

/**
 * Turns steps into an answer with fresh ids.
 *
 * @throws Refusal where the first step is `refuse`
 */
export function composeAnswer(steps: readonly Step[], frame: Frame): Answer {
  const { body, random } = frame;
  const actions: Action[] = [];
  const content: JsonObject[] = [];
  const thinking = thinkingOf(body);
  let messages = frame.before.messages;
  let left = typeof body.max_tokens === 'number' ? body.max_tokens : Number.MAX_SAFE_INTEGER;
  let output = 0;
  let pace = 0;
  let stop: { reason: string; details: Json } | null = null;
  let called = false;
  let fault: Answer['fault'] = null;

  const emit = (data: JsonObject): void => {
    if (pace > 0) actions.push({ kind: 'pause', milliseconds: pace });
    actions.push({ kind: 'event', data });
  };
  const block = (start: JsonObject, deltas: readonly JsonObject[], whole: JsonObject, unfinished = false): void => {
    const index = content.length;
    emit({ type: 'content_block_start', index, content_block: start });
    for (const delta of deltas) emit({ type: 'content_block_delta', index, delta });
    if (!unfinished) emit({ type: 'content_block_stop', index });
    content.push(whole);
    if (whole.type !== 'thinking' && whole.type !== 'redacted_thinking') {
      messages = extend(messages, JSON.stringify(['assistant', normal(whole)]));
    }
  };
  const spend = (text: string): string => {
    const allowed = text.length > left * 4 ? text.slice(0, left * 4).toWellFormed() : text;
    if (allowed !== text) stop = { reason: 'max_tokens', details: null };
    output += tokensOf(allowed);
    left = Math.max(0, left - tokensOf(allowed));
    return allowed;
  };
  const think = (text: string, redacted: boolean): void => {
    const shown = thinking === 'shown' && !redacted;
    const before = { ...frame.before, messages };
    const signature = sign(frame.key, spend(text), shown, before);
    if (redacted) {
      block({ type: 'redacted_thinking', data: signature }, [], { type: 'redacted_thinking', data: signature });
      return;
    }
    const deltas = shown ? cutText(text, random).map((piece) => ({ type: 'thinking_delta', thinking: piece })) : [];
    block({ type: 'thinking', thinking: '', signature: '' }, [...deltas, { type: 'signature_delta', signature }], {
      type: 'thinking',
      thinking: shown ? text : '',
      signature,
    });
  };

  const opening = steps[0];
  if (opening?.kind === 'refuse') throw new Refusal(opening.type, opening.message, opening.headers);
  const shell: JsonObject = {
    id: freshId('msg'),
    type: 'message',
    role: 'assistant',
    model: body.model ?? '',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    stop_details: null,
    container: null,
    diagnostics: null,
    ...(frame.transformations ? { input_transformations: frame.transformations } : {}),
  };
  if (opening?.kind === 'cut') return { actions: [{ kind: 'cut' }], message: shell, fault: 'cut' };
  emit({ type: 'message_start', message: { ...shell, usage: frame.usage(1) } });
  emit({ type: 'ping' });

  for (const step of steps) {
    if (stop || fault) break;
    switch (step.kind) {
      case 'say': {
        const text = spend(step.text);
        const citations = (step.quotes ?? []).map(citationOf);
        const pieces = step.pieces && text === step.text ? step.pieces : cutText(text, random, step.split);
        const deltas: JsonObject[] = pieces.map((piece) => ({ type: 'text_delta', text: piece }));
        for (const citation of citations) deltas.push({ type: 'citations_delta', citation });
        const start = citations.length ? { type: 'text', text: '', citations: [] } : { type: 'text', text: '' };
        block(
          start,
          deltas,
          citations.length ? { type: 'text', text, citations } : { type: 'text', text },
          step.unfinished,
        );
        break;
      }
      case 'think':
        if (thinking !== 'off') think(step.text, step.redacted === true);
        break;
      case 'call': {
        const spelled = step.spelling ?? JSON.stringify(step.input);
        if (spend(spelled) !== spelled) break;
        const head = { type: 'tool_use', id: freshId('toolu'), name: step.name, caller: { type: 'direct' } };
        const pieces = ['', ...cutText(spelled, random, step.split)];
        const deltas = pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
        block({ ...head, input: {} }, deltas, { ...head, input: JSON.parse(spelled) });
        called = true;
        break;
      }
      case 'search': {
        const input = JSON.stringify({ query: step.query });
        const head = { type: 'server_tool_use', id: freshId('srvtoolu'), name: 'web_search' };
        const deltas = ['', ...cutText(spend(input), random)].map((partial_json) => ({
          type: 'input_json_delta',
          partial_json,
        }));
        block({ ...head, input: {} }, deltas, { ...head, input: { query: step.query } });
        const found = { type: 'web_search_tool_result', tool_use_id: head.id, content: step.quotes.map(hitOf) };
        block(found, [], found);
        break;
      }
      case 'stall':
        actions.push({ kind: 'pause', milliseconds: step.milliseconds });
        break;
      case 'pace':
        pace = step.milliseconds;
        break;
      case 'stop':
        stop = { reason: step.reason, details: step.details ?? null };
        break;
      case 'fail':
        emit({ type: 'error', error: { type: step.type, message: step.message } });
        fault = { type: step.type, message: step.message };
        break;
      case 'cut':
        actions.push({ kind: 'cut' });
        fault = 'cut';
        break;
      case 'refuse':
        throw new TypeError('the step "refuse" must be the first');
    }
  }

  const end = (stop ?? { reason: called ? 'tool_use' : 'end_turn', details: null }) as {
    reason: string;
    details: Json;
  };
  const usage = frame.usage(Math.max(1, output));
  const edits = isObject(body.context_management) ? { context_management: { applied_edits: [] } } : {};
  if (!fault) {
    const delta = { stop_reason: end.reason, stop_sequence: null, stop_details: end.details };
    emit({ type: 'message_delta', delta, usage, ...edits });
    emit({ type: 'message_stop' });
  }
  const message = { ...shell, content, stop_reason: end.reason, stop_details: end.details, usage, ...edits };
  return { actions, message, fault };
}

/** Adaptive thinking leaves its text out unless asked for it; `enabled` shows it unless told not to. */
function thinkingOf(body: JsonObject): 'off' | 'omitted' | 'shown' {
  const { thinking } = body;
  if (!isObject(thinking) || (thinking.type !== 'enabled' && thinking.type !== 'adaptive')) return 'off';
  if (thinking.display === 'omitted') return 'omitted';
  if (thinking.display === 'summarized' || thinking.display === 'updates') return 'shown';
  return thinking.type === 'enabled' ? 'shown' : 'omitted';
}

function citationOf(quote: Quote): JsonObject {
  if (quote.url !== undefined) {
    const { url, title, text } = quote;
    return { type: 'web_search_result_location', url, title, encrypted_index: opaque(url), cited_text: text };
  }
  return {
    type: 'char_location',
    cited_text: quote.text,
    document_index: 0,
    document_title: quote.title,
    start_char_index: 0,
    end_char_index: quote.text.length,
    file_id: null,
  };
}

function hitOf(quote: Quote): JsonObject {
  const url = quote.url ?? 'https://example.com/';
  return { type: 'web_search_result', url, title: quote.title, encrypted_content: opaque(quote.text), page_age: null };
}

function opaque(text: string): string {
  return Buffer.from(text).toString('base64');
}
