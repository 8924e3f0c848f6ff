import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createConverseStep,
  createNoteStep,
  createRestoreStep,
  type Ledgers,
  openLedgers,
} from '../../src/conversation/index.ts';
import { defaultLimits, render } from '../../src/json/index.ts';
import type { AnswerPart } from '../../src/model/answer.ts';
import type { Conversed, Identified, Read, Recorded } from '../../src/model/exchange.ts';
import { createReadStep } from '../../src/receive/read.ts';
import { keyFiles, openKeys } from '../../src/seal/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';

let directory: string;
let store: Store;
let ledgers: Ledgers;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sallyport-conversation-'));
  store = await openStore({ dataDir: join(directory, 'data'), url: 'sqlite' });
  ledgers = await openLedgers(store, await openKeys(keyFiles(store.directory)), Date.now);
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

const keyedHash = (text: string) => createHash('sha256').update(text).digest('hex');

async function read(body: object, headers: Record<string, string> = {}, subject = 'alice'): Promise<Read> {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', max_tokens: 1, messages: [], ...body }));
  const framed = {
    headers: { get: (name: string) => ({ 'content-type': 'application/json', ...headers })[name] ?? null, raw: [] },
    identity: { principal: { tenant: 't', issuer: 'i', subject, actors: [] } },
    client: { app: null, version: null, class: null },
    route: { method: 'POST', action: 'messages.create' },
    source: Readable.from([bytes]),
  } as unknown as Identified;
  return createReadStep({ ...defaultLimits, bytes: 1e6, timeoutMs: 1000 })(framed);
}

async function idOf(exchange: Promise<Read>): Promise<string> {
  const { conversation } = await createConverseStep(ledgers, (text) => keyedHash(text))(await exchange);
  return conversation.id;
}

const hello = { messages: [{ role: 'user', content: 'hello' }] };

describe('the conversation of a request', () => {
  it('is named by the session header before anything in the body', async () => {
    const header = { 'x-claude-code-session-id': 's1' };
    expect(await idOf(read(hello, header))).toBe(await idOf(read({ messages: [] }, header)));
    expect(await idOf(read(hello, header))).not.toBe(await idOf(read(hello)));
  });

  it('is named by the session inside metadata.user_id, the same as by the header', async () => {
    const body = { ...hello, metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: 's1' }) } };
    expect(await idOf(read(body))).toBe(await idOf(read({}, { 'x-claude-code-session-id': 's1' })));
  });

  it('is named by the first message where no session is told, whatever its wrapping', async () => {
    const wrapped = { type: 'text', text: 'hello', cache_control: { type: 'ephemeral' } };
    const later = {
      messages: [
        { role: 'user', content: [wrapped] },
        { role: 'assistant', content: 'hi' },
      ],
    };
    expect(await idOf(read(later))).toBe(await idOf(read(hello)));
    expect(await idOf(read({ messages: [{ role: 'user', content: 'other' }] }))).not.toBe(await idOf(read(hello)));
  });

  it('differs between principals that claim the same session', async () => {
    const header = { 'x-claude-code-session-id': 's1' };
    expect(await idOf(read(hello, header, 'alice'))).not.toBe(await idOf(read(hello, header, 'mallory')));
  });

  it('does not take broken metadata for a session', async () => {
    for (const user_id of ['{', '{"session_id":1}', 'user_1', '{"session_id":""}']) {
      expect(await idOf(read({ ...hello, metadata: { user_id } }))).toBe(await idOf(read(hello)));
    }
  });
});

async function conversed(body: object, conversation: string, dropBlock = false): Promise<Conversed> {
  return Object.assign(await read(body), { conversation: { id: conversation, turn: 1, dropBlock } });
}

const history = {
  thinking: { type: 'adaptive' },
  messages: [
    { role: 'user', content: 'x' },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 'toolu_9', name: 'denied_by_policy_ab12', input: { reason: 'no' } }],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_9', content: 'No such tool', is_error: true }],
    },
  ],
};

