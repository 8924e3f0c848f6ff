import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultLimits, scan } from '../../src/json/index.ts';
import type { Leaf } from '../../src/model/body.ts';
import { classifyLeaves } from '../../src/receive/leaves.ts';
import { jsonText } from '../json/arbitrary.ts';
import { claudeCodeBody } from './claude_code_body.ts';

function leavesOf(text: string): readonly Leaf[] {
  const { leaves, step } = classifyLeaves(scan(Buffer.from(text), defaultLimits));
  while (!step());
  return leaves;
}

/** One line a leaf: `path: kind origin message (fixed|key)`. */
const line = (leaf: Leaf) =>
  `${leaf.path.join('.')}: ${leaf.kind} ${leaf.origin} ${leaf.message}${leaf.fixed ? ' fixed' : ''}${leaf.key ? ' key' : ''}`;

/** The leaves of one content block, paths from the block on. */
function blockLeaves(block: unknown, role = 'user'): string[] {
  const leaves = leavesOf(JSON.stringify({ messages: [{ role, content: [block] }] })).slice(1);
  return leaves.map((leaf) => line(leaf).replace('messages.0.content.0.', '').replace(' 0', ''));
}

test('every string of a Claude Code request has its place', () => {
  expect(leavesOf(JSON.stringify(claudeCodeBody)).map(line)).toEqual(
    `
    model: field system -1
    messages.0.role: field system 0 fixed
    messages.0.content.0.type: field system 0 fixed
    messages.0.content.0.text: text system 0
    messages.0.output_config.effort: field system 0 key
    messages.0.output_config.effort: field system 0
    messages.1.role: field user 1 fixed
    messages.1.content: text user 1
    messages.2.role: field assistant 2 fixed
    messages.2.content.0.type: field assistant 2 fixed
    messages.2.content.0.thinking: text assistant 2 fixed
    messages.2.content.0.signature: field assistant 2 fixed
    messages.2.content.1.type: field assistant 2 fixed
    messages.2.content.1.data: field assistant 2 fixed
    messages.2.content.2.type: field assistant 2 fixed
    messages.2.content.2.text: text assistant 2
    messages.2.content.3.type: field assistant 2 fixed
    messages.2.content.3.id: field assistant 2 fixed
    messages.2.content.3.name: definition assistant 2
    messages.2.content.3.input.command: input assistant 2 key
    messages.2.content.3.input.command: input assistant 2
    messages.2.content.3.input.env: input assistant 2 key
    messages.2.content.3.input.env.HOME: input assistant 2 key
    messages.2.content.3.input.env.HOME: input assistant 2
    messages.2.content.3.input.limits: input assistant 2 key
    messages.2.content.3.input.limits.1: input assistant 2
    messages.2.content.3.caller.type: field assistant 2 fixed
    messages.3.role: field user 3 fixed
    messages.3.content.0.tool_use_id: field tool_result 3 fixed
    messages.3.content.0.type: field tool_result 3 fixed
    messages.3.content.0.content.0.type: field tool_result 3 fixed
    messages.3.content.0.content.0.text: text tool_result 3
    messages.3.content.0.content.1.type: field tool_result 3 fixed
    messages.3.content.0.content.1.source.type: field tool_result 3 fixed
    messages.3.content.0.content.1.source.media_type: field tool_result 3 fixed
    messages.3.content.0.content.1.source.data: field tool_result 3 fixed
    messages.3.content.1.type: field user 3 fixed
    messages.3.content.1.text: text user 3
    messages.3.content.1.cache_control.type: field user 3 fixed
    system.0.type: field system -1 fixed
    system.0.text: text system -1
    system.1.type: field system -1 fixed
    system.1.text: text system -1
    system.1.cache_control.type: field system -1 fixed
    system.1.cache_control.ttl: field system -1 fixed
    tools.0.name: definition system -1
    tools.0.description: definition system -1
    tools.0.input_schema.type: definition system -1 key
    tools.0.input_schema.type: definition system -1
    tools.0.input_schema.properties: definition system -1 key
    tools.0.input_schema.properties.command: definition system -1 key
    tools.0.input_schema.properties.command.type: definition system -1 key
    tools.0.input_schema.properties.command.type: definition system -1
    tools.0.input_schema.properties.command.description: definition system -1 key
    tools.0.input_schema.properties.command.description: definition system -1
    tools.0.input_schema.required: definition system -1 key
    tools.0.input_schema.required.0: definition system -1
    tools.0.defer_loading: definition system -1 key
    metadata.user_id: field system -1 key
    metadata.user_id: field system -1
    thinking.type: field system -1 key
    thinking.type: field system -1
    thinking.display: field system -1 key
    thinking.display: field system -1
    context_management.edits: field system -1 key
    context_management.edits.0.type: field system -1 key
    context_management.edits.0.type: field system -1
    context_management.edits.0.keep: field system -1 key
    context_management.edits.0.keep: field system -1
    output_config.effort: field system -1 key
    output_config.effort: field system -1
    safeguards.0.type: field system -1 key
    safeguards.0.type: field system -1
    safeguards.0.classifier_context: field system -1 key
    safeguards.0.classifier_context.cwd: field system -1 key
    safeguards.0.classifier_context.cwd: field system -1
    `
      .trim()
      .split(/\n\s+/),
  );
});

