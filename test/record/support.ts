import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HeldBlock, StreamEvent } from '../../src/model/answer.ts';
import type { JsonNode } from '../../src/model/body.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Granted } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { openRecorder, type Recorder, type RecordMode } from '../../src/record/index.ts';
import { type Keys, keyFiles, openKeys } from '../../src/seal/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';

export interface Node {
  readonly dataDir: string;
  readonly store: Store;
  readonly keys: Keys;
  readonly recorder: Recorder;
  readonly notices: string[];
  /** Asks the admin API. */
  get(path: string, query?: Record<string, string>): Promise<JsonObject>;
  close(): Promise<void>;
}

/** A node's store, keys and recorder on a directory; a new one in the temporary folder where none is given. */
export async function openNode(options: { dataDir?: string; mode?: RecordMode } = {}): Promise<Node> {
  const dataDir = options.dataDir ?? join(mkdtempSync(join(tmpdir(), 'record-')), 'data');
  const store = await openStore({ dataDir, url: 'sqlite' });
  const keys = await openKeys(keyFiles(dataDir));
  const notices: string[] = [];
  const recorder = await openRecorder({
    store,
    keys,
    mode: options.mode ?? 'strict',
    onNotice: (text) => notices.push(text),
  });
  let closed = false;
  return {
    dataDir,
    store,
    keys,
    recorder,
    notices,
    async get(path, query = {}) {
      for (const route of recorder.routes) {
        const names = route.path.match(/\{\w+\}/g) ?? [];
        const match = new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
        if (!match) continue;
        const params = Object.fromEntries(names.map((name, at) => [name.slice(1, -1), match[at + 1]!]));
        return (await route.handler({ actor: null, body: {}, query, params })) as JsonObject;
      }
      throw new TypeError(`no route ${path}`);
    },
    async close() {
      if (closed) return;
      closed = true;
      await recorder.close();
      await store.close();
    },
  };
}

export async function removeNode(node: Node): Promise<void> {
  await node.close();
  rmSync(join(node.dataDir, '..'), { recursive: true, force: true });
}

export interface Wanted {
  readonly id?: string;
  readonly function?: string;
  readonly subject?: string;
  readonly session?: string;
  readonly effect?: Decision['effect'];
  readonly record?: Decision['record'];
  readonly body?: JsonObject;
}

let serial = 0;

/** An exchange that reached the record step. */
export function exchangeOf(wanted: Wanted = {}): Granted {
  const body = wanted.body ?? { model: 'claude-sonnet-4-5', stream: true, max_tokens: 100 };
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    id: wanted.id ?? `req_${String(++serial).padStart(8, '0')}`,
    startedAt: Date.now(),
    route: { pattern: '/v1/messages', action: 'messages.create', method: 'POST', target: '/v1/messages?beta=true' },
    headers: { get: () => null, raw: [] },
    client: { app: 'cli', version: 'claude-cli/2.1.330', class: 'main' },
    source: (async function* () {})(),
    reply: {} as Granted['reply'],
    signal: new AbortController().signal,
    notes: {},
    identity: {
      principal: {
        tenant: 'acme',
        issuer: 'https://idp.example',
        subject: wanted.subject ?? 'alice',
        kind: 'human',
        person: 'alice@example.com',
        owner: null,
        groups: ['dev'],
        function: wanted.function ?? 'nightly-report',
        actors: [],
        strength: null,
      },
      token: { id: 'jti-1', session: null, issuedAt: 1, expiresAt: 2 },
    },
    body: { bytes, root: node(body), leaves: [], blocks: [], splices: [] },
    conversation: { id: wanted.session ?? 'session-1', turn: 1, dropBlock: false },
    detectors: {} as Granted['detectors'],
    detections: { new: {}, all: {} },
    policy: { bundle: 'builtin', version: '1.0.0', revision: 'a'.repeat(64) } as Granted['policy'],
    decision: {
      effect: wanted.effect ?? 'allow',
      reasons: [{ id: 'model-for-group', message: '', policy: 'models', severity: 'low' }],
      mask: [],
      credential: null,
      record: wanted.record ?? 'full',
      limits: { max_output_tokens: null },
      stream: { chunk: 'off', deny_tools: [], thresholds: {}, thinking: 'pass' },
      approval: [],
      withhold: 'none',
      on_tool_deny: 'replace',
    },
    maskPlan: new Map(),
    masks: [],
    permission: null,
    attached: null,
    answer: {} as Granted['answer'],
    held: null,
    lease: {
      id: 'default#1',
      role: 'default',
      expiresAt: Number.POSITIVE_INFINITY,
      scheme: 'bearer',
      reveal: () => 'LEASE-SECRET',
      headers: {},
      betas: [],
    },
  };
}

function node(value: unknown): JsonNode {
  const object = value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null;
  return {
    type: 'object',
    start: 0,
    end: 0,
    get: (key) => (object && key in object ? node(object[key]) : null),
    items: () => [],
    entries: () => [],
    string: () => (typeof value === 'string' ? value : null),
    says: (text) => value === text,
    number: () => (typeof value === 'number' ? value : null),
    boolean: () => (typeof value === 'boolean' ? value : null),
    spelling: () => JSON.stringify(value),
  };
}

/** An event of the stream with its bytes, as the parse step gives it. */
export function event(data: JsonObject & { readonly type: string }): StreamEvent {
  return {
    kind: 'event',
    type: data.type,
    index: typeof data.index === 'number' ? data.index : -1,
    data,
    bytes: Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`),
    spans: [],
  };
}

/** A whole streamed answer of one text block. */
export function textAnswer(text: string): StreamEvent[] {
  return [
    event({
      type: 'message_start',
      message: { model: 'claude-sonnet-4-5-x', usage: { input_tokens: 12, output_tokens: 1 } },
    }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...text
      .split(/(?<= )/)
      .map((piece) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: piece } })),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 42 } }),
    event({ type: 'message_stop' }),
  ];
}

/** A tool call held whole, with its verdict. */
export function toolCall(index: number, effect: 'allow' | 'deny', input: JsonObject): HeldBlock {
  const inputText = JSON.stringify(input);
  const verdict = {
    effect,
    tool: 'Bash',
    callId: `toolu_${index}`,
    callIndex: 0,
    reasons: [{ id: `bash-${effect}`, message: '' }],
    decision: null,
    approval: null,
  };
  return {
    kind: 'block',
    index,
    block: { type: 'tool_use', id: `toolu_${index}`, name: 'Bash', input },
    inputText,
    call: true,
    original: [
      event({
        type: 'content_block_start',
        index,
        content_block: { type: 'tool_use', id: `toolu_${index}`, name: 'Bash', input: {} },
      }),
      event({
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json: inputText.slice(0, 5) },
      }),
      event({
        type: 'content_block_delta',
        index,
        delta: { type: 'input_json_delta', partial_json: inputText.slice(5) },
      }),
      event({ type: 'content_block_stop', index }),
    ],
    spans: [],
    verdict,
  };
}

export const complete = { status: 200, end: 'complete', code: null, usage: null, stopReason: null } as const;
