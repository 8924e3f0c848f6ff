import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { canonical, canonicalMessage, type JsonLimits, render, scan, scanSliced } from '../json/index.ts';
import type { Bound } from '../model/approval.ts';
import type { JsonNode } from '../model/body.ts';
import type { Masked } from '../model/exchange.ts';
import { type Principal, principalKey } from '../model/principal.ts';

/** Goes in front of the content, so that no hash made for another purpose is a fingerprint. */
const DOMAIN = 'sallyport approval 1\0';

/** Clients change these on a resend, or they mean nothing to what Claude does. */
const incidental: ReadonlySet<string> = new Set(['stream', 'max_tokens', 'metadata', 'cache_control']);

/** What is read here was within the configured limits before; only the depth has to be bounded, for the recursion. */
const limits: JsonLimits = { depth: 1024, keys: Infinity, values: Infinity };

/** How long a large body may keep others waiting, in milliseconds. */
const TURN_MS = 8;

/**
 * What an approval of a request is bound to: principal key, action, target, `anthropic-version`, the beta set,
 * credential role and the body as it would go upstream (after restore and mask), without the top-level `stream`,
 * `max_tokens` and `metadata`, and without `cache_control` where the schema has it. A message content `"x"` equals
 * `[{"type":"text","text":"x"}]`; keys are sorted, numbers as spelled. Large bodies give way to others.
 *
 * @param role the credential role in force
 */
export async function requestFingerprint(
  exchange: Pick<Masked, 'identity' | 'route' | 'headers' | 'body'>,
  role: string,
): Promise<Bound> {
  const { identity, route, headers, body } = exchange;
  let root: JsonNode | null = body?.root ?? null;
  if (body && body.splices.length > 0) root = await scanSliced(render(body), limits);
  const betas = new Set((headers.get('anthropic-beta') ?? '').split(',').map((beta) => beta.trim()));
  betas.delete('');
  const turns = new Turns();
  const pieces = [
    `{"action":${JSON.stringify(route.action)}`,
    `,"anthropic_beta":${JSON.stringify([...betas].sort())}`,
    `,"anthropic_version":${JSON.stringify(headers.get('anthropic-version'))},"body":`,
    ...(root === null ? ['null'] : await canonicalBody(root, turns)),
    `,"credential_role":${JSON.stringify(role)},"kind":"request"`,
    `,"principal":${principalKey(identity.principal)},"target":${JSON.stringify(route.target)}}`,
  ];
  const hash = createHash('sha256').update(DOMAIN);
  for (const piece of pieces) {
    hash.update(piece);
    if (turns.over) await turns.next();
  }
  return { kind: 'request', content: pieces.join(''), fingerprint: hash.digest('hex') };
}

/** What a tool call is made of, for its fingerprint. */
export interface CallToBind {
  readonly principal: Principal;
  /** Id of the conversation. */
  readonly conversation: string;
  readonly tool: string;
  /** JSON text of the masked input. */
  readonly inputText: string;
}

/**
 * What an approval of a tool call is bound to: tool name, canonical masked input, principal key, conversation; not the
 * id of the block, which a model that is asked again makes anew. Throws `JsonFault` where the input is no JSON.
 */
export function toolCallFingerprint({ principal, conversation, tool, inputText }: CallToBind): Bound {
  const input = scan(Buffer.from(inputText), limits);
  const content =
    `{"conversation":${JSON.stringify(conversation)},"input":${canonical(input)},"kind":"tool_call"` +
    `,"principal":${principalKey(principal)},"tool":${JSON.stringify(tool)}}`;
  return { kind: 'tool_call', content, fingerprint: fingerprintOf(content) };
}

/** The fingerprint of a content, as `Bound` promises it. */
export function fingerprintOf(content: string): string {
  return createHash('sha256').update(DOMAIN).update(content).digest('hex');
}

/** The canonical text of a body, in pieces: members and items in the order of the text. */
async function canonicalBody(root: JsonNode, turns: Turns): Promise<string[]> {
  const pieces: string[] = [];
  let separator = '{';
  for (const [key, value] of root.entries().toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (incidental.has(key)) continue;
    pieces.push(`${separator}${JSON.stringify(key)}:`);
    separator = ',';
    const write = writers[key];
    if (write === undefined || value.type !== 'array') {
      pieces.push(canonical(value));
      continue;
    }
    for (const [at, item] of value.items().entries()) {
      pieces.push(at === 0 ? '[' : ',', write(item));
      if (turns.over) await turns.next();
    }
    pieces.push(value.items().length === 0 ? '[]' : ']');
  }
  pieces.push(separator === '{' ? '{}' : '}');
  return pieces;
}

/** Turns of the event loop that a long work takes. */
class Turns {
  #began = performance.now();

  /** Whether others have waited long enough. */
  get over(): boolean {
    return performance.now() - this.#began > TURN_MS;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}

/** A system block or a tool: its own `cache_control` does not count, the same name inside of a schema does. */
function withoutCacheControl(node: JsonNode): string {
  return canonical(node, { drop: (path) => path.length === 1 && path[0] === 'cache_control' });
}

/** Lists whose items the schema gives a `cache_control`. */
const writers: { readonly [key: string]: ((item: JsonNode) => string) | undefined } = Object.assign(
  Object.create(null),
  {
    messages: canonicalMessage,
    system: withoutCacheControl,
    tools: withoutCacheControl,
  },
);