describe('content blocks', () => {
  test('a tool result given as a string', () => {
    expect(blockLeaves({ type: 'tool_result', tool_use_id: 't', content: 'x' })).toEqual([
      'type: field tool_result fixed',
      'tool_use_id: field tool_result fixed',
      'content: text tool_result',
    ]);
  });

  test('sources: only base64 data is fixed, URLs and texts are not', () => {
    const data = (source: unknown) =>
      blockLeaves({ type: 'document', source })
        .slice(1)
        .filter((leaf) => !leaf.startsWith('source.type'));
    expect(data({ type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' })).toEqual([
      'source.media_type: field user fixed',
      'source.data: field user fixed',
    ]);
    expect(data({ type: 'text', media_type: 'text/plain', data: 'x' })).toEqual([
      'source.media_type: field user fixed',
      'source.data: text user',
    ]);
    expect(data({ type: 'url', url: 'https://x.test/?k=secret' })).toEqual(['source.url: text user']);
    expect(data({ type: 'file', file_id: 'file_1' })).toEqual(['source.file_id: field user fixed']);
    expect(data({ type: 'content', content: 'x' })).toEqual(['source.content: text user']);
    expect(data({ type: 'content', content: [{ type: 'text', text: 'x' }] })).toEqual([
      'source.content.0.type: field user fixed',
      'source.content.0.text: text user',
    ]);
    expect(data({ type: 'future', data: 'x' })).toEqual(['source.data: text user key', 'source.data: text user']);
    expect(data({ data: 'x' })).toEqual(['source.data: text user key', 'source.data: text user']);
    expect(blockLeaves({ type: 'image', source: { type: 'toString', data: 'x' } }).at(-1)).toBe(
      'source.data: text user',
    );
  });

  test('titles, context and citations of documents and search results are text', () => {
    expect(
      blockLeaves({ type: 'document', source: 's', title: 't', context: 'c', citations: { enabled: true } }).filter(
        (leaf) => leaf.includes('text') && !leaf.endsWith('key'),
      ),
    ).toEqual(['source: text user', 'title: text user', 'context: text user']);
    expect(
      blockLeaves({ type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'x' }] }),
    ).toEqual([
      'type: field user fixed',
      'source: text user',
      'title: text user',
      'content.0.type: field user fixed',
      'content.0.text: text user',
    ]);
    const citation = { type: 'web_search_result_location', cited_text: 'x', url: 'u', encrypted_index: 'e' };
    expect(
      blockLeaves({ type: 'text', text: 'x', citations: [citation] }, 'assistant').filter(
        (leaf) => !leaf.endsWith('key'),
      ),
    ).toEqual([
      'type: field assistant fixed',
      'text: text assistant',
      'citations.0.type: field assistant fixed',
      'citations.0.cited_text: text assistant',
      'citations.0.url: text assistant',
      'citations.0.encrypted_index: field assistant fixed',
    ]);
  });

  test('calls of server tools and MCP tools are inputs', () => {
    for (const type of ['server_tool_use', 'mcp_tool_use']) {
      const leaves = blockLeaves({ type, id: 'i', name: 'n', server_name: 's', input: { q: ['x'] } }, 'assistant');
      expect(leaves).toEqual([
        'type: field assistant fixed',
        'id: field assistant fixed',
        'name: definition assistant',
        'server_name: definition assistant',
        'input.q: input assistant key',
        'input.q.0: input assistant',
      ]);
    }
    expect(blockLeaves({ type: 'tool_use', input: 'x' }, 'assistant').at(-1)).toBe('input: input assistant');
  });

  test.each(['web_search_tool_result', 'code_execution_tool_result', 'mcp_tool_result', 'future_tool_result'])(
    'results of server tools are tool results at every depth: %s',
    (type) => {
      const item = { type: 'web_search_result', title: 't', url: 'u', encrypted_content: 'e' };
      const fetched = {
        type: 'document',
        source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' },
      };
      const leaves = blockLeaves({ type, tool_use_id: 'i', content: [item, fetched], stdout: 'x' }, 'assistant');
      expect(leaves.filter((leaf) => !leaf.endsWith('key'))).toEqual([
        'type: field tool_result fixed',
        'tool_use_id: field tool_result fixed',
        'content.0.type: field tool_result fixed',
        'content.0.title: text tool_result',
        'content.0.url: text tool_result',
        'content.0.encrypted_content: field tool_result fixed',
        'content.1.type: field tool_result fixed',
        'content.1.source.type: field tool_result fixed',
        'content.1.source.media_type: field tool_result fixed',
        'content.1.source.data: field tool_result fixed',
        'stdout: text tool_result',
      ]);
    },
  );

  test('files, tool references and compactions', () => {
    expect(blockLeaves({ type: 'container_upload', file_id: 'f' }).at(-1)).toBe('file_id: field user fixed');
    expect(blockLeaves({ type: 'tool_reference', tool_name: 'n' }).at(-1)).toBe('tool_name: definition user');
    expect(blockLeaves({ type: 'compaction', content: 'x', encrypted_content: 'e' }, 'assistant').slice(1)).toEqual([
      'content: text assistant',
      'encrypted_content: field assistant fixed',
    ]);
  });

  test('thinking shields nothing under another role', () => {
    expect(blockLeaves({ type: 'thinking', thinking: 'x' }).at(-1)).toBe('thinking: text user');
    expect(blockLeaves({ type: 'redacted_thinking', data: 'x' }, 'system').at(-1)).toBe('data: text system');
  });

  test.each([{ type: 'future' }, { type: '__proto__' }, { type: 'toString' }, { type: 7 }, {}])(
    'a block of an unknown kind is text at every depth: %j',
    (head) => {
      const leaves = blockLeaves({ ...head, deep: { 'a key': ['x'] }, encrypted_content: 'e' });
      expect(leaves.slice(typeof head.type === 'string' ? 1 : 0)).toEqual([
        'deep: text user key',
        'deep.a key: text user key',
        'deep.a key.0: text user',
        'encrypted_content: field user fixed',
      ]);
    },
  );

  test('a member a known block does not have is a leaf with its name', () => {
    expect(blockLeaves({ type: 'text', text: 'x', extra: 'y' }).slice(2)).toEqual([
      'extra: text user key',
      'extra: text user',
    ]);
  });

  test('a name that only resembles a known one shields nothing', () => {
    expect(blockLeaves({ type: 'tool_use', ' id': 'x' }, 'assistant').slice(1)).toEqual([
      ' id: text assistant key',
      ' id: text assistant',
    ]);
  });

  test('what should be a fixed string shields nothing as an object', () => {
    expect(blockLeaves({ type: 'tool_use', id: { secret: 'x' }, cache_control: { y: 'z' } }).slice(1)).toEqual([
      'id.secret: field user key',
      'id.secret: field user',
      'cache_control.y: field user key',
      'cache_control.y: field user',
    ]);
  });

  test('content that is one block, or an array of strings', () => {
    const of = (content: unknown) =>
      leavesOf(JSON.stringify({ messages: [{ role: 'user', content }] }))
        .map(line)
        .slice(1);
    expect(of({ type: 'text', text: 'x' })).toEqual([
      'messages.0.content.type: field user 0 fixed',
      'messages.0.content.text: text user 0',
    ]);
    expect(of(['x'])).toEqual(['messages.0.content.0: text user 0']);
  });
});

