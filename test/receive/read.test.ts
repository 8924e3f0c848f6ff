import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type ErrorCode, GatewayError } from '../../src/errors.ts';
import type { Action, Identified } from '../../src/model/exchange.ts';
import { createReadStep, type ReadLimits } from '../../src/receive/read.ts';

const limits: ReadLimits = { bytes: 1 << 20, depth: 64, keys: 100_000, timeoutMs: 30_000 };
const json = { 'content-type': 'application/json' };
const minimal = '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}';

interface Given {
  readonly headers?: { readonly [name: string]: string };
  readonly action?: Action;
  readonly source?: AsyncIterable<Uint8Array>;
}

function exchangeOf(chunks: readonly (string | Uint8Array)[], given: Given = {}): Identified {
  const headers = new Map(Object.entries(given.headers ?? json));
  const action = given.action ?? 'messages.create';
  const source = async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  };
  return {
    id: 'req_1',
    client: { app: null, version: null, class: null },
    route: { action, method: action === 'models.read' ? 'GET' : 'POST', pattern: '/', target: '/' },
    headers: { get: (name: string) => headers.get(name) ?? null, raw: [...headers] },
    source: given.source ?? source(),
  } as unknown as Identified;
}

const read = (exchange: Identified, changed: Partial<ReadLimits> = {}) =>
  createReadStep({ ...limits, ...changed })(exchange);

async function refusal(text: string | Uint8Array, given: Given = {}, changed: Partial<ReadLimits> = {}) {
  const error = await read(exchangeOf([text], given), changed).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(GatewayError);
  return error as GatewayError;
}

describe('a body that is read', () => {
  test('keeps its bytes, knows its leaves and has no edits', async () => {
    const { body, id } = await read(exchangeOf([minimal]));
    expect(id).toBe('req_1');
    expect(Buffer.from(body!.bytes).toString()).toBe(minimal);
    expect(body!.root.get('model')?.string()).toBe('m');
    expect(body!.leaves.map((leaf) => leaf.text)).toEqual(['m', 'user', 'x']);
    expect(body!.splices).toEqual([]);
  });

  test.each([
    ['at every byte', [...Buffer.from(minimal)].map((byte) => Uint8Array.of(byte)), json],
    ['at every byte, of a known length', [...Buffer.from(minimal)].map((byte) => Uint8Array.of(byte)), sized(minimal)],
    ['nowhere, of a known length', [minimal], sized(minimal)],
    ['in two', [minimal.slice(0, 9), minimal.slice(9)], json],
    ['with empty chunks', ['', minimal.slice(0, 9), '', minimal.slice(9), ''], sized(minimal)],
  ])('is the same wherever it is cut: %s', async (_name, chunks, headers) => {
    const { body } = await read(exchangeOf(chunks, { headers }));
    expect(Buffer.from(body!.bytes).toString()).toBe(minimal);
  });

  test('may be exactly as large as the limit, in uneven chunks', async () => {
    const text = minimal.replace('"x"', JSON.stringify('é'.repeat(200_000)));
    const bytes = Buffer.from(text);
    const chunks: Uint8Array[] = [];
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7) % 9973) {
      chunks.push(bytes.subarray(at, at + size));
    }
    for (const headers of [json, sized(text)]) {
      const { body } = await read(exchangeOf(chunks, { headers }), { bytes: bytes.length });
      expect(bytes.equals(body!.bytes)).toBe(true);
    }
  });

  test('may name its character set', async () => {
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
      expect((await read(exchangeOf([minimal], { headers: { 'content-type': type } }))).body).not.toBeNull();
    }
  });

  function sized(text: string) {
    return { ...json, 'content-length': String(Buffer.byteLength(text)) };
  }
});

describe('a GET', () => {
  test('has no body', async () => {
    expect((await read(exchangeOf([], { action: 'models.read', headers: {} }))).body).toBeNull();
    expect((await read(exchangeOf([], { action: 'models.read', headers: { 'content-length': '0' } }))).body).toBeNull();
  });

  test.each([{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }])(
    'with a body is refused: %j',
    async (headers) => {
      expect((await refusal('{}', { action: 'models.read', headers })).code).toBe('BODY_SHAPE');
    },
  );
});

