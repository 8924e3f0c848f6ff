import type { JsonObject } from '../../model/json.ts';
import { type Asked, toolNamed } from '../asked.ts';
import { isObject, textOf } from '../json.ts';
import type { Script, Step } from '../steps.ts';
import { satisfy } from '../structured.ts';
import { excerpt } from './talk.ts';

/** One call of a tool and an answer that names its result. */
export const tools: Script = (asked, turn) =>
  turn === 0
    ? [{ kind: 'say', text: 'I will run a small command.' }, ...run(asked, 'echo hello', 'Say hello')]
    : report(asked);

/** `sandbox:bash COMMAND`: runs that command, then reports. */
export const bash: Script = (asked, turn) =>
  turn === 0
    ? [{ kind: 'say', text: 'Running it.' }, ...run(asked, asked.directive?.argument || 'pwd', 'Run the command')]
    : report(asked);

/** Two calls in one turn. */
export const parallelTools: Script = (asked, turn) =>
  turn === 0
    ? [
        { kind: 'say', text: 'Two things at once.' },
        ...run(asked, 'echo first', 'First'),
        ...run(asked, 'echo second', 'Second'),
      ]
    : report(asked);

/** Text, thinking, text, a call; after its result the same without the call. */
export const interleaved: Script = (asked, turn) =>
  turn === 0
    ? [
        { kind: 'say', text: 'First a word.' },
        { kind: 'think', text: 'Which command shows that we are here? echo will do.' },
        { kind: 'say', text: 'Now a command.' },
        ...run(asked, 'echo interleaved', 'Echo'),
      ]
    : [
        { kind: 'say', text: 'It has run.' },
        { kind: 'think', text: 'The result is as expected.' },
        { kind: 'say', text: summary(asked) },
      ];

/** Lets the planted value slip before it thinks, so that a mask lies in front of a thinking block of the same answer. */
export const interleavedLeak: Script = (asked, turn) =>
  turn === 0
    ? [
        { kind: 'say', text: `The value is ${asked.secret}.`, split: asked.secret },
        { kind: 'think', text: 'That was said aloud. Go on with a command.' },
        ...run(asked, 'echo interleaved', 'Echo'),
      ]
    : report(asked);

/** Thinks, lets the planted value slip, asks for one call that policy denies and one that it allows, then goes on. */
export const deniedThenRun: Script = (asked, turn) =>
  turn === 0
    ? [
        { kind: 'think', text: 'Clean the build, then check that the shell still answers.' },
        { kind: 'say', text: `The value you gave me is ${asked.secret}. Cleaning up now.`, split: asked.secret },
        ...run(asked, 'rm -rf build', 'Remove the build folder'),
        ...run(asked, 'echo ok', 'Check the shell'),
      ]
    : [
        { kind: 'think', text: `${asked.results.length} results came back; time to sum up.` },
        { kind: 'say', text: `Done. ${summary(asked)}` },
      ];

/** Hands a task to a subagent: `sandbox:subagent NAME` chooses the subagent's own script (`bash echo from the subagent`). */
export const subagent: Script = (asked, turn) => {
  if (turn > 0) return report(asked);
  const tool = toolNamed(asked, 'Agent', 'Task');
  if (!tool) return [{ kind: 'say', text: 'There is no tool here to start a subagent with.' }];
  const schema = isObject(tool.input_schema) ? tool.input_schema : {};
  const filled = satisfy(schema, 'general-purpose');
  const input: JsonObject = {
    ...(isObject(filled) ? filled : {}),
    description: 'Check the shell',
    prompt: `sandbox:${asked.directive?.argument || 'bash echo from the subagent'}\nCheck the shell and report.`,
    ...(takes(schema, 'subagent_type') ? { subagent_type: 'general-purpose' } : {}),
    ...(takes(schema, 'run_in_background') ? { run_in_background: false } : {}),
  };
  return [
    { kind: 'say', text: 'I will hand this to a subagent.' },
    { kind: 'call', name: textOf(tool.name), input },
  ];
};

function run(asked: Asked, command: string, description: string): readonly Step[] {
  const shell = toolNamed(asked, 'Bash');
  if (shell) return [{ kind: 'call', name: 'Bash', input: { command, description } }];
  const other = asked.tools[0];
  if (!other) return [{ kind: 'say', text: `(No tool is offered to run \`${command}\` with.)` }];
  const input = satisfy(isObject(other.input_schema) ? other.input_schema : {}, command);
  return [{ kind: 'call', name: textOf(other.name), input: isObject(input) ? input : {} }];
}

function report(asked: Asked): readonly Step[] {
  return [{ kind: 'say', text: summary(asked) }];
}

function summary(asked: Asked): string {
  if (asked.results.length === 0) return 'No tool result came back.';
  const lines = asked.results.map((one) => `${one.tool} ${one.failed ? 'failed' : 'returned'}: ${excerpt(one.text)}`);
  return `The tools have answered. ${lines.join('; ')}`;
}

function takes(schema: JsonObject, name: string): boolean {
  return isObject(schema.properties) && schema.properties[name] !== undefined;
}
