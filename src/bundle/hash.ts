import { createHash } from 'node:crypto';
import { type JsonLimits, scan } from '../json/index.ts';
import type { JsonNode } from '../model/body.ts';
import type { BundleFiles } from './archive.ts';
import { BundleRefused } from './refusal.ts';

/** Hash names of OPA that are strong enough, as Node spells them. */
const algorithms: { readonly [name: string]: string } = Object.assign(Object.create(null), {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
});

const limits: JsonLimits = { depth: 64, keys: 1_000_000, values: 4_000_000 };

/**
 * The hash of a bundle file by OPA's rules, hex. `data.json`, `.manifest` and `signatures.json` are hashed as their
 * content (Go's `encoding/json` with sorted keys and numbers as spelled), every other file as its bytes.
 *
 * @throws BundleRefused hash_algorithm for anything weaker than SHA-256, data for JSON that cannot be read.
 */
export function fileHash(name: string, bytes: Uint8Array, algorithm: string): string {
  const digest = algorithms[algorithm];
  if (digest === undefined) {
    throw new BundleRefused('hash_algorithm', `${name} is hashed with ${algorithm}; SHA-256 or stronger is required`);
  }
  const content = isStructured(name) ? structured(name, bytes) : bytes;
  return createHash(digest).update(content).digest('hex');
}

/** The revision: SHA-256 over the sorted `name hash` lines of all files but `.signatures.json`, hex. */
export function revisionOf(files: BundleFiles): string {
  const lines: string[] = [];
  for (const [name, bytes] of files) {
    if (name !== '.signatures.json') lines.push(`${name} ${fileHash(name, bytes, 'SHA-256')}\n`);
  }
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}

function isStructured(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return base === 'data.json' || base === '.manifest' || base === 'signatures.json';
}

function structured(name: string, bytes: Uint8Array): string {
  let root: JsonNode;
  try {
    root = scan(bytes, limits);
  } catch (thrown) {
    throw new BundleRefused('data', `${name} is not JSON that can be read: ${(thrown as Error).message}`, thrown);
  }
  const pieces: string[] = [];
  write(root, pieces);
  return pieces.join('');
}

function write(node: JsonNode, pieces: string[]): void {
  if (node.type === 'object') {
    const members = node
      .entries()
      .map(([key, value]) => [Buffer.from(key, 'utf8'), key, value] as const)
      .sort(([a], [b]) => Buffer.compare(a, b));
    let separator = '{';
    for (const [, key, value] of members) {
      pieces.push(separator, goString(key), ':');
      separator = ',';
      write(value, pieces);
    }
    pieces.push(separator === '{' ? '{}' : '}');
  } else if (node.type === 'array') {
    let separator = '[';
    for (const item of node.items()) {
      pieces.push(separator);
      separator = ',';
      write(item, pieces);
    }
    pieces.push(separator === '[' ? '[]' : ']');
  } else {
    pieces.push(node.type === 'string' ? goString(node.string()!) : node.spelling());
  }
}

/** A string as Go's JSON encoder writes it with HTML escaping off: U+2028 and U+2029 are escaped, DEL is not. */
function goString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(/[\u2028\u2029]/g, (c) =>
    c === '\u2028' ? '\\u2028' : '\\u2029',
  );
}