describe('the restore step', () => {
  it('puts name and input of a renamed call back as Claude spelled them, and nothing else', async () => {
    await ledgers.addRenamedCall('c1', 'toolu_9', {
      name: 'Bash',
      inputText: '{ "command":"rm -rf build", "n":1.0 }',
      shownAs: 'denied_by_policy_ab12',
    });
    const exchange = await createRestoreStep(ledgers)(await conversed(history, 'c1'));
    const text = Buffer.from(render(exchange.body!)).toString();
    const expected = Buffer.from(exchange.body!.bytes)
      .toString()
      .replace('"denied_by_policy_ab12"', '"Bash"')
      .replace('{"reason":"no"}', '{ "command":"rm -rf build", "n":1.0 }');
    expect(text).toBe(expected);
    const inside = exchange.body!.leaves.filter((leaf) => leaf.path.includes('input'));
    expect(inside).toEqual([]);
  });

  it('leaves the calls of other conversations, and calls under another name, as they are', async () => {
    const other = await createRestoreStep(ledgers)(await conversed(history, 'c2'));
    expect(render(other.body!)).toBe(other.body!.bytes);
    const renamed = JSON.parse(JSON.stringify(history).replace('denied_by_policy_ab12', 'Bash'));
    const same = await createRestoreStep(ledgers)(await conversed(renamed, 'c1'));
    expect(render(same.body!)).toBe(same.body!.bytes);
  });

  it('remembers renamed calls beyond a restart, sealed', async () => {
    const rows = await store
      .query<{ renamed_call: { sealed: Uint8Array } }>()
      .selectFrom('renamed_call')
      .selectAll()
      .execute();
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Buffer.from(row.sealed).includes('rm -rf')).toBe(false);
    const again = await openLedgers(store, await openKeys(keyFiles(store.directory)), Date.now);
    expect((await again.read('c1')).renamedCalls.get('toolu_9')?.name).toBe('Bash');
  });

  it.each([
    [{ type: 'adaptive' }, '{"block_binding":{"prefix_mismatch_behavior":"drop_block"},"type":"adaptive"}'],
    [{}, '{"block_binding":{"prefix_mismatch_behavior":"drop_block"}}'],
    [{ type: 'disabled' }, '{"type":"disabled"}'],
    [{ type: 'adaptive', block_binding: { x: 1 } }, '{"type":"adaptive","block_binding":{"x":1}}'],
  ])('asks a marked conversation to drop mismatching thinking: %j', async (thinking, expected) => {
    const exchange = await createRestoreStep(ledgers)(await conversed({ ...hello, thinking }, 'c3', true));
    expect(Buffer.from(render(exchange.body!)).toString()).toContain(`"thinking":${expected}`);
  });
});

describe('the note step', () => {
  const textBlock = (index: number, original: Uint8Array | null): AnswerPart => ({
    kind: 'block',
    index,
    block: { type: 'text', text: 't' },
    inputText: null,
    call: false,
    original,
    spans: [],
    verdict: null,
  });
  const thinking: AnswerPart = {
    kind: 'event',
    type: 'content_block_start',
    index: 1,
    data: { content_block: { type: 'thinking' } },
    bytes: Buffer.from('x'),
    spans: [],
  };
  const run = async (parts: readonly AnswerPart[]) => {
    const marked: string[] = [];
    const exchange = { conversation: { id: 'c', dropBlock: false } } as unknown as Recorded;
    const step = createNoteStep(exchange, async (conversation) => {
      marked.push(conversation);
    });
    for (const part of parts) await step(part, () => undefined);
    return marked;
  };

  it('marks the conversation once when thinking follows a changed block', async () => {
    expect(await run([textBlock(0, null), thinking, thinking])).toEqual(['c']);
  });

  it('marks nothing when thinking comes first or nothing was changed', async () => {
    expect(await run([thinking, textBlock(1, null)])).toEqual([]);
    expect(await run([textBlock(0, Buffer.from('t')), thinking])).toEqual([]);
  });

  it('has the mark durable before the thinking block goes on', async () => {
    const order: string[] = [];
    const exchange = { conversation: { id: 'c4', dropBlock: false } } as unknown as Recorded;
    const step = createNoteStep(exchange, async (conversation) => {
      await ledgers.markDropBlock(conversation);
      order.push('marked');
    });
    await step(textBlock(0, null), () => undefined);
    await step(thinking, () => {
      order.push('passed');
      return undefined;
    });
    expect(order).toEqual(['marked', 'passed']);
    expect((await ledgers.read('c4')).dropBlock).toBe(true);
  });
});
