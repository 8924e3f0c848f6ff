import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { builtinUrl, contentOf, readArchive } from '../../src/bundle/index.ts';
import type { Json } from '../../src/model/json.ts';

const files = await readArchive(readFileSync(builtinUrl));
const manifest = JSON.parse(Buffer.from(files.get('.manifest')!).toString());

/** The built-in bundle with this `metadata.excerpt_characters`. */
function contentWith(excerpt_characters: Json | undefined) {
  const changed = { ...manifest, metadata: { ...manifest.metadata, excerpt_characters } };
  return contentOf(new Map([...files, ['.manifest', new Uint8Array(Buffer.from(JSON.stringify(changed)))]]));
}

describe('the manifest', () => {
  it('asks for no text unless it says so, and the built-in one does not', () => {
    expect(contentOf(files).excerpts).toEqual({ request: null, chunk: null, tool_use: null });
    expect(contentWith({}).excerpts).toEqual({ request: null, chunk: null, tool_use: null });
  });

  it('asks for text at the points it names', () => {
    expect(contentWith({ tool_use: 2000, chunk: 1 }).excerpts).toEqual({ request: null, chunk: 1, tool_use: 2000 });
    expect(contentWith({ request: 4096 }).excerpts).toEqual({ request: 4096, chunk: null, tool_use: null });
  });

  it.each<[Json, string]>([
    [{ tool_use: 0 }, '.tool_use in the manifest has to be a whole number from 1 to 4096'],
    [{ tool_use: 4097 }, '.tool_use in the manifest has to be a whole number from 1 to 4096'],
    [{ chunk: 1.5 }, '.chunk in the manifest has to be a whole number from 1 to 4096'],
    [{ request: '100' }, '.request in the manifest has to be a whole number from 1 to 4096'],
    [{ request: null }, '.request in the manifest has to be a whole number from 1 to 4096'],
    [{ 'tool-use': 100 }, ' in the manifest has to be an object of request, chunk, tool_use'],
    [{ admin: 100 }, ' in the manifest has to be an object of request, chunk, tool_use'],
    [2000, ' in the manifest has to be an object'],
    [['tool_use'], ' in the manifest has to be an object'],
    [null, ' in the manifest has to be an object'],
  ])('that asks for %j is refused', (asked, problem) => {
    expect(() => contentWith(asked)).toThrow(
      expect.objectContaining({ reason: 'manifest', message: `metadata.excerpt_characters${problem}` }),
    );
  });
});
