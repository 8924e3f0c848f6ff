import { setImmediate } from 'node:timers/promises';
import type { JsonNode } from '../model/body.ts';
import type { Json } from '../model/json.ts';
import { type JsonLimits, Scanner } from './scanner.ts';
import { TapeNode } from './tape.ts';

/** Bytes read before others get their turn: a few milliseconds in the worst case. */
export const SLICE_BYTES = 256 * 1024;

/** Work that is done in steps: `step` does a bounded part of it and gives true when all is done. */
export type Step = () => boolean;

/**
 * Does work in steps, each in a turn of the event loop of its own, so that a large body does not hold up other
 * requests. Undefined where one step was enough. Throws, or rejects with, what `step` throws.
 */
export function sliced(step: Step): Promise<void> | undefined {
  return step() ? undefined : goOn(step);
}

async function goOn(step: Step): Promise<void> {
  do await setImmediate();
  while (!step());
}

/**
 * Reads a whole JSON text at once, losslessly: numbers keep their spelling, strings are decoded when asked for. The
 * bytes are kept, not copied, and must not change. Throws `JsonFault`.
 */
export function scan(bytes: Uint8Array, limits: JsonLimits): TapeNode {
  const scanner = new Scanner(bytes, limits);
  while (!scanner.step(Number.POSITIVE_INFINITY));
  return new TapeNode(scanner.tape, 0);
}

/**
 * The same as `scan`, giving way to others every `SLICE_BYTES`; a shorter text is read at once. Throws, or rejects
 * with, `JsonFault`.
 */
export function scanSliced(bytes: Uint8Array, limits: JsonLimits): TapeNode | Promise<TapeNode> {
  const scanner = new Scanner(bytes, limits);
  const root = new TapeNode(scanner.tape, 0);
  const wait = sliced(() => scanner.step(SLICE_BYTES));
  return wait ? wait.then(() => root) : root;
}

/**
 * Reads a JSON text into JavaScript values, as `scan` reads it. For text that somebody else wrote and policy decides
 * on: V8's own JSON.parse lets the last of two equal names win, and V8 14.6 reads an escaped name such as `"\u0062"`
 * as `"\\"` once it has seen that name (nodejs/node#63785). Throws `JsonFault`.
 */
export function parse(bytes: Uint8Array, limits: JsonLimits): Json {
  return toJson(scan(bytes, limits));
}

function objectOf(node: JsonNode): Json {
  const object: { [name: string]: Json } = {};
  for (const [name, value] of node.entries()) {
    if (name === '__proto__') Object.defineProperty(object, name, { ...own, value: toJson(value) });
    else object[name] = toJson(value);
  }
  return object;
}

const own = { configurable: true, enumerable: true, writable: true };

/** The JavaScript value of a node; a name such as `__proto__` becomes an ordinary own property. */
export function toJson(node: JsonNode): Json {
  switch (node.type) {
    case 'object':
      return objectOf(node);
    case 'array':
      return node.items().map(toJson);
    case 'string':
      return node.string();
    case 'number':
      return node.number();
    default:
      return node.boolean();
  }
}
