import { GatewayError } from '../errors.ts';
import type { HeldBlock } from '../model/answer.ts';
import type { JsonNode } from '../model/body.ts';
import type { Scanned } from '../model/exchange.ts';
import type { Principal } from '../model/principal.ts';
import type { Counts, ProjectedPrincipal, RequestInput, ToolUseInput } from '../model/projection.ts';
import type { Span } from '../model/scan.ts';
import { type Clock, projectNow } from './clock.ts';
import { contentFacts } from './content_facts.ts';
import { hostOf } from './hosts.ts';
import { toolFacts, toolKind } from './tool_facts.ts';

const maxNames = 1000;
const maxName = 512;

/** Top-level members of a Messages request that this version knows; others are named to policy, and pass. */
const knownFields: ReadonlySet<string> = new Set([
  ...[
    'model',
    'messages',
    'system',
    'tools',
    'tool_choice',
    'metadata',
    'max_tokens',
    'thinking',
    'stream',
    'stop_sequences',
  ],
  ...[
    'temperature',
    'top_p',
    'top_k',
    'service_tier',
    'container',
    'context_management',
    'mcp_servers',
    'output_config',
  ],
  ...['output_format', 'cache_control', 'inference_geo', 'speed', 'safeguards'],
]);

/** Types of tools that run at the client, by what their name begins with; any other typed tool runs inside Claude. */
const clientTypes = /^(custom$|bash_|text_editor_|computer_|memory_)/;

/**
 * The input of `sallyport/request`: hundreds of bytes, whatever the size of the body. Without an `excerpt` it is made
 * of facts alone.
 *
 * @throws GatewayError BODY_SHAPE where the request names more things, or longer ones, than a policy could judge.
 */
export function projectRequest(exchange: Scanned, clock: Clock, excerpt: string | null = null): RequestInput {
  const { route, client, detections, conversation } = exchange;
  const root = exchange.body?.root ?? null;
  const content = contentFacts(exchange.body);
  const tools = readTools([...(root?.get('tools')?.items() ?? []), ...content.addedTools]);
  return {
    v: 1,
    now: projectNow(clock),
    principal: projectPrincipal(exchange.identity.principal),
    action: route.action,
    route: route.pattern,
    client: { app: client.app, version: client.version, class: client.class },
    request: {
      model: name(root?.get('model')?.string() ?? null, 'the model'),
      max_tokens: root?.get('max_tokens')?.number() ?? null,
      stream: root?.get('stream')?.boolean() === true,
      tools: tools.client,
      server_tools: tools.server,
      mcp_servers: few(root?.get('mcp_servers')?.items() ?? [], 'MCP servers').map((server) => ({
        name: name(server.get('name')?.string() ?? null, 'the name of an MCP server'),
        host: hostOf(server.get('url')?.string() ?? ''),
      })),
      url_sources: few(content.urlSources, 'URL sources'),
      file_ids: few(content.fileIds, 'files').map((id) => name(id, 'a file id')!),
      message_count: root?.get('messages')?.items().length ?? 0,
      bytes: exchange.body?.bytes.length ?? 0,
      media: { images: content.images, documents: content.documents },
      opaque_bytes: content.opaqueBytes,
      betas: few(betasOf(exchange.headers.get('anthropic-beta')), 'betas').map((beta) => name(beta, 'a beta')!),
      unknown_fields: few(
        (root?.entries() ?? []).map(([key]) => key).filter((key) => !knownFields.has(key)),
        'unknown fields',
      ).map((key) => name(key, 'an unknown field')!),
    },
    detections: { new: detections.new, all: detections.all },
    usage: null,
    conversation: { id: conversation.id, turn: conversation.turn },
    excerpt,
  };
}

/**
 * The models that may answer in place of the one that is asked for; `default` where Claude chooses them.
 *
 * @throws GatewayError BODY_SHAPE where that cannot be read
 */
export function fallbackModels(root: JsonNode | null): readonly string[] {
  const fallbacks = root?.get('fallbacks') ?? null;
  if (fallbacks === null || fallbacks.type === 'null') return [];
  const entries = fallbacks.type === 'array' ? few(fallbacks.items(), 'fallback models') : [];
  const models = entries.map((entry) => (entry.type === 'object' ? (entry.get('model')?.string() ?? null) : null));
  if (fallbacks.type === 'string') models.push(fallbacks.string());
  else if (fallbacks.type !== 'array') models.push(null);
  return models.map((model) => {
    if (model === null) throw new GatewayError('BODY_SHAPE', '`fallbacks` must name a model in each entry.');
    return name(model, 'a fallback model')!;
  });
}

/** The input of `sallyport/tool_use` for one whole tool call. Without an `excerpt` it is made of facts alone. */
export function projectToolUse(
  exchange: Pick<Scanned, 'identity' | 'conversation'>,
  part: HeldBlock,
  callIndex: number,
  clock: Clock,
  excerpt: string | null = null,
): ToolUseInput {
  const tool = typeof part.block.name === 'string' ? part.block.name : '';
  return {
    v: 1,
    now: projectNow(clock),
    principal: projectPrincipal(exchange.identity.principal),
    conversation: { id: exchange.conversation.id, turn: exchange.conversation.turn },
    tool: toolKind(tool),
    input: {
      bytes: part.inputText === null ? 0 : Buffer.byteLength(part.inputText),
      ...toolFacts(tool, part.block.input ?? null),
    },
    detections: countSpans(part.spans),
    answer: { call_index: callIndex },
    excerpt,
  };
}

/** Hits by class; a span that goes on from an earlier release was counted there. */
export function countSpans(spans: readonly Span[]): Counts {
  const counts: { [className: string]: number } = Object.create(null);
  for (const span of spans) if (!span.continues) counts[span.class] = (counts[span.class] ?? 0) + 1;
  return counts;
}

/** A principal as policy sees it. */
export function projectPrincipal(principal: Principal): ProjectedPrincipal {
  const { tenant, issuer, subject, kind, person, owner, groups, actors, strength } = principal;
  return { tenant, issuer, subject, kind, person, owner, groups, function: principal.function, actors, strength };
}

function readTools(tools: readonly JsonNode[]): {
  readonly client: readonly string[];
  readonly server: readonly { readonly type: string; readonly name: string | null }[];
} {
  const client: string[] = [];
  const server: { type: string; name: string | null }[] = [];
  for (const tool of few(tools, 'tools')) {
    const type = tool.get('type')?.string() ?? null;
    const named = name(tool.get('name')?.string() ?? null, 'the name of a tool');
    if (type === null || clientTypes.test(type)) client.push(named ?? '');
    // A connector's toolset names one of `mcp_servers`, which is decided on by itself.
    else if (type !== 'mcp_toolset') server.push({ type: name(type, 'the type of a tool')!, name: named });
  }
  return { client, server };
}

function betasOf(header: string | null): string[] {
  return (header ?? '')
    .split(',')
    .map((beta) => beta.trim())
    .filter((beta) => beta !== '');
}

function few<T>(list: readonly T[], what: string): readonly T[] {
  if (list.length > maxNames) throw new GatewayError('BODY_SHAPE', `The request names more than ${maxNames} ${what}.`);
  return list;
}

function name(text: string | null, what: string): string | null {
  if (text !== null && text.length > maxName) {
    throw new GatewayError('BODY_SHAPE', `The request gives ${what} in more than ${maxName} characters.`);
  }
  return text;
}
