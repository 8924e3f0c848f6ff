import type { Json, JsonObject } from '../model/json.ts';

const LENGTH = 160;
/** Members of a tool's input that say most about it, the first present one wins. */
const telling = ['command', 'file_path', 'path', 'url', 'query', 'pattern', 'prompt', 'description'];

/** One line that tells what is bound: a tool call's command or path, a request's last words of the user. */
export function gistOf(kind: 'request' | 'tool_call', content: Json): string {
  const members = asObject(content);
  const text =
    kind === 'tool_call' ? inputGist(members.input ?? content) : lastWords(asObject(members.body ?? content));
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LENGTH ? `${line.slice(0, LENGTH)}…` : line;
}

function inputGist(input: Json): string {
  const members = asObject(input);
  const name = telling.find((candidate) => typeof members[candidate] === 'string');
  return name === undefined ? JSON.stringify(input) : String(members[name]);
}

function lastWords(body: JsonObject): string {
  const messages = Array.isArray(body.messages) ? (body.messages as readonly JsonObject[]) : [];
  const last = messages.findLast(({ role }) => role === 'user');
  if (!last) return '';
  if (typeof last.content === 'string') return last.content;
  const blocks = Array.isArray(last.content) ? (last.content as readonly JsonObject[]) : [];
  return blocks.map(({ text }) => (typeof text === 'string' ? text : '')).join(' ');
}

function asObject(value: Json): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
