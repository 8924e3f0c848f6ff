import type { PolicyReads, Reads } from '../model/decision.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { fileHash } from './hash.ts';
import { BundleRefused } from './refusal.ts';

/** Where a bundle says what its entrypoints read of their input. */
export const readsFile = 'reads.json';

/**
 * What a bundle says its entrypoints read.
 *
 * @throws BundleRefused data where it is not understood, or was told of another module than the bundle's.
 */
export function parseReads(value: Json, wasm: Uint8Array): PolicyReads {
  const { module, numbers, entrypoints } = object(value);
  if (module !== fileHash('policy.wasm', wasm, 'SHA-256')) {
    throw new BundleRefused('data', `${readsFile} was made for another policy.wasm: build the bundle again`);
  }
  if (!Array.isArray(numbers) || !numbers.every((number) => typeof number === 'number')) throw unreadable();
  return { module, numbers, entrypoints: readsByName(entrypoints) };
}

function readsByName(value: Json | undefined): { readonly [name: string]: Reads } {
  const named: { [name: string]: Reads } = Object.create(null);
  for (const [name, entry] of Object.entries(object(value))) named[name] = reads(entry);
  return named;
}

function reads(value: Json | undefined): Reads {
  if (value === 'value' || value === 'order') return value;
  const { members, each } = object(value);
  return { members: readsByName(members), each: each === null ? null : reads(each) };
}

function object(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable();
  return value as JsonObject;
}

function unreadable(): BundleRefused {
  return new BundleRefused('data', `${readsFile} does not say what entrypoints read in a way that is understood`);
}
