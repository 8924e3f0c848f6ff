import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { createMasking } from '../../src/mask/index.ts';
import type { AnswerPart, HeldBlock, StreamEvent } from '../../src/model/answer.ts';
import type { JsonObject } from '../../src/model/json.ts';
import {
  answering,
  coverage,
  cut,
  event,
  pass,
  secret,
  startBlock,
  stopBlock,
  textDelta,
  textOf,
  toolBlock,
} from './helpers.ts';

const name = 'gateway_credential';
const mark = `[masked:${name}]`;
const masking = () => createMasking({ exact: () => [{ name: 'default', class: name, value: secret }] });

function through(parts: readonly AnswerPart[], exchange = answering()) {
  const made = masking();
  return pass([made.scanStep(exchange), made.maskStep(exchange)], parts);
}

/** The oracle: the whole text with `indexOf`. */
function masked(text: string): string {
  const covered = coverage(text, [secret]);
  return [...covered.keys()].map((i) => (covered[i] ? (covered[i - 1] ? '' : mark) : text[i])).join('');
}

const asText = (parts: readonly AnswerPart[]) =>
  JSON.stringify(parts.map((part) => ({ ...part, bytes: null, original: null })));
/** Without what spells or hides characters of a value: the oracle looks for it as it stands. */
const other = fc.string({ maxLength: 12 }).map((some) => some.replace(/[*`~%&\\]/g, '.'));
const pieces = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(secret, secret.slice(0, 7), secret.slice(5), `${secret.slice(0, -1)}`) },
  { weight: 2, arbitrary: other },
);
const text = fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join(''));

describe('the text of a streamed answer', () => {
  it('comes out as the mask of the whole text, whatever the deltas and whatever stands between them', () => {
    const between = fc.constantFrom(
      null,
      event({ type: 'ping' }),
      event({
        type: 'content_block_delta',
        index: 0,
        delta: {
          type: 'citations_delta',
          citation: { type: 'char_location', cited_text: `x ${secret}`, document_index: 0 },
        },
      }),
    );
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(fc.nat(200), { maxLength: 9 }),
        fc.array(between, { maxLength: 5 }),
        (a, b, places, extras) => {
          const deltas = cut(a, places).flatMap((piece, i) => [textDelta(piece), extras[i] ?? []].flat());
          const out = through([
            startBlock(),
            ...deltas,
            stopBlock(),
            startBlock({ type: 'text', text: '' }, 1),
            ...cut(b, places).map((piece) => textDelta(piece, 1)),
            stopBlock(1),
          ]);
          expect(textOf(out, 0)).toBe(masked(a));
          expect(textOf(out, 1)).toBe(masked(b));
          expect(asText(out)).not.toContain(secret);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('keeps every event and its bytes, in order, where nothing is found', () => {
    const clean = fc.string({ unit: fc.constantFrom('s', 'k', '-', 'a', ' ', 'Z'), maxLength: 9 });
    fc.assert(
      fc.property(fc.array(clean, { maxLength: 12 }), (texts) => {
        const parts = [
          event({ type: 'message_start', message: { id: 'msg_1', content: [], usage: { input_tokens: 3 } } }),
          startBlock(),
          ...texts.map((piece) => textDelta(piece)),
          stopBlock(),
          event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } }),
          event({ type: 'message_stop' }),
        ];
        const out = through(parts);
        expect(out.map((part) => (part as StreamEvent).bytes)).toEqual(parts.map((part) => part.bytes));
        expect(out.map((part) => (part as StreamEvent).data)).toEqual(parts.map((part) => part.data));
      }),
    );
  });

  it('finds a value that lies across a citation, and keeps the citation in its place', () => {
    const citation = event({ type: 'content_block_delta', index: 0, delta: { type: 'citations_delta', citation: {} } });
    const out = through([
      startBlock(),
      textDelta(`a ${secret.slice(0, 9)}`),
      citation,
      textDelta(`${secret.slice(9)} b`),
      stopBlock(),
    ]);
    expect(textOf(out)).toBe(`a ${mark} b`);
    expect(out.map((part) => ((part as StreamEvent).data.delta as JsonObject | undefined)?.type)).toEqual([
      undefined,
      'text_delta',
      'citations_delta',
      'text_delta',
      undefined,
    ]);
  });

  it('begins with the text that the start of a block brings', () => {
    const out = through([
      startBlock({ type: 'text', text: secret.slice(0, 4) }),
      textDelta(secret.slice(4)),
      stopBlock(),
    ]);
    expect(textOf(out)).toBe(mark);
  });

  it('counts one mask for each placeholder', () => {
    const exchange = answering();
    through(
      [
        startBlock(),
        textDelta(`${secret} and `),
        textDelta(secret.slice(0, 8)),
        textDelta(secret.slice(8)),
        stopBlock(),
      ],
      exchange,
    );
    expect(exchange.masks).toEqual([{ detector: 'exact:default', class: name, mode: 'redact', count: 2 }]);
  });

  it('reports the spans of each event in the text of that event', () => {
    const made = masking();
    const out = pass(
      [made.scanStep(answering())],
      [startBlock(), textDelta(`ab${secret.slice(0, 9)}`), textDelta(`${secret.slice(9)}!`), stopBlock()],
    );
    const spans = out.map((part) => part.spans.map(({ from, to, continues }) => ({ from, to, continues })));
    expect(spans).toEqual([
      [],
      [{ from: 2, to: 11, continues: false }],
      [{ from: 0, to: secret.length - 9, continues: true }],
      [],
    ]);
  });

  it('masks a class that the plan names, and only reports it where the plan does not', () => {
    const other = `${'sk-'}ant-${'B7'.repeat(12)}`;
    const parts = [startBlock(), ...[...`x ${other} y`].map((char) => textDelta(char)), stopBlock()];
    expect(textOf(through(parts, answering({ credential: 'redact' })))).toBe('x [masked:credential] y');
    const exchange = answering({}, 'every');
    const made = masking();
    const seen = pass([made.scanStep(exchange)], parts);
    expect(seen.flatMap((part) => part.spans).filter((span) => !span.continues)).toHaveLength(1);
    expect(textOf(through(parts, answering({}, 'every')))).toBe(`x ${other} y`);
  });

  it('discards what is undecided when the answer breaks off', () => {
    const failed = event({ type: 'error', error: { type: 'overloaded_error', message: `no ${secret}` } });
    const out = through([startBlock(), textDelta('fine'), textDelta(secret.slice(0, 12)), failed]);
    expect(textOf(out)).toBe('fine');
    expect((out.at(-1) as StreamEvent).data.error).toEqual({ type: 'overloaded_error', message: `no ${mark}` });
  });
});

describe('other parts of a streamed answer', () => {
  it('leaves thinking and its signature alone', () => {
    const delta = (thinking: string) =>
      event({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking } });
    const parts = [
      startBlock({ type: 'thinking', thinking: '', signature: '' }),
      delta('sk-'),
      delta('ant or not'),
      event({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: secret } }),
      stopBlock(),
    ];
    expect(through(parts)).toEqual(parts);
  });

  it.each([
    event({ type: 'ping', note: secret }),
    event({ type: 'message_stop', note: { of: [secret] } }),
    event({ type: 'content_block_stop', index: 0, note: secret }),
  ])('are masked where $type, which has no text, says more than it should', (part) => {
    const out = through([startBlock(), part]);
    expect(asText(out)).toContain(mark);
    expect(asText(out)).not.toContain(secret);
  });

  it('lose a comment that holds a masked value, and keep any other', () => {
    const comment = (aside: string): StreamEvent => ({
      ...{ kind: 'event', type: 'comment', index: -1, data: {}, spans: [] },
      ...{ bytes: Buffer.from(aside), aside },
    });
    const ping = { ...event({ type: 'ping' }), aside: `id: ${secret}` };
    const [held, kept, beside] = through([comment(`: ${secret}\n\n`), comment(': hello\n\n'), ping]) as StreamEvent[];
    expect(held).toMatchObject({ bytes: null });
    expect(kept!.bytes).toEqual(Buffer.from(': hello\n\n'));
    expect(beside).toMatchObject({ type: 'ping', bytes: null });
    expect(asText([held!, beside!])).not.toContain(secret);
  });

  it.each([
    startBlock({ type: 'thinking', thinking: '', signature: '', text: secret }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'so', note: secret } }),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'x', note: secret } }),
    event({ type: 'content_block_delta', index: 0, note: secret, delta: { type: 'signature_delta', signature: 'x' } }),
    { ...toolBlock('{}'), block: { type: 'thinking', thinking: '', signature: 'x', note: secret }, call: false },
  ])('are a fault where a masked value stands beside thinking (%#)', (part) => {
    expect(() => through([part])).toThrow(expect.objectContaining({ code: 'MASK_FAILED' }));
  });

  it('are a fault where thinking holds a masked value, before its first character leaves', () => {
    const delta = (thinking: string) =>
      event({ type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking } });
    const step = masking().scanStep(answering());
    const start = startBlock({ type: 'thinking', thinking: '', signature: '' });
    expect(pass([step], [start, delta('hm '), delta(secret.slice(0, 9))])).toHaveLength(2);
    expect(() => pass([step], [delta(secret.slice(9))])).toThrow(GatewayError);
    const block = { type: 'thinking', thinking: `so ${secret}`, signature: 'x' };
    expect(() => through([{ ...toolBlock('{}'), block, inputText: null, call: false }])).toThrow(GatewayError);
  });

  it('masks what a citation quotes and what a server tool returns, and keeps ids and encrypted content', () => {
    const citation = {
      type: 'web_search_result_location',
      cited_text: secret,
      title: `t ${secret}`,
      encrypted_index: secret,
    };
    const result = {
      type: 'web_search_tool_result',
      tool_use_id: secret,
      content: [{ type: 'web_search_result', title: secret, encrypted_content: secret }],
    };
    const out = through([
      startBlock(result),
      stopBlock(),
      startBlock({ type: 'text', text: '' }, 1),
      event({ type: 'content_block_delta', index: 1, delta: { type: 'citations_delta', citation } }),
      stopBlock(1),
    ]) as StreamEvent[];
    expect(out[0]!.data.content_block).toEqual({ ...result, content: [{ ...result.content[0], title: mark }] });
    expect(out[0]!.bytes).toBeNull();
    expect(out[3]!.data.delta).toEqual({
      type: 'citations_delta',
      citation: { ...citation, cited_text: mark, title: `t ${mark}` },
    });
  });

  it('masks the strings of unknown deltas across events, and lets clean ones pass as they were', () => {
    const delta = (content: string, more: JsonObject = {}) =>
      event({ type: 'content_block_delta', index: 0, delta: { type: 'compaction_delta', content, ...more } });
    const clean = [startBlock({ type: 'compaction' }), delta('abc sk-'), delta('plain'), stopBlock()];
    expect(through(clean)).toEqual(clean);
    const out = through([
      startBlock({ type: 'compaction' }),
      delta(`a${secret.slice(0, 10)}`),
      delta(`${secret.slice(10)}b`, { n: secret }),
      stopBlock(),
    ]);
    expect(out.slice(1, 3).map((part) => (part as StreamEvent).data.delta)).toEqual([
      { type: 'compaction_delta', content: `a${mark}` },
      { type: 'compaction_delta', content: 'b', n: mark },
    ]);
  });

  it('refuses to hold more than its limit', () => {
    const big = event({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'new_delta', x: 'y'.repeat(3_000_000) },
    });
    const made = masking();
    const step = made.scanStep(answering());
    pass([step], [startBlock({ type: 'new' }), big]);
    expect(() => pass([step], [{ ...big }])).toThrow(GatewayError);
  });
});

describe('a held block', () => {
  it('has its input masked on decoded characters, every other byte as it was', () => {
    const spelled = fc.array(fc.constantFrom('plain', 'lower', 'upper'), {
      minLength: secret.length,
      maxLength: secret.length,
    });
    fc.assert(
      fc.property(spelled, fc.string(), fc.constantFrom('', ' ', '\n\t'), (spellings, other, space) => {
        const escaped = [...secret].map((char, i) => {
          const hex = `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
          return { plain: char, lower: hex, upper: hex.toUpperCase().replace('U', 'u') }[spellings[i]!];
        });
        const around = JSON.stringify(other).slice(1, -1);
        const json = (value: string) =>
          `{"n":1.50,${space}"a\\u0062":"${around}${value}${around}" ,"${value}":[true,"\\/"]}`;
        const [out] = through([toolBlock(json(escaped.join('')))]) as HeldBlock[];
        expect(out!.inputText).toBe(json(mark));
        expect(out!.block.input).toEqual(JSON.parse(json(mark)));
        expect(out!.original).toBeNull();
      }),
    );
  });

  it('keeps its original where nothing is found', () => {
    const block = toolBlock('{"command":"ls \\u002d l"}');
    expect(through([block])[0]).toBe(block);
  });

  it('has broken input masked as well', () => {
    const [out] = through([toolBlock(`{"a":"${secret}","b":"x ${secret}`)]) as HeldBlock[];
    expect(out!.inputText).toBe(`{"a":"${mark}","b":"x ${mark}`);
  });

  it('is masked in all of a JSON answer: text, citations and results', () => {
    const block = { type: 'text', text: `a ${secret}`, citations: [{ type: 'page_location', cited_text: secret }] };
    const part: HeldBlock = { ...toolBlock('{}'), block, inputText: null, call: false };
    const [out] = through([part]) as HeldBlock[];
    expect(out!.block).toEqual({
      type: 'text',
      text: `a ${mark}`,
      citations: [{ type: 'page_location', cited_text: mark }],
    });
  });

  it('waits for the text in front of it', () => {
    const block = { ...toolBlock('{}'), index: 1 };
    const out = through([startBlock(), textDelta('sk-'), block]);
    expect(out).toHaveLength(1);
    const all = through([startBlock(), textDelta('sk-'), stopBlock(), block]);
    expect(all.at(-1)).toBe(block);
  });
});

it('masks an answer with a value that became known after the request was scanned', () => {
  let values = [{ name: 'a', class: name, value: 'an-older-value' }];
  const made = createMasking({ exact: () => values });
  const exchange = answering();
  const steps = [made.scanStep(exchange), made.maskStep(exchange)];
  values = [{ name: 'a', class: name, value: secret }];
  made.refresh();
  expect(textOf(pass(steps, [startBlock(), textDelta(secret), stopBlock()]))).toBe(mark);
});