test.each<{ readonly [name: string]: string }>([
  {},
  { 'content-type': 'text/plain' },
  { 'content-type': 'application/jsonp' },
  { 'content-type': 'application/json; charset=utf-7' },
  { 'content-type': 'application/json; charset=utf-8; charset=utf-7' },
  { 'content-type': 'application/json; charset=utf-8; charset=utf-8' },
  { 'content-type': 'application/json; boundary=x' },
  { ...json, 'content-encoding': 'gzip' },
])('a content type or coding that is not plain JSON in UTF-8 is refused: %j', async (headers) => {
  expect(await refusal(minimal, { headers })).toMatchObject({ code: 'BODY_TYPE', status: 415 });
});

describe('a body that is too large', () => {
  test('is refused by its declared length, before a byte is read', async () => {
    const source = {
      [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
        throw new Error('it was read');
      },
    };
    const headers = { ...json, 'content-length': String(limits.bytes + 1) };
    expect((await refusal('', { headers, source })).code).toBe('BODY_TOO_LARGE');
  });

  test('is refused as soon as the limit is passed, and the source is left open', async () => {
    let pulled = 0;
    let returned = false;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        async next() {
          pulled++;
          return { done: false, value: Buffer.alloc(400_000, ' ') };
        },
        async return() {
          returned = true;
          return { done: true, value: undefined };
        },
      }),
    };
    expect(await refusal('', { source })).toMatchObject({ code: 'BODY_TOO_LARGE', status: 413 });
    expect([pulled, returned]).toEqual([3, false]);
  });
});

describe('a body that comes slowly', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Sends `bytes` white space every `everyMs`, without end. */
  async function* drip(bytes: number, everyMs: number) {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      yield Buffer.alloc(bytes, ' ');
    }
  }

  async function refusedAfter(source: AsyncIterable<Uint8Array>, withinMs: number): Promise<[string, number]> {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
    const outcome = refusal('', { source }, { bytes: 64 << 20 });
    const began = performance.now();
    let at = -1;
    void outcome.finally(() => {
      at = performance.now() - began;
    });
    for (let elapsed = 0; elapsed < withinMs && at < 0; elapsed += 500) await vi.advanceTimersByTimeAsync(500);
    return [(await outcome).code, at / 1000];
  }

  test('never a byte: refused at the rate floor', async () => {
    const source = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    expect(await refusedAfter(source, 60_000)).toEqual(['BODY_TIMEOUT', 11]);
  });

  test('100 bytes a second: refused at the rate floor', async () => {
    expect(await refusedAfter(drip(100, 1000), 60_000)).toEqual(['BODY_TIMEOUT', 11]);
  });

  test('2 KiB a second, small: refused when its time is over', async () => {
    expect(await refusedAfter(drip(2048, 1000), 60_000)).toEqual(['BODY_TIMEOUT', 30]);
  });

  test('a large body gets its time again for each MiB', async () => {
    const [code, seconds] = await refusedAfter(drip(100_000, 1000), 30_000_000);
    expect(code).toBe('BODY_TOO_LARGE');
    expect(seconds).toBeGreaterThan(600);
  });
});

test('a body that breaks off is refused', async () => {
  const source = (async function* () {
    yield Buffer.from(minimal.slice(0, 20));
    await sleep(1);
    throw new Error('aborted');
  })();
  expect((await refusal('', { source })).code).toBe('FRAMING');
});

