import { expect, test } from 'vitest';
import { defaultLimits, scan } from '../../src/json/index.ts';
import type { Client } from '../../src/model/exchange.ts';
import { classifyRequest } from '../../src/receive/request_class.ts';

const unnamed: Client = { app: null, version: null, class: null };
const claudeCode: Client = { ...unnamed, app: 'cli' };
const bash = { name: 'Bash' };
const search = { name: 'web_search', type: 'web_search_20250305' };

function classOf(client: Client, body: object): Client['class'] {
  return classifyRequest(client, scan(Buffer.from(JSON.stringify(body)), defaultLimits)).class;
}

test('the class that the client names stands', () => {
  expect(classOf({ ...claudeCode, class: 'subagent' }, {})).toBe('subagent');
  expect(classOf({ ...unnamed, class: 'compaction' }, { tools: [bash] })).toBe('compaction');
});

test('of Claude Code a request without tools of its own, or for a formatted answer, is auxiliary', () => {
  expect(classOf(claudeCode, {})).toBe('auxiliary');
  expect(classOf(claudeCode, { tools: [] })).toBe('auxiliary');
  expect(classOf(claudeCode, { tools: [search] })).toBe('auxiliary');
  expect(classOf(claudeCode, { tools: [bash], output_config: { format: {} } })).toBe('auxiliary');
  expect(classOf(claudeCode, { tools: [search, bash] })).toBe('main');
  expect(classOf(claudeCode, { tools: [{ name: 'bash', type: 'bash_20250124' }] })).toBe('main');
  expect(classOf(claudeCode, { tools: [{ ...bash, type: 'custom' }] })).toBe('main');
});

test('every other client only has the conversation itself', () => {
  expect(classOf(unnamed, {})).toBe('main');
  expect(classOf({ ...unnamed, app: 'other' }, { output_config: { format: {} } })).toBe('main');
});
