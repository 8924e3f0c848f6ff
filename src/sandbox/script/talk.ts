import type { Asked } from '../asked.ts';
import type { Script, Step } from '../steps.ts';

const EXCERPT = 400;

/** A short friendly answer that shows the stand-in heard what was said. */
export const chat: Script = (asked) => {
  const said = excerpt(asked.text);
  const heard = said === '' ? 'You said nothing in particular.' : `You said: ${said}`;
  return [
    {
      kind: 'say',
      text: `Hello! This is the sandbox that stands in for Claude, so there is no model behind these words. ${heard}\n\nYour request travelled the whole way. To see a tool call, start a prompt with the line \`sandbox:tools\`.`,
    },
  ];
};

/** Exactly the user's text. */
export const echo: Script = (asked) => [{ kind: 'say', text: asked.text || asked.directive?.argument || '(nothing)' }];

/** Thinks before it speaks, on every turn. */
export const thinking: Script = (asked) => [
  { kind: 'think', text: `The user wrote ${asked.text.length} characters. I shall weigh them — then answer.` },
  { kind: 'say', text: `I have thought about it: ${excerpt(asked.text) || 'all is well'}.` },
];

/** As `thinking`, with the thought withheld by the service. */
export const redacted: Script = (asked) => [
  { kind: 'think', text: 'What cannot be shown.', redacted: true },
  { kind: 'say', text: `I have thought about it: ${excerpt(asked.text) || 'all is well'}.` },
];

/** Many deltas: `sandbox:long 5000`. */
export const long: Script = (asked) => {
  const count = Math.min(1_000_000, Number(asked.directive?.argument.match(/\d+/)?.[0] ?? 2000));
  const pieces = Array.from({ length: count }, (_, at) => `word ${at} `);
  return [{ kind: 'say', text: pieces.join(''), pieces }];
};

/** A web search inside the service, and an answer that quotes what it found. */
export const serverTool: Script = (asked) => {
  const query = asked.text || 'what is a sallyport';
  const quotes = [
    { title: 'Sallyport', url: 'https://example.com/sallyport', text: 'A sallyport is a secure, controlled entryway.' },
  ];
  return [
    { kind: 'say', text: 'Let me look that up.' },
    { kind: 'search', query, quotes },
    { kind: 'say', text: 'A sallyport is a controlled way in.', quotes },
  ];
};

/** What a secret looks like when a model lets it slip, in every place that carries text. */
export const leak: Script = (asked, turn) => {
  const { secret } = asked;
  const said: Step = {
    kind: 'say',
    text: `As you asked, the value is ${secret}, and again: ${secret}.`,
    split: secret,
  };
  if (turn > 0) return [said];
  const quoted: Step = {
    kind: 'say',
    text: `The document says so too: ${secret}.`,
    split: secret,
    quotes: [{ title: `Notes on ${secret}`, text: `value = ${secret}` }],
  };
  const input = { command: `echo ${secret}`, description: 'Show the value' };
  const escaped = escapeOne(secret);
  const spelling = JSON.stringify(input).replace(JSON.stringify(secret).slice(1, -1), () => escaped);
  const call: Step = { kind: 'call', name: 'Bash', input, spelling, split: escaped };
  return offers(asked, 'Bash') ? [said, quoted, call] : [said, quoted];
};

/** A text spelled for a JSON string, one character in its middle as `\uXXXX`. */
function escapeOne(text: string): string {
  const spelled = (part: string): string => JSON.stringify(part).slice(1, -1);
  let middle = text.length >> 1;
  while (middle > 0 && /[\ud800-\udfff]/.test(text[middle]!)) middle -= 1;
  const code = text.charCodeAt(middle).toString(16).padStart(4, '0');
  return `${spelled(text.slice(0, middle))}\\u${code}${spelled(text.slice(middle + 1))}`;
}

/** The service declines. */
export const refusal: Script = () => [
  {
    kind: 'stop',
    reason: 'refusal',
    details: { type: 'refusal', category: null, explanation: 'The sandbox declines.' },
  },
];

/** Whether the request offers that tool. */
function offers(asked: Asked, name: string): boolean {
  return asked.tools.some((tool) => tool.name === name);
}

/** The start of a text, on one line. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT).toWellFormed()}…` : line;
}
