import type { Script } from '../steps.ts';
import { cutBefore, cutMidStream, errorFirst, errorMidStream, refusing, slow, stall } from './faults.ts';
import { chat, echo, leak, long, redacted, refusal, serverTool, thinking } from './talk.ts';
import { bash, deniedThenRun, interleaved, interleavedLeak, parallelTools, subagent, tools } from './work.ts';

/** A script with its name and what it is for. */
export interface NamedScript {
  readonly name: string;
  readonly about: string;
}

const SCRIPTS: readonly (NamedScript & { readonly script: Script })[] = [
  { name: 'chat', about: 'a short friendly answer', script: chat },
  { name: 'echo', about: "the user's text, word for word", script: echo },
  { name: 'tools', about: 'calls Bash `echo hello`, then reports the result', script: tools },
  { name: 'bash', about: '`sandbox:bash COMMAND` calls Bash with that command, then reports', script: bash },
  { name: 'parallel-tools', about: 'two Bash calls in one turn', script: parallelTools },
  {
    name: 'interleaved-leak',
    about: 'lets `secret=VALUE` slip, then thinks, then calls Bash',
    script: interleavedLeak,
  },
  { name: 'interleaved', about: 'text, thinking, text, a call', script: interleaved },
  { name: 'thinking', about: 'thinks, then answers', script: thinking },
  { name: 'redacted-thinking', about: 'thinks unseen, then answers', script: redacted },
  {
    name: 'denied-then-run',
    about: 'thinks, repeats `secret=VALUE`, calls Bash `rm -rf build` and `echo ok`, thinks, sums up',
    script: deniedThenRun,
  },
  { name: 'leak', about: 'repeats `secret=VALUE` in text, a citation and an escaped tool input', script: leak },
  {
    name: 'subagent',
    about: '`sandbox:subagent NAME ARGUMENT` starts a subagent that plays that script',
    script: subagent,
  },
  { name: 'server-tool', about: 'a web search inside the service, with citations', script: serverTool },
  { name: 'long', about: '`sandbox:long COUNT` answers in that many deltas (2000)', script: long },
  { name: 'slow', about: '`sandbox:slow MS` waits before every event (50)', script: slow },
  { name: 'stall', about: '`sandbox:stall SECONDS` falls silent in the middle (30)', script: stall },
  { name: 'refusal', about: 'stop reason `refusal`', script: refusal },
  {
    name: 'error-400',
    about: '400; a number behind any error name limits how many requests fail',
    script: refusing('invalid_request_error', 'The sandbox was told to refuse this request.'),
  },
  {
    name: 'error-401',
    about: '401, as if the credential had ended',
    script: refusing('authentication_error', 'Invalid bearer token'),
  },
  {
    name: 'error-403',
    about: '403',
    script: refusing('permission_error', 'Your account does not have access to this resource.'),
  },
  {
    name: 'error-429',
    about: '429 with retry-after 1',
    script: refusing('rate_limit_error', 'This request would exceed the rate limit of your organization.', {
      'retry-after': '1',
      'x-should-retry': 'true',
    }),
  },
  { name: 'error-500', about: '500', script: refusing('api_error', 'Internal server error') },
  { name: 'error-529', about: '529 Overloaded', script: refusing('overloaded_error', 'Overloaded') },
  { name: 'error-first', about: 'an error event before any block', script: errorFirst },
  { name: 'error-mid-stream', about: 'an error event inside the second block', script: errorMidStream },
  { name: 'cut-before', about: 'the connection breaks before any answer', script: cutBefore },
  { name: 'cut-mid-stream', about: 'the connection breaks inside the second block', script: cutMidStream },
];

/** Every script's name with one line on what it does, for `--help`. */
export function describeScripts(): readonly NamedScript[] {
  return SCRIPTS.map(({ name, about }) => ({ name, about }));
}

/** @throws TypeError for a name that no script has */
export function scriptNamed(name: string): Script {
  const found = SCRIPTS.find((one) => one.name === name);
  if (!found) throw new TypeError(`there is no sandbox script "${name}"`);
  return found.script;
}
