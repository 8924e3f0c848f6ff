import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentFacts } from '../../src/decide/content_facts.ts';
import { hostOf } from '../../src/decide/hosts.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { scanned } from './fixtures/exchange.ts';

const sources = fc.oneof(
  fc.record({ type: fc.constant('url'), url: fc.constantFrom('https://a.example/x', 'nonsense') }),
  fc.record({ type: fc.constant('base64'), data: fc.constantFrom('AAAA', 'BBBBBBBB') }),
  fc.record({ type: fc.constant('file'), file_id: fc.constantFrom('file_1', 'file_2') }),
  fc.record({ type: fc.constant('text'), data: fc.constant('plain') }),
  fc.constant('a string'),
);
const types = fc.constantFrom(
  ...['text', 'thinking', 'redacted_thinking', 'image', 'document', 'search_result', 'container_upload', 'compaction'],
  ...[
    'tool_use',
    'server_tool_use',
    'mcp_tool_use',
    'tool_result',
    'web_search_tool_result',
    'new_block',
    'tool_definition',
    5,
  ],
);
const { block } = fc.letrec<{ block: Json; content: Json }>((tie) => ({
  block: fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record(
        {
          type: types,
          source: sources,
          content: tie('content'),
          file_id: fc.constant('file_3'),
          text: fc.constant('t'),
          input: fc.record({ source: sources }),
        },
        { requiredKeys: [] },
      ) as fc.Arbitrary<Json>,
    },
    fc.constantFrom<Json>('a string', null),
  ),
  content: fc.oneof(
    { maxDepth: 3 },
    fc.constant<Json>('text'),
    fc.array(tie('block'), { maxLength: 3 }) as fc.Arbitrary<Json>,
  ),
}));
const message = fc.record({
  role: fc.constantFrom('user', 'assistant', 'system'),
  content: fc.oneof({ weight: 5, arbitrary: fc.array(block, { maxLength: 4 }) }, fc.constant('text')),
});
const bodies = fc.record(
  {
    system: fc.array(block, { maxLength: 2 }),
    messages: fc.array(message, { maxLength: 4 }),
    container: fc.record({ skills: fc.array(fc.record({ file_id: fc.constant('file_4') }), { maxLength: 1 }) }),
    other: fc.array(block, { maxLength: 1 }),
  },
  { requiredKeys: ['messages'] },
);

/** The same facts, read from the plain value in the plainest way. */
function plainFacts(body: JsonObject) {
  const facts = { images: 0, documents: 0, opaqueBytes: 0, hosts: new Set<string>(), files: new Set<string>() };
  let addedTools = 0;
  const object = (node: JsonObject, isSource: boolean): void => {
    if (node.type === 'image') facts.images += 1;
    if (node.type === 'document') facts.documents += 1;
    if (node.type === 'tool_definition') addedTools += 1;
    for (const [name, value] of Object.entries(node)) {
      if (name === 'file_id') facts.files.add(value as string);
      if (isSource && name === 'url') facts.hosts.add(hostOf(value as string) ?? '(none)');
      if (isSource && name === 'data' && node.type !== 'text') facts.opaqueBytes += (value as string).length;
      if (name === 'input' && String(node.type).endsWith('tool_use')) continue;
      for (const inner of Array.isArray(value) ? value : isObject(value) ? [value] : []) {
        if (isObject(inner)) object(inner, name === 'source' && !Array.isArray(value));
      }
    }
  };
  const blocks = (content: Json | undefined): void => {
    for (const entry of Array.isArray(content) ? content : []) {
      if (!isObject(entry)) continue;
      if (entry.type === 'tool_result') blocks(entry.content);
      else if (!/^(text|(redacted_)?thinking|(server_|mcp_)?tool_use)$/.test(String(entry.type))) object(entry, false);
    }
  };
  blocks(body.system);
  for (const { content } of body.messages as readonly JsonObject[]) blocks(content);
  if (isObject(body.container)) object(body.container, false);
  const { hosts, files, ...counts } = facts;
  return { ...counts, addedTools, urlSources: [...hosts].sort(), fileIds: [...files].sort() };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('what the content of a request refers to', () => {
  it('is found in every block of any request', () => {
    let found = 0;
    fc.assert(
      fc.property(bodies as fc.Arbitrary<JsonObject>, (body) => {
        const facts = contentFacts(scanned({ body }).body);
        expect({ ...facts, addedTools: facts.addedTools.length }).toEqual(plainFacts(body));
        if (facts.images + facts.documents + facts.fileIds.length > 0) found += 1;
      }),
      { numRuns: 2000 },
    );
    expect(found).toBeGreaterThan(500);
  });

  it('is read of a block that stands where a list should', () => {
    const image = { type: 'image', source: { type: 'url', url: 'https://a.example/' } };
    const { images, urlSources } = contentFacts(
      scanned({ body: { messages: [{ role: 'user', content: image }] } }).body,
    );
    expect([images, urlSources]).toEqual([1, ['a.example']]);
  });

  it('is nothing where there is no body', () => {
    expect(contentFacts(null)).toMatchObject({ images: 0, urlSources: [] });
  });
});
