import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  type Contents,
  createConverse,
  createRestore,
  openContents,
  openLedgers,
} from '../../src/conversation/index.ts';
import { defaultLimits, render } from '../../src/json/index.ts';
import { createMasking } from '../../src/mask/index.ts';
import type { Client, Identified, Scanned } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Principal } from '../../src/model/principal.ts';
import { Secret } from '../../src/model/secret.ts';
import { createRead } from '../../src/receive/read.ts';
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
  const store = await openStore({ dataDir, url });
  const keys: Keys = await openKeys(keyPlace);
  const now = options.now ?? Date.now;
  const ledgers = await openLedgers(store, keys, now);
  const contents = await openContents(store, keys, now);
  const masking = createMasking({ exact: () => [], newHits: contents.newHits });
  const read = createRead({ ...defaultLimits, bytes: 1e7, timeoutMs: 1000 });
  const converse = createConverse(ledgers, (text) => keys.keyedHash('conversation', text));
  const restore = createRestore(ledgers, contents);
  return {
    store,
    contents,
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
}

function messageOf(message: unknown, at: number): unknown {
  if (typeof message === 'object' && message !== null && 'role' in message) return message;
  return { role: at % 2 === 0 ? 'user' : 'assistant', content: message };
}

/** What Claude would get. */
export function sent({ body }: Scanned): { readonly messages: readonly JsonObject[] } & JsonObject {
  return JSON.parse(Buffer.from(render(body!)).toString());
}
