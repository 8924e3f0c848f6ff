import type { JsonObject } from '../model/json.ts';
import { blocksOf, isObject, objectsOf, textOf } from './json.ts';

/** What came of a tool call. */
export interface ToolResult {
  readonly id: string;
  readonly tool: string;
  readonly text: string;
  readonly failed: boolean;
}

/** A request as a script reads it. */
export interface Asked {
  /** The script that the prompt names, with the rest of its line; null where it names none. */
  readonly directive: { readonly name: string; readonly argument: string } | null;
  /** The user's last prompt, without directive lines and the client's own reminders. */
  readonly text: string;
  /** The value to let slip: `secret=VALUE` or `secret-reversed=EULAV` of the newest prompt that has one, else the option. */
  readonly secret: string;
  /** How often the model has spoken since the last prompt. */
  readonly turn: number;
  /** Results of the calls of the turn before. */
  readonly results: readonly ToolResult[];
  /** Tools the client runs. */
  readonly tools: readonly JsonObject[];
  /** How many requests this session made before since the prompt that chose the script, resends included. */
  readonly attempt: number;
  readonly body: JsonObject;
}

const REMINDER = /<system-reminder>[\s\S]*?<\/system-reminder>/g;
const DIRECTIVE = /^[ \t]*sandbox:([a-z0-9-]+)(?:[ \t]+([^\r\n]*))?$/gm;
const SECRET = /(?:^|\s)secret(-reversed)?=(\S+)/g;

/**
 * Reads a request for the script.
 *
 * @param planted the value of `secret` where no prompt plants one
 * @param attemptOf counts requests by the place of the message that chose the script (0 where none did)
 */
export function readAsked(body: JsonObject, planted: string, attemptOf: (place: number) => number): Asked {
  const messages = objectsOf(body.messages);
  let directive: Asked['directive'] = null;
  let text = '';
  let secret = planted;
  let turn = 0;
  let place = 0;
  let speaking = false;
  let results: ToolResult[] = [];
  const calls = new Map<string, string>();
  for (const [at, message] of messages.entries()) {
    const blocks = blocksOf(message.content);
    if (message.role === 'assistant') {
      if (!speaking) turn += 1;
      speaking = true;
      for (const block of blocks) if (block.type === 'tool_use') calls.set(textOf(block.id), textOf(block.name));
      continue;
    }
    if (message.role !== 'user') continue;
    if (speaking) results = [];
    speaking = false;
    results.push(...blocks.filter((block) => block.type === 'tool_result').map((block) => resultOf(block, calls)));
    const said = blocks
      .filter((block) => block.type === 'text')
      .map((block) => textOf(block.text).replace(REMINDER, ''));
    const whole = said.join('\n').trim();
    if (whole === '' || blocks.some((block) => block.type === 'tool_result')) continue;
    const found = [...whole.matchAll(DIRECTIVE)].at(-1);
    if (found) {
      directive = { name: found[1]!, argument: (found[2] ?? '').trim() };
      place = at;
    }
    const plant = [...whole.matchAll(SECRET)].at(-1);
    if (plant) secret = plant[1] ? [...plant[2]!].reverse().join('') : plant[2]!;
    text = whole.replace(DIRECTIVE, '').trim();
    turn = 0;
  }
  const tools = objectsOf(body.tools).filter(
    (tool) => tool.type === undefined || tool.type === 'custom' || tool.input_schema,
  );
  return { directive, text, secret, turn, results, tools: mayCall(body) ? tools : [], attempt: attemptOf(place), body };
}

/** The client tool of that name, if the request offers it. */
export function toolNamed(asked: Asked, ...names: readonly string[]): JsonObject | null {
  return asked.tools.find((tool) => names.includes(textOf(tool.name))) ?? null;
}

function mayCall(body: JsonObject): boolean {
  return !(isObject(body.tool_choice) && body.tool_choice.type === 'none');
}

function resultOf(block: JsonObject, calls: ReadonlyMap<string, string>): ToolResult {
  const id = textOf(block.tool_use_id);
  const text = blocksOf(block.content)
    .map((part) => textOf(part.text))
    .join('\n')
    .replace(REMINDER, '')
    .trim();
  return { id, tool: calls.get(id) ?? '', text, failed: block.is_error === true };
}