test('a role nobody knows counts as system', () => {
  const leaves = leavesOf('{"messages":[{"content":"x","role":"future"}]}');
  expect(leaves.map(line)).toEqual(['messages.0.content: text system 0', 'messages.0.role: field system 0 fixed']);
});

test('a field nobody knows is a leaf with its name', () => {
  expect(leavesOf('{"__proto__":{"x":"y"}}').map(line)).toEqual([
    '__proto__: field system -1 key',
    '__proto__.x: field system -1 key',
    '__proto__.x: field system -1',
  ]);
});

/** All strings of a value, property names apart. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}

test('no string value is left out, and each leaf is at its offsets', () => {
  const body = fc
    .tuple(jsonText, jsonText, jsonText)
    .map(([a, b, c]) => `{"messages":[{"role":"user","content":[${a}]},${b}],"x":${c}}`);
  fc.assert(
    fc.property(body, (text) => {
      const leaves = leavesOf(text);
      const bytes = Buffer.from(text);
      for (const leaf of leaves) {
        expect(JSON.parse(bytes.subarray(leaf.start, leaf.end).toString())).toBe(leaf.text);
      }
      const values = leaves.filter((leaf) => !leaf.key).map((leaf) => leaf.text);
      expect(values.toSorted()).toEqual(strings(JSON.parse(text)).toSorted());
    }),
  );
});

test('a path leads to its leaf', () => {
  const follow = (path: readonly (string | number)[]) =>
    path.reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], claudeCodeBody);
  for (const leaf of leavesOf(JSON.stringify(claudeCodeBody))) {
    if (leaf.key) expect(leaf.path.at(-1)).toBe(leaf.text);
    else expect(follow(leaf.path)).toBe(leaf.text);
  }
});

test('many leaves take many steps', () => {
  const text = JSON.stringify({ messages: Array(100).fill({ role: 'user', content: Array(1000).fill('x') }) });
  const { leaves, step } = classifyLeaves(scan(Buffer.from(text), defaultLimits));
  let before = 0;
  let steps = 0;
  for (let done = false; !done; before = leaves.length) {
    done = step();
    steps++;
    expect(leaves.length - before).toBeLessThanOrEqual(2 * 16_384);
  }
  expect(leaves).toHaveLength(100 * 1001);
  expect(steps).toBeGreaterThan(5);
});
