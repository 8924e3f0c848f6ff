import type { TapeNode } from '../json/index.ts';
import type { LeafKind, Origin } from '../model/body.ts';

/** A position in the schema of a Messages request: what a string there is, and what its members and elements are. */
export interface Place {
  readonly kind: LeafKind;
  readonly fixed: boolean;
  /** Who says what is here, or null: the same as around it. */
  readonly origin: Origin | null;
  /** Members that the schema names: few, so that a name is found without decoding it. Any other name is a leaf itself. */
  readonly members: readonly (readonly [name: string, place: Place])[];
  /** Place of members the schema does not name. */
  readonly rest: Place;
  /** Place of elements, where this is an array. */
  readonly items: Place;
  /** Where one of several shapes may stand here, told apart by a member: the place of this object. */
  readonly resolve: ((object: TapeNode, origin: Origin) => Place) | null;
}

interface PlaceOptions {
  readonly fixed?: boolean;
  readonly origin?: Origin;
  readonly members?: { readonly [name: string]: Place };
  readonly rest?: Place;
  readonly items?: Place;
  readonly resolve?: Place['resolve'];
}

/** A place whose unnamed members and elements are, by default, as itself at every depth. */
function place(kind: LeafKind, options: PlaceOptions = {}): Place {
  const made = {
    kind,
    fixed: options.fixed ?? false,
    origin: options.origin ?? null,
    members: Object.entries(options.members ?? {}),
    resolve: options.resolve ?? null,
  };
  const whole = { ...made, rest: options.rest, items: options.items };
  whole.rest ??= whole as Place;
  whole.items ??= whole as Place;
  return whole as Place;
}

const field = place('field');
const fixed = place('field', { fixed: true, rest: field });
const text = place('text');
const fixedText = place('text', { fixed: true, rest: text });
const input = place('input');
const definition = place('definition');
const cacheControl = place('field', { members: { type: fixed, ttl: fixed } });

/** What Claude or the service made and takes back only unchanged, and what selects the shape. */
const opaque = {
  type: fixed,
  id: fixed,
  tool_use_id: fixed,
  file_id: fixed,
  signature: fixed,
  encrypted_content: fixed,
  encrypted_index: fixed,
  encrypted_stdout: fixed,
  cache_control: cacheControl,
};

/** Text, blocks, or one block: `content` wherever the schema has it. */
const content: Place = place('text', { resolve: resolveBlock });

const sources: { readonly [type: string]: Place } = {
  base64: place('text', { members: { type: fixed, media_type: fixed, data: fixed } }),
  text: place('text', { members: { type: fixed, media_type: fixed, data: text } }),
  url: place('text', { members: { type: fixed, url: text } }),
  file: place('text', { members: { type: fixed, file_id: fixed } }),
  content: place('text', { members: { type: fixed, content } }),
};
const otherSource = place('text', { members: { type: fixed } });
/** `source` of an image or document; a plain string in a search result. */
const source = place('text', {
  resolve: (object) => own(sources, object.get('type')?.string()) ?? otherSource,
});

const resultContent: Place = place('text', { origin: 'tool_result', resolve: resolveBlock, items: content });
const citations = place('text', { members: { type: fixed, encrypted_index: fixed, file_id: fixed } });
const caller = place('field', { members: { type: fixed, tool_id: fixed } });

/** A kind of block the schema does not name, and anything deep inside one. */
const loose = place('text', { members: { ...opaque, source } });
/** What a tool that ran at the service brought back. */
const serverResult = place('text', { origin: 'tool_result', members: { ...opaque, source }, rest: loose });

const block = (members: { readonly [name: string]: Place }, origin?: Origin): Place =>
  place('text', {
    members: { type: fixed, cache_control: cacheControl, ...members },
    rest: loose,
    ...(origin && { origin }),
  });

const call = block({ id: fixed, name: definition, server_name: definition, input, caller });

const blocks: { readonly [type: string]: Place } = {
  text: block({ text, citations }),
  image: block({ source }),
  document: block({ source, title: text, context: text, citations }),
  search_result: block({ source, title: text, content, citations }),
  tool_use: call,
  server_tool_use: call,
  mcp_tool_use: call,
  tool_result: block({ tool_use_id: fixed, content: resultContent, is_error: field }, 'tool_result'),
  tool_reference: block({ tool_name: definition }),
  container_upload: block({ file_id: fixed }),
  compaction: block({ content, encrypted_content: fixed }),
};

/** Only the model thinks: under any other role these names shield nothing. */
const assistantBlocks: { readonly [type: string]: Place } = {
  thinking: block({ thinking: fixedText, signature: fixed }),
  redacted_thinking: block({ data: fixed }),
};

/** Most blocks of a conversation: found without decoding their type. */
const frequent = ['text', 'tool_use', 'tool_result'] as const;

function resolveBlock(object: TapeNode, origin: Origin): Place {
  const node = object.get('type');
  const known = node && frequent.find((name) => node.says(name));
  if (known) return blocks[known]!;
  const type = node?.string() ?? null;
  if (type === null) return loose;
  if (origin === 'assistant') {
    const thinking = own(assistantBlocks, type);
    if (thinking) return thinking;
  }
  return own(blocks, type) ?? (type.endsWith('_tool_result') ? serverResult : loose);
}

const message = (origin: Origin): Place =>
  place('field', { origin, members: { role: fixed, content, output_config: field }, rest: field });
const userMessage = message('user');
const assistantMessage = message('assistant');
const systemMessage = message('system');

/** An element of `messages`. */
const anyMessage: Place = place('field', {
  resolve: (object) => {
    const role = object.get('role');
    if (role?.says('user')) return userMessage;
    return role?.says('assistant') ? assistantMessage : systemMessage;
  },
});

const tool = place('definition', {
  members: {
    type: fixed,
    name: definition,
    description: definition,
    input_schema: definition,
    cache_control: cacheControl,
  },
  rest: definition,
});

const rootFields =
  'model max_tokens stream metadata thinking context_management output_config output_format tool_choice safeguards temperature top_p top_k stop_sequences service_tier container mcp_servers inference_geo speed';

/** The request as a whole. Where each field belongs: facts of the Messages API, version 2026-10-21 and before. */
export const requestPlace: Place = place('field', {
  origin: 'system',
  members: {
    ...Object.fromEntries(rootFields.split(' ').map((name) => [name, field])),
    messages: place('field', { items: anyMessage }),
    system: content,
    tools: place('definition', { items: tool }),
    cache_control: cacheControl,
  },
  rest: field,
});

/** The places of `messages` themselves, so that the walk can count. */
export const messagesPlace: Place = requestPlace.members.find(([name]) => name === 'messages')![1];

const ordinary: ReadonlySet<Place> = new Set([
  ...[blocks.text!, call, blocks.tool_result!],
  ...Object.values(assistantBlocks),
]);

/** Whether an object is a content block beyond text, thinking, calls and results, by its place and what that resolved to. */
export function isOtherBlock(around: Place, resolved: Place): boolean {
  return around.resolve === resolveBlock && !ordinary.has(resolved);
}

function own(table: { readonly [name: string]: Place }, name: string | null | undefined): Place | null {
  return name != null && Object.hasOwn(table, name) ? table[name]! : null;
}
