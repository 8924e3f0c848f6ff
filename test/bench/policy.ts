import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPolicySource } from '../../src/bundle/index.ts';
import { createRequestStep, loadPolicy } from '../../src/decide/index.ts';
import type { ChunkInput, PolicySource } from '../../src/model/decision.ts';
import type { Decided, Framed, Identified, RequestHeaders, Scanned } from '../../src/model/exchange.ts';
import { createReadStep } from '../../src/receive/index.ts';
import { figure, median, note } from './figure.ts';

const sizes = { '1KB': 1024, '100KB': 102_400, '1MB': 1_048_576 };

/**
 * What policy costs: projection and decision of requests of several sizes, as all but the first requests of an agent are
 * decided, from the cache; a decision that is evaluated; and a chunk decision from the cache.
 */
export async function policyFigures(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-policy-'));
  const policies = await createPolicySource({
    config: { source: 'builtin', keys: [] },
    directory: folder,
    load: loadPolicy,
    onEvent: async () => undefined,
  });
  try {
    await requestFigures(policies, rounds);
    await evaluationFigure(policies, rounds);
    chunkFigure(policies, rounds);
  } finally {
    await policies.close();
    rmSync(folder, { recursive: true });
  }
}

async function requestFigures(policies: PolicySource, rounds: number): Promise<void> {
  const decide = createRequestStep({ source: policies, clock: Date.now, redactLeaf: () => '' });
  const cases: { name: string; exchange: Scanned; times: number[] }[] = [];
  for (const [name, size] of Object.entries(sizes)) cases.push({ name, exchange: await exchangeOf(size), times: [] });
  for (let round = 0; round < rounds + 1; round++) {
    for (const { exchange, times } of cases) {
      const cost = microsecondsEach(500, () => decide(exchange) satisfies Decided);
      if (round > 0) times.push(cost);
    }
  }
  const costs = cases.map(({ times }) => median(times));
  for (const [index, { name }] of cases.entries()) note(`policy_${name}`, costs[index]!, 'us');
  figure('policy_largest_to_smallest', Math.max(...costs) / Math.min(...costs), 'x', '<=', 3);
}

/** Each from a caller with groups of its own, so that none is decided like one before. */
async function evaluationFigure(policies: PolicySource, rounds: number): Promise<void> {
  const decide = createRequestStep({ source: policies, clock: Date.now, redactLeaf: unused });
  const exchange = await exchangeOf(sizes['1KB']);
  const { principal } = exchange.identity;
  let caller = 0;
  const times = Array.from({ length: rounds + 1 }, () =>
    microsecondsEach(500, () => {
      const groups = [...principal.groups, `group ${caller++}`];
      return decide({ ...exchange, identity: { ...exchange.identity, principal: { ...principal, groups } } });
    }),
  );
  note('policy_1KB_evaluated', median(times.slice(1)), 'us');
}

function chunkFigure(policies: PolicySource, rounds: number): void {
  const policy = policies.current();
  const thresholds = { email: 5 };
  const inputs: ChunkInput[] = [0, 1, 2, 3].map((count) => ({
    v: 1,
    kind: 'text',
    detections: count === 0 ? {} : { email: count },
    thresholds,
    excerpt: null,
  }));
  let turn = 0;
  const times = Array.from({ length: rounds + 1 }, () =>
    microsecondsEach(200_000, () => policy.decideChunk(inputs[turn++ & 3]!)),
  );
  figure('chunk_from_cache', median(times.slice(1)), 'us', '<=', 0.3);
}

function microsecondsEach(count: number, call: () => unknown): number {
  const begin = performance.now();
  for (let i = 0; i < count; i++) call();
  return ((performance.now() - begin) * 1000) / count;
}

/** A scanned exchange with a body of about `size` bytes: a conversation of an agent that reads files of 10 KB. */
async function exchangeOf(size: number): Promise<Scanned> {
  const messages: object[] = [{ role: 'user', content: 'Read the files and compare them.' }];
  let left = size - 800;
  for (let i = 0; left > 0; i++) {
    const content = 'a line of the file that the agent has read\n'.repeat(Math.ceil(Math.min(left, 10_240) / 43));
    messages.push({ role: 'assistant', content: [{ type: 'tool_use', id: `toolu_${i}`, name: 'Read', input: {} }] });
    messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: `toolu_${i}`, content }] });
    left -= content.length;
  }
  const tools = [{ name: 'Read', description: 'Reads a file.', input_schema: { type: 'object', properties: {} } }];
  const body = Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 1024, tools, messages }));
  const read = createReadStep({ bytes: 2 ** 25, depth: 64, keys: 100_000, timeoutMs: 10_000 });
  return {
    ...(await read(identified(body))),
    conversation: { id: 'bench', turn: 1, dropBlock: false },
    detectors: {
      id: 'none',
      classes: new Set(),
      always: new Set(),
      scan: (text) => ({ text, spans: [] }),
      stream: unused,
    },
    detections: { new: {}, all: {} },
  };
}

function identified(body: Uint8Array): Identified {
  const raw = [
    ['content-type', 'application/json'],
    ['content-length', String(body.length)],
  ] as const;
  const headers: RequestHeaders = { get: (name) => new Map<string, string>(raw).get(name) ?? null, raw };
  const framed: Framed = {
    id: 'req_bench',
    startedAt: Date.now(),
    route: { pattern: '/v1/messages', action: 'messages.create', method: 'POST', target: '/v1/messages' },
    headers,
    client: { app: null, version: 'bench/1', class: null },
    source: (async function* () {
      yield body;
    })(),
    reply: {
      begun: false,
      status: 0,
      begin: unused,
      write: unused,
      flush: unused,
      keepAlive: unused,
      end: unused,
      done: unused,
      abort: unused,
    },
    signal: new AbortController().signal,
    notes: {},
  };
  const principal = {
    ...{ tenant: 'bench', issuer: 'https://bench', subject: 'agent', kind: 'workload' as const, person: null },
    ...{ owner: null, groups: ['developers'], function: 'bench', actors: [], strength: null },
  };
  return { ...framed, identity: { principal, token: { id: null, session: null, issuedAt: 0, expiresAt: 2 ** 40 } } };
}

function unused(): never {
  throw new Error('not part of what is measured');
}
