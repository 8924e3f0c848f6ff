/** What a client may send differently, and whether that is another request: applied to bodies that real clients sent. */

/** A request as it was captured, to be altered. */
export interface Captured {
  /** Path and query. */
  readonly target: string;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Body;
}

export interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
  readonly input?: unknown;
  readonly cache_control?: unknown;
}

export interface Body {
  readonly model: string;
  readonly max_tokens: number;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
  readonly system?: string | readonly Block[];
  readonly tools?: readonly { readonly name: string; readonly description?: string; readonly input_schema: object }[];
  readonly [field: string]: unknown;
}

/** One row of the table. */
export interface Row {
  readonly change: string;
  /** Whether it is still the request that was shown to the approver. */
  readonly same: boolean;
  /** Groups of the caller beside its usual ones. */
  readonly groups?: readonly string[];
  /** What is sent first, where it is not the captured request itself. */
  readonly first?: (captured: Captured) => Captured;
  readonly alter: (captured: Captured) => Captured;
  /** How its JSON is written; `JSON.stringify` otherwise. */
  readonly write?: (body: Body) => string;
}

const inBody = (alter: (body: Body) => Partial<Body>) => (captured: Captured) => ({
  ...captured,
  body: { ...captured.body, ...alter(captured.body) } as Body,
});

const inHeaders = (alter: (headers: Map<string, string>) => void) => (captured: Captured) => {
  const headers = new Map(captured.headers);
  alter(headers);
  return { ...captured, headers };
};

/** Replaces text somewhere in one field; throws where the client did not send it, so that no row is empty. */
const swap = (field: keyof Body & string, from: string, to: string) =>
  inBody((body) => {
    const text = JSON.stringify(body[field]);
    const at = text.lastIndexOf(from);
    if (at < 0) throw new Error(`the client sent no ${from} in ${field}`);
    return { [field]: JSON.parse(text.slice(0, at) + to + text.slice(at + from.length)) };
  });

type Rewrite = (block: Block) => Block;
const everyBlock = (rewrite: Rewrite) => (body: Body) => ({
  messages: body.messages.map((message) => ({
    ...message,
    content: typeof message.content === 'string' ? message.content : message.content.map(rewrite),
  })),
  ...(Array.isArray(body.system) ? { system: body.system.map(rewrite) } : {}),
});
const withoutMark: Rewrite = ({ cache_control: _, ...block }) => block;

/** Texts as lists of one block, lists of one text as the text: what the other spelling would have been. */
const respell = (content: string | readonly Block[]): string | readonly Block[] => {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const [first, ...others] = content;
  if (first?.type === 'text' && others.length === 0) return first.text!;
  return content.map((block) => (block.content === undefined ? block : { ...block, content: respell(block.content) }));
};

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, shuffled(member)] as const)
      .reverse(),
  );
};

const escaped = (body: Body) =>
  JSON.stringify(body).replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** What clients change on a resend, and what means nothing to Claude. */
const same: readonly Row[] = [
  { change: 'nothing', same: true, alter: (captured) => captured },
  { change: 'stream flag', same: true, alter: inBody(({ stream }) => ({ stream: stream !== true })) },
  { change: 'lower max_tokens', same: true, alter: inBody(({ max_tokens }) => ({ max_tokens: max_tokens >> 1 })) },
  {
    change: 'not streamed and lower max_tokens',
    same: true,
    alter: inBody(() => ({ stream: false, max_tokens: 400 })),
  },
  { change: 'metadata', same: true, alter: inBody(() => ({ metadata: { user_id: 'another' } })) },
  {
    change: 'session header',
    same: true,
    alter: inHeaders((headers) => headers.set('x-claude-code-session-id', '00000000-0000-4000-8000-000000000000')),
  },
  {
    change: 'x-stainless headers',
    same: true,
    alter: inHeaders((headers) => {
      headers.set('x-stainless-retry-count', '3').set('x-stainless-timeout', '300').delete('x-stainless-arch');
    }),
  },
  { change: 'user-agent', same: true, alter: inHeaders((headers) => headers.set('user-agent', 'claude-cli/9.9.9')) },
  { change: 'cache_control taken away', same: true, alter: inBody(everyBlock(withoutMark)) },
  {
    change: 'cache_control moved',
    same: true,
    alter: inBody((body) => {
      const bare = everyBlock(withoutMark)(body);
      const mark: Rewrite = (block) => ({ ...block, cache_control: { type: 'ephemeral' } });
      const messages = bare.messages.map((message, at) =>
        at === 0 && typeof message.content !== 'string'
          ? { ...message, content: message.content.map((block, place) => (place === 0 ? mark(block) : block)) }
          : message,
      );
      const tools = body.tools!.map((tool, at) =>
        at === 0 ? { ...tool, cache_control: { type: 'ephemeral' } } : tool,
      );
      return { ...bare, messages, tools };
    }),
  },
  {
    change: 'content list as string and back',
    same: true,
    alter: inBody(({ messages }) => ({
      messages: messages.map((message) => ({ ...message, content: respell(message.content) })),
    })),
  },
  { change: 'order of keys', same: true, alter: ({ body, ...more }) => ({ ...more, body: shuffled(body) as Body }) },
  { change: 'white space', same: true, alter: (captured) => captured, write: (body) => JSON.stringify(body, null, 2) },
  { change: 'escapes in strings', same: true, alter: (captured) => captured, write: escaped },
  {
    change: 'order of the betas',
    same: true,
    alter: inHeaders((headers) => {
      headers.set('anthropic-beta', headers.get('anthropic-beta')!.split(',').reverse().join(', '));
    }),
  },
];

