import { GatewayError } from '../errors.ts';
import { eventLimits, parse } from '../json/index.ts';
import type { HeldBlock, StreamEvent, WayBackStep } from '../model/answer.ts';
import type { Json, JsonObject } from '../model/json.ts';

/** The most bytes of events that a held block may have. A client tool call over it is denied, not passed. */
export const heldBytesMax = 1024 * 1024;

interface Holding {
  readonly index: number;
  readonly block: JsonObject;
  readonly events: StreamEvent[];
  readonly pieces: string[];
  bytes: number;
}

/**
 * The `hold` step: gathers every block that is a tool use into one part, so that the steps after it see the call whole
 * before the client sees its first byte (a client runs a call at its `content_block_stop`, whatever follows). It also
 * keeps the grammar: one message, a delta belongs to the block that is open at its index, and a call stands in a block
 * of its own and nowhere else.
 */
export function createHoldStep(): WayBackStep {
  const held = new Map<number, Holding>();
  const open = new Set<number>();
  let started = false;

  return (part, next) => {
    if (part.kind === 'block') {
      if (part.inputText === null) refuseCalls(part.block);
      return next(part);
    }
    switch (part.type) {
      case 'message_start':
        if (started) throw protocol('the message starts twice');
        started = true;
        refuseCalls(part.data);
        return next(part);
      case 'content_block_start': {
        if (open.has(part.index)) throw protocol('a block starts twice');
        open.add(part.index);
        const block = asObject(part.data.content_block);
        if (!holds(block)) {
          refuseCalls(block);
          return next(part);
        }
        held.set(part.index, { index: part.index, block, events: [part], pieces: [], bytes: size(part) });
        return undefined;
      }
      case 'content_block_delta': {
        if (!open.has(part.index)) throw protocol('a delta belongs to no open block');
        const holding = held.get(part.index);
        const delta = asObject(part.data.delta);
        if (!holding) {
          if (delta.type === 'input_json_delta') throw protocol('a block that is no tool use has an input');
          if (!plainDeltas.has(delta.type)) refuseCalls(delta);
          return next(part);
        }
        // What another kind of delta makes of the call is not known, and neither what then runs.
        if (delta.type !== 'input_json_delta') throw protocol('a tool use has a delta that is no input');
        holding.bytes += size(part);
        if (holding.bytes > heldBytesMax) {
          holding.events.length = 0;
          holding.pieces.length = 0;
          return undefined;
        }
        holding.events.push(part);
        if (typeof delta.partial_json === 'string') holding.pieces.push(delta.partial_json);
        return undefined;
      }
      case 'content_block_stop': {
        if (!open.delete(part.index)) throw protocol('a block stops that is not open');
        const holding = held.get(part.index);
        if (!holding) return next(part);
        held.delete(part.index);
        holding.events.push(part);
        return next(whole(holding));
      }
      case 'message_stop':
        if (open.size > 0) throw protocol('the message ends inside a block');
        refuseCalls(part.data);
        return next(part);
      case 'ping':
        return next(part);
      default:
        refuseCalls(part.data);
        return next(part);
    }
  };
}

/** Deltas whose members are text, and most of an answer. */
const plainDeltas: ReadonlySet<Json | undefined> = new Set(['text_delta', 'thinking_delta', 'signature_delta']);

/** Throws where a client tool call stands inside of something else, at any depth: nobody would judge it there. */
function refuseCalls(around: JsonObject): void {
  for (const name in around) {
    const value = around[name]!;
    if (typeof value !== 'object' || value === null) continue;
    const { type } = value as JsonObject;
    if (typeof type === 'string' && type.endsWith('tool_use') && isClientCall(value as JsonObject)) {
      throw protocol('a tool use is not a block of its own');
    }
    refuseCalls(value as JsonObject);
  }
}

/**
 * Whether a content block is a tool use of any kind; kinds not known yet are taken by their name. Throws GatewayError
 * UPSTREAM_PROTOCOL for a block without a kind.
 */
export function holds(block: JsonObject): boolean {
  if (typeof block.type !== 'string') throw protocol('a block has no type');
  return block.type.endsWith('tool_use') || 'input' in block;
}

/** Whether a tool use runs at the client. Server and MCP tools run inside Claude and are decided on the request. */
export function isClientCall(block: JsonObject): boolean {
  return holds(block) && block.type !== 'server_tool_use' && block.type !== 'mcp_tool_use';
}

function whole(holding: Holding): HeldBlock {
  const call = isClientCall(holding.block);
  if (holding.bytes > heldBytesMax) {
    if (!call) throw protocol('a tool use is over 1 MiB');
    // Without its events and its text nothing of it can be released; the decide step denies what it cannot read.
    return made(holding, { ...holding.block, input: {} }, null, call, null);
  }
  const pieces = holding.pieces.join('');
  const begun = JSON.stringify(holding.block.input ?? {});
  // Some clients would run the one, some the other.
  if (pieces !== '' && begun !== '{}' && begun !== '""') throw protocol('a tool use has two inputs');
  const inputText = pieces || begun;
  const input = parseInput(inputText);
  // Cut or broken JSON is what some clients take for `{}`: a call is not judged on less than what will run.
  if (input === undefined) {
    return made(holding, { ...holding.block, input: {} }, call ? null : inputText, call, call ? null : holding.events);
  }
  return made(holding, { ...holding.block, input }, inputText, call, holding.events);
}

function made(
  holding: Holding,
  block: JsonObject,
  inputText: string | null,
  call: boolean,
  original: readonly StreamEvent[] | null,
): HeldBlock {
  return { kind: 'block', index: holding.index, block, inputText, call, original, spans: [], verdict: null };
}

/** As our own reader reads it, which refuses two equal names: what is judged is what any client will run. */
function parseInput(text: string): Json | undefined {
  try {
    return parse(Buffer.from(text), eventLimits);
  } catch {
    return undefined;
  }
}

function size(event: StreamEvent): number {
  return event.bytes?.length ?? 0;
}

function asObject(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw protocol('a block has no content');
  return value as JsonObject;
}

function protocol(detail: string): GatewayError {
  return new GatewayError('UPSTREAM_PROTOCOL', detail);
}