describe('what is not JSON', () => {
  const position = / at byte \d+\.$/;
  test.each<[string, string | Uint8Array, ErrorCode]>([
    ['nothing', '', 'BODY_SYNTAX'],
    ['cut short', minimal.slice(0, -1), 'BODY_SYNTAX'],
    ['two values', `${minimal}{}`, 'BODY_SYNTAX'],
    ['not UTF-8', Buffer.from('7b22ff223a317d', 'hex'), 'BODY_SYNTAX'],
    ['a byte order mark', `\ufeff${minimal}`, 'BODY_SYNTAX'],
    ['half a surrogate pair', '{"model":"\\ud800"}', 'BODY_SYNTAX'],
    ['a name twice', '{"model":"a","model":"b"}', 'BODY_SHAPE'],
    ['a name twice, escaped', '{"model":"a","\\u006dodel":"b"}', 'BODY_SHAPE'],
    ['too deep', `{"a":${'['.repeat(64)}${']'.repeat(64)}}`, 'BODY_SHAPE'],
  ])('%s', async (_name, text, code) => {
    const error = await refusal(text);
    expect(error).toMatchObject({ code, status: 400 });
    expect(error.message).toMatch(position);
  });

  test('the limits of the configuration hold', async () => {
    expect((await refusal('{"a":[]}', {}, { depth: 1 })).message).toContain('too deep');
    expect((await refusal('{"a":1,"b":2}', {}, { keys: 1 })).message).toContain('too many property names');
  });
});

describe('the shape of a Messages request', () => {
  const wrong: readonly (readonly [name: string, change: unknown, says: string])[] = [
    ['an array as root', [], 'JSON object'],
    ['no model', { model: undefined }, '`model`'],
    ['a model that is no string', { model: ['m'] }, '`model`'],
    ['no messages', { messages: undefined }, '`messages`'],
    ['messages that are no array', { messages: { role: 'user' } }, '`messages`'],
    ['a message that is no object', { messages: [{ role: 'user' }, 'x'] }, '`messages[1]`'],
    ['a message without role', { messages: [{ content: 'x' }] }, '`messages[0].role`'],
    ['a role that is no string', { messages: [{ role: 1 }] }, '`messages[0].role`'],
    ['stream as text', { stream: 'true' }, '`stream`'],
    ['stream as null', { stream: null }, '`stream`'],
    ['tools that are no array', { tools: { name: 'x' } }, '`tools`'],
    ['no max_tokens', { max_tokens: undefined }, '`max_tokens`'],
    ['max_tokens below one', { max_tokens: -1 }, '`max_tokens`'],
    ['max_tokens of zero', { max_tokens: 0 }, '`max_tokens`'],
    ['max_tokens as text', { max_tokens: '1' }, '`max_tokens`'],
    ['max_tokens with a fraction', { max_tokens: 1.5 }, '`max_tokens`'],
    ['max_tokens beyond integers', { max_tokens: 2 ** 53 }, '`max_tokens`'],
  ];
  test.each(wrong)('%s is refused', async (_name, change, says) => {
    const text = JSON.stringify(Array.isArray(change) ? change : { ...JSON.parse(minimal), ...(change as object) });
    const error = await refusal(text);
    expect(error).toMatchObject({ code: 'BODY_SHAPE', status: 400 });
    expect(error.message).toContain(says);
  });

  test.each(['1.0', '1e0', '-0', '1e400'])('max_tokens spelled %s is refused', async (spelling) => {
    expect((await refusal(minimal.replace('"max_tokens":1', `"max_tokens":${spelling}`))).code).toBe('BODY_SHAPE');
  });

  test.each([
    '"thread":{"type":"create"}',
    '"\\u0074hread":{"type":"continue","previous_message_id":"m"}',
    '"thread":"x"',
  ])('a conversation that Claude holds is refused as Claude refuses one: %s', async (member) => {
    const error = await refusal(minimal.replace('{', `{${member},`));
    expect(error).toMatchObject({ code: 'THREAD_UNSUPPORTED', details: { error_code: 'thread_unsupported_request' } });
  });

  test('counting tokens needs no max_tokens, but a right one where there is one', async () => {
    const action = 'messages.count_tokens';
    const text = minimal.replace('"max_tokens":1,', '');
    expect((await read(exchangeOf([text], { action }))).body).not.toBeNull();
    expect((await refusal(minimal.replace('1,', '"1",'), { action })).code).toBe('BODY_SHAPE');
  });

  test('what policy does not decide on passes', async () => {
    const body = {
      ...JSON.parse(minimal),
      messages: [],
      tools: [],
      stream: false,
      future: { x: [null] },
      temperature: 'x',
    };
    expect((await read(exchangeOf([JSON.stringify(body)]))).body).not.toBeNull();
  });
});
