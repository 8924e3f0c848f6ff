import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventReader, eventBytes } from '../../src/forward/sse.ts';

/** A plain reference after the HTML standard, on whole text: what each event is, without regard to cuts. */
function reference(text: string): { type: string; data: unknown }[] {
  const blocks = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n|\r/g, '\n')
    .split('\n\n');
  blocks.pop();
  const events: { type: string; data: unknown }[] = [];
  for (const block of blocks) {
    const lines = block.split('\n').filter((line) => line.startsWith('data:') || line === 'data');
    if (lines.length === 0) continue;
    const data = JSON.parse(lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n'));
    events.push({ type: data.type, data });
  }
  return events;
}

function readIn(chunks: readonly Uint8Array[]) {
  const reader = createEventReader();
  const events = chunks.flatMap((chunk) => [...reader.read(chunk)]);
  events.push(...reader.end());
  return { events, atBoundary: reader.atBoundary };
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const points = [0, ...at.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, i) => bytes.subarray(points[i], end));
}

const eventText = fc.record({
  type: fc.constantFrom('message_start', 'content_block_delta', 'ping', 'später'),
  text: fc.string({ unit: 'grapheme', maxLength: 12 }),
  eol: fc.constantFrom('\n', '\r\n', '\r'),
  named: fc.boolean(),
  comment: fc.boolean(),
  pretty: fc.boolean(),
  spaced: fc.boolean(),
});

const stream = fc.array(eventText, { maxLength: 6 }).map((events) =>
  events
    .map(({ type, text, eol, named, comment, pretty, spaced }) => {
      const data = JSON.stringify({ type, text }, null, pretty ? 1 : 0).split('\n');
      const colon = spaced ? ': ' : ':';
      const lines = [
        ...(comment ? [': keep-alive'] : []),
        ...(named ? [`event${colon}${type}`] : []),
        ...data.map((line) => `data${colon}${line}`),
      ];
      return `${lines.join(eol)}${eol}${eol}`;
    })
    .join(''),
);

describe('the event reader', () => {
  it('reads what the reference reads, however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (text, points, bom) => {
        const bytes = Buffer.from((bom ? '\uFEFF' : '') + text);
        const { events, atBoundary } = readIn(cut(bytes, points));
        const told = events.filter((event) => event.type !== 'comment');
        expect(told.map(({ type, data }) => ({ type, data }))).toEqual(reference(text));
        expect(atBoundary).toBe(text !== '' || !bom);
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps every byte: the events put together are the stream', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (text, points) => {
        const bytes = Buffer.from(text);
        const { events } = readIn(cut(bytes, points));
        expect(Buffer.concat(events.map((event) => eventBytes(event))).equals(bytes)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('reads the same at every two-way split of a stream with mixed line ends', () => {
    const text = 'event: a\r\ndata: {"type":"a","t":"ä€😀"}\r\n\r\n: c\r\rdata: {"type":"b"}\n\ndata:{"type":"c"}\r\r';
    const bytes = Buffer.from(text);
    const whole = readIn([bytes]).events.map((event) => event.data);
    expect(whole).toHaveLength(4);
    for (let at = 0; at <= bytes.length; at++) {
      expect(readIn([bytes.subarray(0, at), bytes.subarray(at)]).events.map((event) => event.data)).toEqual(whole);
    }
  });

  it('tells what stands beside the data, and writes none of it where it writes anew', () => {
    const text = 'id: 7\r: note\ndata: {"type":"a"}\n\n:c\n\nevent: b\n\n';
    const { events } = readIn([Buffer.from(text)]);
    expect(events.map(({ aside }) => aside)).toEqual(['id: 7\n: note', ':c\n\n', 'event: b\n\n']);
    const anew = events.map((event) => Buffer.from(eventBytes({ ...event, bytes: null })).toString());
    expect(anew).toEqual(['event: a\ndata: {"type":"a"}\n\n', ':\n\n', ':\n\n']);
  });

  it('reads an event after others as it reads it alone, however alike they are', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.constantFrom('', '"}}', 'a', '\\', '\n', '\u2028', '}', 'ä€😀'),
    );
    const delta = fc
      .record({ kind: fc.constantFrom('text_delta', 'thinking_delta'), text, index: fc.constantFrom(0, 1, '0', null) })
      .chain(({ kind, text: added, index }) => {
        const name = kind === 'text_delta' ? 'text' : 'thinking';
        const whole = { type: 'content_block_delta', index, delta: { type: kind, [name]: added } };
        const { type, ...rest } = whole;
        return fc.constantFrom<object>(
          whole,
          { ...rest, type },
          { ...whole, delta: { [name]: added, type: kind } },
          { ...whole, delta: { type: kind, [name]: added, ['__proto__']: added } },
          { ...whole, delta: { type: kind, ['__proto__']: added } },
          { ...whole, more: { [name]: added } },
          { type, index, delta: null, more: { [name]: added } },
        );
      })
      .map((data) => `event: content_block_delta\ndata: ${JSON.stringify(data)}\n\n`);
    const damaged = fc
      .tuple(delta, fc.nat(), fc.constantFrom('', '"', '}', '\n', '\r', '\\', '\ndata: ', '\nid: 1', ' ', '\u0001'))
      .map(([event, at, added]) => event.slice(0, at % event.length) + added + event.slice(at % event.length));
    const short = delta.map((event) => event.replace('""}}', '"}}'));
    const told = (read: () => readonly unknown[]) => {
      try {
        return read();
      } catch (thrown) {
        return String(thrown);
      }
    };
    const event = fc.oneof({ weight: 5, arbitrary: delta }, damaged, short);
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (texts) => {
        const together = createEventReader();
        for (const bytes of texts.map((each) => Buffer.from(each))) {
          if (!together.atBoundary) return;
          const alone = told(() => createEventReader().read(bytes));
          expect(told(() => together.read(bytes))).toStrictEqual(alone);
          if (typeof alone === 'string') return;
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('says when the stream broke off inside an event', () => {
    expect(readIn([Buffer.from('data: {"type":"a"}\n\ndata: {"ty')]).atBoundary).toBe(false);
  });

  it.each([
    ['data that is no JSON', 'data: {"type":\n\n'],
    ['data that is no object', 'data: [1]\n\n'],
    ['data without a type', 'data: {}\n\n'],
    ['a name that differs from the type', 'event: ping\ndata: {"type":"message_stop"}\n\n'],
    ['data that says something twice', 'data: {"type":"a","d":{"text":"x","text":"y"}}\n\n'],
    ['data that says something twice, once escaped', 'data: {"type":"a","d":{"text":"x","te\\u0078t":"y"}}\n\n'],
    ['a type that would be lines of its own', 'data: {"type":"a\\n\\nevent: b"}\n\n'],
  ])('refuses %s', (_what, text) => {
    expect(() => readIn([Buffer.from(text)])).toThrow(expect.objectContaining({ code: 'UPSTREAM_PROTOCOL' }));
  });

  it('refuses bytes that are no UTF-8, also across a cut', () => {
    const bytes = Buffer.concat([
      Buffer.from('data: {"type":"a","t":"'),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}\n\n'),
    ]);
    expect(() => readIn(cut(bytes, [24]))).toThrow(expect.objectContaining({ code: 'UPSTREAM_PROTOCOL' }));
  });

  it('refuses an event over 1 MiB before it has ended', () => {
    const reader = createEventReader();
    const piece = Buffer.alloc(300_000, 'x');
    expect(() => {
      for (let i = 0; i < 4; i++) reader.read(piece);
    }).toThrow(expect.objectContaining({ code: 'UPSTREAM_PROTOCOL' }));
  });
});