/** What matters: one byte of each where it can be one. */
const different: readonly Row[] = [
  { change: 'a tool argument', same: false, alter: swap('messages', 'echo deploy one', 'echo deploy onf') },
  { change: 'the last message', same: false, alter: swap('messages', 'deploy one', 'deploy one.') },
  { change: 'the first message', same: false, alter: swap('messages', 'Go.', 'Go!') },
  { change: 'the system prompt', same: false, alter: swap('system', 'agent', 'Agent') },
  { change: 'the model', same: false, alter: inBody(() => ({ model: 'claude-opus-5-4' })) },
  {
    change: 'a beta more',
    same: false,
    alter: inHeaders((headers) =>
      headers.set('anthropic-beta', `${headers.get('anthropic-beta')},files-api-2025-04-14`),
    ),
  },
  {
    change: 'a beta less',
    same: false,
    alter: inHeaders((headers) => headers.set('anthropic-beta', headers.get('anthropic-beta')!.replace(/,[^,]*$/, ''))),
  },
  { change: 'the credential role', same: false, groups: ['second'], alter: (captured) => captured },
  {
    change: 'a higher max_tokens',
    same: false,
    // Agents ask for as much as policy allows: half of it leaves room.
    first: inBody(({ max_tokens }) => ({ max_tokens: max_tokens >> 1 })),
    alter: inBody(({ max_tokens }) => ({ max_tokens: (max_tokens >> 1) + 1 })),
  },
  { change: "a tool's description", same: false, alter: swap('tools', '"description":"', '"description":" ') },
  {
    change: "cache_control inside of a tool's schema",
    same: false,
    alter: inBody(({ tools }) => ({
      tools: tools!.map((tool) => ({ ...tool, input_schema: { ...tool.input_schema, cache_control: { type: 'x' } } })),
    })),
  },
  { change: 'a tool less', same: false, alter: inBody(({ tools }) => ({ tools: tools!.slice(1) })) },
  { change: 'a message less', same: false, alter: inBody(({ messages }) => ({ messages: messages.slice(0, -2) })) },
  { change: 'temperature', same: false, alter: inBody(() => ({ temperature: 1 })) },
  { change: 'a field nobody knows', same: false, alter: inBody(() => ({ of_tomorrow: false })) },
  {
    change: 'how a number is spelled',
    same: false,
    first: inBody(() => ({ temperature: 1 })),
    alter: inBody(() => ({ temperature: 1 })),
    write: (body) => JSON.stringify(body).replace('"temperature":1', '"temperature":1.0'),
  },
  {
    change: 'the query of the target',
    same: false,
    alter: ({ target, ...more }) => ({ ...more, target: `${target}${target.includes('?') ? '&' : '?'}a=b` }),
  },
];

export const rows: readonly Row[] = [...same, ...different];

const session = (name: string) =>
  inHeaders((headers) => headers.set('x-claude-code-session-id', `00000000-0000-4000-8000-00000000000${name}`));
const otherPrompt = swap('messages', 'Go.', 'Go on.');

/** The same of a tool call in the answer, for which the first request of a conversation asks the sandbox. */
export const callRows: readonly Row[] = [
  { change: 'call: nothing', same: true, alter: (captured) => captured },
  {
    change: 'call: stream flag and max_tokens',
    same: true,
    alter: inBody(({ stream, max_tokens }) => ({ stream: stream !== true, max_tokens: max_tokens >> 1 })),
  },
  {
    change: 'call: the prompt and the id of the block',
    same: true,
    first: session('1'),
    alter: (captured) => otherPrompt(session('1')(captured)),
  },
  {
    change: 'call: a tool argument',
    same: false,
    first: session('1'),
    alter: (captured) => swap('messages', 'deploy one', 'deploy onf')(session('1')(captured)),
  },
  {
    change: 'call: the conversation',
    same: false,
    first: session('1'),
    alter: (captured) => otherPrompt(session('2')(captured)),
  },
];
