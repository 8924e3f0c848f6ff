import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { RootOperationNode } from 'kysely';
import {
  type Contents,
  createConverseStep,
  createPinStep,
  createRestoreStep,
  type Ledgers,
  openContents,
  openLedgers,
  openRuleShelf,
  type RuleShelf,
} from '../../src/conversation/index.ts';
import { GatewayError } from '../../src/errors.ts';
import { defaultLimits, render } from '../../src/json/index.ts';
import { createMasking, type Masking } from '../../src/mask/index.ts';
import type { Client, Decided, Identified, Masked, Scanned } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Principal } from '../../src/model/principal.ts';
import { Secret } from '../../src/model/secret.ts';
import { createReadStep } from '../../src/receive/read.ts';
import { type Keys, openKeys } from '../../src/seal/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';

/** Looks like a credential, and is none. */
export const credential = (serial: number) => `${'sk-'}ant-${`Q${serial}`.padEnd(26, 'B7')}`;

export const alice: Principal = {
  ...{ tenant: 't', issuer: 'i', subject: 'alice', kind: 'human', person: 'alice', owner: null },
  ...{ groups: [], function: null, actors: [], strength: null },
};
export const bob: Principal = { ...alice, subject: 'bob', person: 'bob' };

/** One request, as far as the scan. */
export interface Asking {
  readonly principal?: Principal;
  readonly action?: 'messages.create' | 'messages.count_tokens';
  readonly class?: Client['class'];
  readonly session?: string;
  readonly more?: JsonObject;
}

/** A node of a store, with the steps from `read` to `scan`. */
export interface Node {
  readonly store: Store;
  readonly contents: Contents;
  readonly ledgers: Ledgers;
  readonly masking: Masking;
  readonly shelf: RuleShelf;
  /** Whether the active rules are urgent. */
  urgent: boolean;
  /** Whether the store fails. */
  down: boolean;
  /** Goes on from a scanned request to a masked one, as if policy had asked for those masks. */
  mask(exchange: Scanned, classes: readonly string[], credential?: string): Promise<Masked>;
  /** The way in as far as the scan; messages as `user text`, `assistant text` in turn, or as they are. */
  ask(messages: readonly unknown[], asking?: Asking): Promise<Scanned>;
  close(): Promise<void>;
}

const keyPlace = { key: async (name: string) => Buffer.alloc(32, name) };

/** Clients put fields before the messages and behind them. */
const tools = [{ name: 'Bash', description: 'Runs a command.', input_schema: { type: 'object' } }];

/** Opens a node; nodes with one `url` share their state. */
export async function openNode(
  options: { readonly url?: string; readonly now?: () => number; readonly directory?: string } = {},
): Promise<Node> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'sallyport-contents-'));
  const url = options.url ? new Secret(options.url) : 'sqlite';
  const dataDir = options.directory ?? join(directory, 'node');
  const real = await openStore({ dataDir, url });
  const failing = {
    transformQuery(asked: { readonly node: RootOperationNode }) {
      if (node.down) throw new GatewayError('STATE_UNAVAILABLE');
      return asked.node;
    },
    transformResult: async <Result>(given: { readonly result: Result }) => given.result,
  };
  const store: Store = { ...real, query: <Tables>() => real.query<Tables>().withPlugin(failing) };
  const keys: Keys = await openKeys(keyPlace);
  const now = options.now ?? Date.now;
  const ledgers = await openLedgers(store, keys, now);
  const contents = await openContents(store, keys, now);
  const shelf = openRuleShelf(store.directory, ledgers);
  const masking = createMasking({ exact: () => [], newHits: contents.newHits, pinned: shelf });
  const read = createReadStep({ ...defaultLimits, bytes: 1e7, timeoutMs: 1000 });
  const converse = createConverseStep(ledgers, (text) => keys.keyedHash('conversation', text));
  const restore = createRestoreStep(ledgers, contents);
  const pin = createPinStep({
    ledgers,
    contents,
    rules: () => ({ digest: masking.compiled().digest, urgent: node.urgent }),
    kept: shelf.has,
    organisationOf: (role) => role,
    now,
    onFault: (fault) => {
      throw fault;
    },
  });
  const node: Node = {
    ...{ store, contents, ledgers, masking, shelf },
    urgent: false,
    down: false,
    async mask(exchange, classes, credential) {
      const maskPlan = new Map(classes.map((name) => [name, 'redact' as const]));
      const decision = { credential: credential ?? null } as Decided['decision'];
      return masking.maskRequest(await pin({ ...exchange, decision, maskPlan } as unknown as Decided));
    },
    async ask(messages, asking = {}) {
      const body = { model: 'm', max_tokens: 1, messages: messages.map(messageOf), tools, ...asking.more };
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (asking.session) headers['x-claude-code-session-id'] = asking.session;
      const arrived = {
        headers: { get: (name: string) => headers[name] ?? null, raw: [] },
        client: { app: 'cli', version: null, class: asking.class ?? 'main' },
        identity: { principal: asking.principal ?? alice },
        route: { method: 'POST', action: asking.action ?? 'messages.create' },
        source: Readable.from([Buffer.from(JSON.stringify(body))]),
        notes: {},
      } as unknown as Identified;
      return masking.scanRequest(await restore(await converse(await read(arrived))));
    },
    async close() {
      contents.close();
      await store.close();
      if (!options.directory) rmSync(directory, { recursive: true });
    },
  };
  return node;
}

function messageOf(message: unknown, at: number): unknown {
  if (typeof message === 'object' && message !== null && 'role' in message) return message;
  return { role: at % 2 === 0 ? 'user' : 'assistant', content: message };
}

/** What Claude would get. */
export function sent({ body }: Pick<Scanned, 'body'>): { readonly messages: readonly JsonObject[] } & JsonObject {
  return JSON.parse(Buffer.from(render(body!)).toString());
}
