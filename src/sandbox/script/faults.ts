import type { Asked } from '../asked.ts';
import type { ErrorType } from '../refusal.ts';
import type { Script, Step } from '../steps.ts';
import { chat } from './talk.ts';

/** A script of faults; with a number behind its name (`sandbox:error-529 2`) only the first so many requests of the prompt fail. */
function failing(steps: readonly Step[]): Script {
  return (asked, turn) => (asked.attempt < triesOf(asked) ? steps : chat(asked, turn));
}

/** Turned away before the answer. */
export function refusing(type: ErrorType, message: string, headers: Readonly<Record<string, string>> = {}): Script {
  return failing([{ kind: 'refuse', type, message, headers }]);
}

const BEGUN: Step = { kind: 'say', text: 'This block is finished.' };
const UNFINISHED: Step = { kind: 'say', text: 'This one will never be', unfinished: true };
const OVERLOADED: Step = { kind: 'fail', type: 'overloaded_error', message: 'Overloaded' };

/** An error before anything was said. */
export const errorFirst: Script = failing([OVERLOADED]);
/** An error inside the second block of an answer. */
export const errorMidStream: Script = failing([BEGUN, UNFINISHED, OVERLOADED]);
/** The connection breaks before anything was said. */
export const cutBefore: Script = failing([{ kind: 'cut' }]);
/** The connection breaks inside the second block of an answer. */
export const cutMidStream: Script = failing([BEGUN, UNFINISHED, { kind: 'cut' }]);

/** Silent for some seconds in the middle: `sandbox:stall 30`. */
export const stall: Script = (asked) => [
  { kind: 'say', text: 'One moment.' },
  { kind: 'stall', milliseconds: numberOf(asked, 30) * 1000 },
  { kind: 'say', text: 'There I am again.' },
];

/** So many milliseconds before every event: `sandbox:slow 50`. */
export const slow: Script = (asked, turn) => [
  { kind: 'pace', milliseconds: numberOf(asked, 50) },
  ...chat(asked, turn),
];

function triesOf(asked: Asked): number {
  return numberOf(asked, Number.POSITIVE_INFINITY);
}

function numberOf(asked: Asked, otherwise: number): number {
  const found = /^\d+/.exec(asked.directive?.argument ?? '');
  return found ? Number(found[0]) : otherwise;
}
