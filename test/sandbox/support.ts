import { type IncomingMessage, request } from 'node:http';

/** A content block as tests read it; which fields are there depends on its type. */
export interface Block {
  type: string;
  id: string;
  text: string;
  thinking: string;
  signature: string;
  data: string;
  input: Record<string, unknown>;
  citations: { cited_text: string }[];
}

/** A JSON answer as tests read it: a message, an error, a count or a token. */
export interface Body {
  id: string;
  type: string;
  content: Block[];
  stop_reason: string | null;
  usage: Record<'output_tokens' | 'cache_read_input_tokens' | 'cache_creation_input_tokens', number>;
  input_transformations: unknown;
  input_tokens: number;
  request_id: string;
  error: { type: string; message: string };
}

/** The data of an event as tests read it. */
export interface EventData {
  type: string;
  index: number;
  message: Body;
  content_block: Block;
  delta: {
    type: string;
    text?: string;
    thinking?: string;
    partial_json?: string;
    signature?: string;
    citation?: { cited_text: string };
  };
  usage: Body['usage'];
}

/** One event of a stream. */
export interface StreamedEvent {
  readonly name: string;
  readonly data: EventData;
}

export const KEY = 'sk-ant-api03-for-this-test-only';
export const MODEL = 'claude-opus-5-5';

/** An answer with its bytes as they came. */
export interface Raw {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly pieces: readonly Buffer[];
  readonly text: string;
  readonly json: Body;
  /** Whether the connection broke before the end. */
  readonly broken: boolean;
}

/** One request over a plain socket, nothing added but what is given. */
export function send(
  base: string,
  method: string,
  target: string,
  body: unknown,
  headers: Record<string, string | undefined> = {},
): Promise<Raw> {
  const bytes = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const given = Object.entries({
    'content-type': 'application/json',
    'x-api-key': KEY,
    'anthropic-version': '2023-06-01',
    ...headers,
  }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(base), { method, path: target, headers: Object.fromEntries(given), agent: false });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const pieces: Buffer[] = [];
      let broken = false;
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', () => {
        broken = true;
      });
      response.on('close', () => {
        const text = Buffer.concat(pieces).toString('utf8');
        let json = null as unknown as Body;
        try {
          json = JSON.parse(text);
        } catch {}
        resolve({ status: response.statusCode ?? 0, headers: response.headers, pieces, text, json, broken });
      });
    });
    outgoing.end(bytes);
  });
}

/** A request that the service takes, laid over with what a test wants otherwise. */
export function messageBody(over: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: MODEL, max_tokens: 4096, messages: [{ role: 'user', content: 'hello' }], ...over };
}

/** Reads a whole event stream strictly by the lines the service writes. */
export function eventsOf(text: string): StreamedEvent[] {
  if (text === '') return [];
  if (!text.endsWith('\n\n')) throw new Error('the stream does not end with a whole event');
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      const found = /^event: ([a-z_]+)\ndata: (\{.*\})$/.exec(event);
      if (!found) throw new Error(`no event: ${event}`);
      return { name: found[1]!, data: JSON.parse(found[2]!) };
    });
}

const DELTAS: Record<string, readonly string[]> = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
  server_tool_use: ['input_json_delta'],
};

/** Walks the documented grammar and adds the events up to a message; throws at the first event out of place. */
export function messageOf(events: readonly StreamedEvent[]): Body {
  const [start, ...rest] = events;
  demand(start?.name === 'message_start' && start.data.type === 'message_start', 'no message_start');
  const message = structuredClone(start.data.message);
  demand(message.content.length === 0 && message.stop_reason === null, 'message_start is not empty');
  let open: { readonly block: Block; json: string; signed: boolean } | null = null;
  let stage: 'blocks' | 'delta' | 'ended' = 'blocks';
  for (const { name, data } of rest) {
    demand(name === data.type, 'name and type differ');
    demand(stage !== 'ended', 'an event after message_stop');
    if (name.startsWith('content_block')) demand(data.index === message.content.length, 'index out of order');
    switch (name) {
      case 'ping':
        break;
      case 'content_block_start':
        demand(!open && stage === 'blocks', 'block start out of place');
        open = { block: structuredClone(data.content_block), json: '', signed: false };
        break;
      case 'content_block_delta': {
        demand(open && !open.signed, 'delta out of place');
        const { block } = open;
        const { delta } = data;
        demand(DELTAS[block.type]?.includes(delta.type), `${delta.type} in ${block.type}`);
        if (delta.text !== undefined) block.text += delta.text;
        if (delta.thinking !== undefined) block.thinking += delta.thinking;
        open.json += delta.partial_json ?? '';
        if (delta.citation) block.citations.push(delta.citation);
        if (delta.signature !== undefined) block.signature = delta.signature;
        open.signed = delta.type === 'signature_delta';
        break;
      }
      case 'content_block_stop': {
        demand(open, 'stop without block');
        const { block, json, signed } = open;
        demand(block.type !== 'thinking' || signed, 'thinking without signature');
        message.content.push(json === '' ? block : { ...block, input: JSON.parse(json) });
        open = null;
        break;
      }
      case 'message_delta':
        demand(!open, 'message_delta inside a block');
        stage = 'delta';
        Object.assign(message, data.delta, { usage: data.usage });
        break;
      case 'message_stop':
        demand(stage === 'delta', 'message_stop out of place');
        stage = 'ended';
        break;
      default:
        throw new Error(`unknown event ${name}`);
    }
  }
  demand(stage === 'ended', 'no message_stop');
  return message;
}

function demand(truth: unknown, what: string): asserts truth {
  if (!truth) throw new Error(what);
}
