import { GatewayError } from '../errors.ts';
import { scan, splice, toJson } from '../json/index.ts';
import type { AnswerPart, HeldBlock, StreamEvent } from '../model/answer.ts';
import type { JsonNode, Splice } from '../model/body.ts';
import type { AnswerEnd, Recorded } from '../model/exchange.ts';
import type { JsonObject } from '../model/json.ts';
import { blockText } from './block_text.ts';
import { holds, isClientCall } from './hold.ts';
import type { WayBack } from './stream.ts';
import { requireVerdict } from './write.ts';

const answerLimits = { depth: 512, keys: 1_000_000, values: 4_000_000 };

/**
 * Takes a whole JSON answer through the same way back as a stream, one part per content block, and returns the bytes
 * for the caller: the original ones where no step changed anything.
 *
 * @throws GatewayError UPSTREAM_PROTOCOL when it is no message; whatever a step throws
 */
export async function passWhole(
  exchange: Recorded,
  bytes: Uint8Array,
  wayBack: WayBack,
): Promise<{ readonly bytes: Uint8Array; readonly end: AnswerEnd }> {
  const root = readMessage(bytes);
  const content = root.get('content')!;
  const original = content.items();
  const blocks: HeldBlock[] = [];
  let start: StreamEvent | null = null;
  let delta: StreamEvent | null = null;
  let claudeEnded = false;
  let end = 'complete' as AnswerEnd;
  const deliver = wayBack(exchange, (part) => {
    exchange.answer.append(asStreamed(part));
    if (part.kind === 'block') blocks.push(part);
    else if (part.type === 'message_start') start = part;
    else if (part.type === 'message_delta') delta = part;
    else if (part.type === 'message_stop') end = claudeEnded ? 'complete' : 'denied';
    return undefined;
  });
  for (const part of partsOf(bytes, root, original)) {
    if (end === 'denied') break;
    claudeEnded = part.kind === 'event' && part.type === 'message_stop';
    const wait = deliver(part);
    if (wait) await wait;
  }
  return { bytes: render(bytes, root, blocks, { expected: original.length, start, delta }), end };
}

function readMessage(bytes: Uint8Array): JsonNode {
  let root: JsonNode;
  try {
    root = scan(bytes, answerLimits);
  } catch (cause) {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'the answer is not JSON', { cause });
  }
  if (root.get('type')?.string() !== 'message' || root.get('content')?.type !== 'array') {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'the answer is not a message');
  }
  return root;
}

function partsOf(bytes: Uint8Array, root: JsonNode, content: readonly JsonNode[]): (StreamEvent | HeldBlock)[] {
  const head = root.entries().filter(([name]) => name !== 'content');
  const message: JsonObject = Object.fromEntries(head.map(([name, value]) => [name, toJson(value)]));
  const event = (type: string, data: JsonObject): StreamEvent => ({
    kind: 'event',
    type,
    index: -1,
    data: { type, ...data },
    bytes,
    spans: [],
  });
  const { stop_reason = null, stop_sequence = null, usage = null } = message;
  // Clients take these two from the end of a stream, whatever its beginning said.
  const more = ['stop_details', 'container'].filter((name) => name in message).map((name) => [name, message[name]!]);
  return [
    event('message_start', { message: { ...message, content: [] } }),
    ...content.map((node, index) => blockOf(bytes, node, index)),
    event('message_delta', { delta: { stop_reason, stop_sequence, ...Object.fromEntries(more) }, usage }),
    event('message_stop', {}),
  ];
}

function blockOf(bytes: Uint8Array, node: JsonNode, index: number): HeldBlock {
  const block = objectOf(node);
  const input = holds(block) ? node.get('input') : null;
  const inputText = input ? text(bytes, input) : holds(block) ? '{}' : null;
  return {
    kind: 'block',
    index,
    block,
    inputText,
    call: isClientCall(block),
    original: bytes.subarray(node.start, node.end),
    spans: [],
    verdict: null,
  };
}

function render(
  bytes: Uint8Array,
  root: JsonNode,
  blocks: readonly HeldBlock[],
  told: { readonly expected: number; readonly start: StreamEvent | null; readonly delta: StreamEvent | null },
): Uint8Array {
  for (const block of blocks) requireVerdict(block);
  const { expected, start, delta } = told;
  const splices: Splice[] = start && start.bytes === null ? headSplices(root, start.data.message as JsonObject) : [];
  if (blocks.length !== expected || blocks.some((block) => block.original === null)) {
    const content = root.get('content')!;
    splices.push({
      start: content.start,
      end: content.end,
      bytes: Buffer.from(`[${blocks.map(blockText).join(',')}]`),
    });
  }
  if (delta && delta.bytes === null) {
    const node = root.get('stop_reason');
    const reason = (delta.data.delta as JsonObject).stop_reason ?? null;
    if (node) splices.push({ start: node.start, end: node.end, bytes: Buffer.from(JSON.stringify(reason)) });
  }
  return splices.length === 0 ? bytes : splice(bytes, splices);
}

/** What the steps changed beside the content and the stop reason. Throws where they changed a name. */
function headSplices(root: JsonNode, message: JsonObject): Splice[] {
  const splices: Splice[] = [];
  for (const [name, node] of root.entries()) {
    if (name === 'content' || name === 'stop_reason') continue;
    const value = message[name];
    if (value === undefined) throw new GatewayError('UPSTREAM_PROTOCOL', 'a name in the answer is masked');
    const text = JSON.stringify(value);
    if (text !== JSON.stringify(toJson(node)))
      splices.push({ start: node.start, end: node.end, bytes: Buffer.from(text) });
  }
  return splices;
}

/** A part as callers that stream get it: the message begins without its end, and no event has bytes yet. */
function asStreamed(part: AnswerPart): AnswerPart {
  if (part.kind === 'block') return part;
  if (part.type !== 'message_start') return { ...part, bytes: null };
  const message = { ...(part.data.message as JsonObject), stop_reason: null, stop_sequence: null };
  return { ...part, data: { ...part.data, message }, bytes: null };
}

function text(bytes: Uint8Array, node: JsonNode): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + node.start, node.end - node.start).toString();
}

function objectOf(node: JsonNode): JsonObject {
  const value: unknown = toJson(node);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GatewayError('UPSTREAM_PROTOCOL', 'a content block is not an object');
  }
  return value as JsonObject;
}
