import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { projectNow } from '../../src/decide/clock.ts';
import { adminInput, requestInput, toolUseInput } from '../../src/decide/contract.ts';
import { projectRequest, projectToolUse } from '../../src/decide/project.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { call, clock, scanned, span } from './fixtures/exchange.ts';

const request = (body: Parameters<typeof scanned>[0]) => projectRequest(scanned(body), clock);

describe('the request projection', () => {
  it('has every field, null or empty when absent', () => {
    const input = request({ body: { model: 'claude-opus-5-5', max_tokens: 64, messages: [] } });
    expect(requestInput.parse(input)).toEqual(input);
    expect(request({ body: null, action: 'models.read' }).request).toMatchObject({
      model: null,
      max_tokens: null,
      bytes: 0,
    });
  });

  it('tells client tools from tools that run inside Claude', () => {
    const tools = [
      { name: 'Bash', input_schema: {} },
      { type: 'custom', name: 'Mine' },
      { type: 'bash_20250124', name: 'bash' },
      { type: 'web_search_20250305', name: 'web_search' },
      { type: 'never_seen_20300101', name: 'x' },
      { type: 'mcp_toolset', mcp_server_name: 'm' },
    ];
    const { request: seen } = request({ body: { tools } });
    expect(seen.tools).toEqual(['Bash', 'Mine', 'bash']);
    expect(seen.server_tools.map((tool) => tool.type)).toEqual(['web_search_20250305', 'never_seen_20300101']);
  });

  it('finds tools that a message adds, also in what a compaction kept of them', () => {
    const added = (definition: JsonObject) => ({
      type: 'tool_addition',
      tool: { type: 'tool_definition', definition },
    });
    const { request: seen } = request({
      body: {
        tools: [{ name: 'Bash', input_schema: {} }],
        messages: [
          { role: 'user', content: 'hello' },
          {
            role: 'system',
            content: [
              added({ name: 'Late', input_schema: {} }),
              added({ type: 'code_execution_20260521', name: 'code_execution' }),
              { type: 'tool_addition', tool: { type: 'tool_reference', name: 'Bash' } },
            ],
          },
          {
            role: 'assistant',
            content: [
              { type: 'compaction', content: 'x', tool_changes: [added({ type: 'web_fetch_20260318', name: 'f' })] },
            ],
          },
        ],
      },
    });
    expect(seen.tools).toEqual(['Bash', 'Late']);
    expect(seen.server_tools.map((tool) => tool.type)).toEqual(['code_execution_20260521', 'web_fetch_20260318']);
  });

  it('names hosts of connectors and of URL sources wherever a source may stand', () => {
    const image = (url: string) => ({ type: 'image', source: { type: 'url', url } });
    const { request: seen } = request({
      body: {
        mcp_servers: [
          { type: 'url', name: 'm', url: 'https://MCP.example/sse' },
          { name: 'broken', url: 'nonsense' },
        ],
        system: [{ type: 'document', source: { type: 'url', url: 'https://docs.example/a.pdf' } }],
        messages: [
          { role: 'user', content: [image('http://2852039166/'), image('https://cdn.example/x')] },
          { role: 'user', content: [{ type: 'tool_result', content: [image('https://deep.example/')] }] },
          { role: 'user', content: [{ type: 'new_block', parts: [{ source: { url: 'https://new.example/' } }] }] },
          { role: 'assistant', content: [{ type: 'tool_use', input: { source: { url: 'https://not.example/' } } }] },
          { role: 'user', content: [image('no url at all')] },
        ],
      },
    });
    expect(seen.mcp_servers).toEqual([
      { name: 'm', host: 'mcp.example' },
      { name: 'broken', host: null },
    ]);
    expect(seen.url_sources).toEqual([
      '(none)',
      ...['169.254.169.254', 'cdn.example', 'deep.example', 'docs.example', 'new.example'],
    ]);
    expect(seen.media).toEqual({ images: 4, documents: 1 });
  });

  it('counts what no detector reads', () => {
    const { request: seen } = request({
      body: {
        messages: [
          {
            content: [
              { type: 'image', source: { type: 'base64', data: 'AAAA' } },
              { type: 'document', source: { type: 'text', data: 'plain' } },
              { type: 'document', source: { type: 'file', file_id: 'file_1' } },
            ],
          },
        ],
      },
    });
    expect(seen).toMatchObject({ opaque_bytes: 4, file_ids: ['file_1'], media: { images: 1, documents: 2 } });
  });

  it('names betas and unknown top-level fields', () => {
    const headers = { 'anthropic-beta': 'one-2025, two-2026,' };
    const { request: seen } = request({ body: { model: 'm', brand_new: 1 }, headers });
    expect(seen).toMatchObject({ betas: ['one-2025', 'two-2026'], unknown_fields: ['brand_new'] });
  });

  it('stays small however large the body is', () => {
    const messages = Array.from({ length: 500 }, () => ({ role: 'user', content: 'x'.repeat(2000) }));
    expect(JSON.stringify(request({ body: { messages } })).length).toBeLessThan(2000);
  });

  it('refuses a request that names more than a policy could judge', () => {
    const tools = Array.from({ length: 1001 }, (_, i) => ({ name: `t${i}` }));
    expect(() => request({ body: { tools } })).toThrow(expect.objectContaining({ code: 'BODY_SHAPE' }));
    expect(() => request({ body: { model: 'x'.repeat(600) } })).toThrow(
      expect.objectContaining({ code: 'BODY_SHAPE' }),
    );
  });

  it('fits its schema for any body', () => {
    const keys = fc.constantFrom(
      'type',
      'source',
      'url',
      'tools',
      'messages',
      'content',
      'system',
      'mcp_servers',
      'model',
      'data',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>('url', 'image', 'https://a.example/', 1, null, true),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(keys, tree, { maxKeys: 6 }), (body) => {
        requestInput.parse(request({ body: body as never }));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the tool call projection', () => {
  it('fits its schema and names the call', () => {
    const part = call(
      2,
      'mcp__github__get_issue',
      { url: 'https://GitHub.example/x' },
      { spans: [span('email'), span('email', true)] },
    );
    const input = projectToolUse(scanned(), part, 1, clock);
    expect(toolUseInput.parse(input)).toEqual({ ...input, detections: { email: 1 } });
    expect(input).toMatchObject({
      tool: { name: 'mcp__github__get_issue', kind: 'mcp', server: 'github' },
      input: { hosts: ['github.example'] },
      answer: { call_index: 1 },
    });
  });
});

describe('time', () => {
  it('is whole minutes, the weekday from Monday and the hour, in UTC', () => {
    expect(projectNow(clock)).toEqual({ minutes: Math.floor(clock() / 60_000), weekday: 2, hour: 2 });
    expect(projectNow(() => 0)).toEqual({ minutes: 0, weekday: 4, hour: 0 });
    fc.assert(
      fc.property(fc.date({ min: new Date(0), noInvalidDate: true }), (date) => {
        const now = projectNow(() => date.getTime());
        expect(now.weekday % 7).toBe(date.getUTCDay());
        expect(now.hour).toBe(date.getUTCHours());
      }),
    );
  });
});

it('the admin schema knows the principal that the gateway projects', () => {
  expect(Object.keys(adminInput.shape.actor.shape).sort()).toEqual(
    Object.keys(projectRequest(scanned(), clock).principal).sort(),
  );
});
