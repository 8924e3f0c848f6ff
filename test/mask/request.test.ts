import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import { compileRules, createMasking, encodeTables, readRules } from '../../src/mask/index.ts';
import type { Body, Leaf } from '../../src/model/body.ts';
import type { NewHits } from '../../src/model/content.ts';
import type { Conversed, Decided } from '../../src/model/exchange.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { MaskMode } from '../../src/model/scan.ts';
import { bodyOf, rendered } from './bodies.ts';

/** No credential by its beginning, only as a known value. */
const secret = 'hunter2/horse-battery';

const name = 'gateway_credential';
const mark = `[masked:${name}]`;
const other = `${'sk-'}ant-${'B7'.repeat(12)}`;

async function masked(body: Body, plan: Readonly<Record<string, MaskMode>> = {}) {
  const masking = createMasking({ exact: () => [{ name: 'default', class: name, value: secret }] });
  const scanned = await masking.scanRequest({ body } as unknown as Conversed);
  const exchange = { ...scanned, maskPlan: new Map(Object.entries(plan)) } as unknown as Decided;
  const { masks } = await masking.maskRequest(exchange);
  return { scanned, json: rendered(body), marks: masks };
}

describe('a request', () => {
  it('has exact values replaced in values and property names, and every other byte as it was', async () => {
    const around = fc.string().map((text) => JSON.stringify(text).slice(1, -1));
    await fc.assert(
      fc.asyncProperty(around, fc.nat(secret.length - 1), fc.constantFrom('', ' ', '\n'), async (text, at, space) => {
        const hex = `\\u${secret.charCodeAt(at).toString(16).padStart(4, '0')}`;
        const escaped = secret.slice(0, at) + hex + secret.slice(at + 1);
        const json = (value: string, plain: string) =>
          `{"a":${space}"${text}${value}${text}","${plain}":[1.0,"${text}"],"\\u0062":"ä"}`;
        expect((await masked(bodyOf(json(escaped, secret)))).json).toBe(json(mark, mark));
      }),
    );
  });

  it('is left alone where nothing is found', async () => {
    const body = bodyOf('{"a":"\\u0062","c":["sk-"]}');
    const { json, marks } = await masked(body);
    expect(json).toBe('{"a":"\\u0062","c":["sk-"]}');
    expect(body.splices).toEqual([]);
    expect(marks).toEqual([]);
  });

  it('keeps leaves that must never change, and does not count them', async () => {
    const json = JSON.stringify({ signature: secret });
    const { json: after, scanned } = await masked(bodyOf(json, () => ({ fixed: true })));
    expect(after).toBe(json);
    expect(scanned.detections).toEqual({ new: {}, all: {} });
  });

  it('masks other classes only where the plan names them, and counts the masks', async () => {
    const json = JSON.stringify({ text: `${other} ${secret} ${other}` });
    expect((await masked(bodyOf(json))).json).toBe(JSON.stringify({ text: `${other} ${mark} ${other}` }));
    const both = await masked(bodyOf(json), { credential: 'redact' });
    expect(both.json).toBe(JSON.stringify({ text: `[masked:credential] ${mark} [masked:credential]` }));
    expect(both.marks).toEqual([
      { detector: 'anthropic', class: 'credential', mode: 'redact', count: 2 },
      { detector: 'exact:default', class: name, mode: 'redact', count: 1 },
    ]);
  });

  it('keeps masked property names of one object apart', async () => {
    const { json } = await masked(bodyOf(`{"${secret}":1,"${secret}x":2,"y${secret}":3}`));
    expect(Object.keys(JSON.parse(json) as JsonObject)).toEqual([mark, `${mark}x`, `y${mark}`]);
    const same = await masked(bodyOf(`{"${secret}":1,"${secret[0]}\u200b${secret.slice(1)}":2}`));
    expect(Object.keys(JSON.parse(same.json) as JsonObject)).toEqual([mark, `${mark}#2`]);
  });

  it('masks inside an earlier splice, and no leaf that it replaces', async () => {
    const json = JSON.stringify({ a: secret, b: 'c' });
    const body = bodyOf(json);
    const leaf = body.leaves[1]!;
    const hex = `\\u00${secret.charCodeAt(0).toString(16)}${secret.slice(1)}`;
    body.splices.push({ start: leaf.start, end: leaf.end, bytes: Buffer.from(`{"d":"${hex}"}`) });
    expect((await masked(body)).json).toBe(`{"a":{"d":"${mark}"},"b":"c"}`);
  });

  it('counts by origin what it is told is new, and everything by class', async () => {
    const say = (text: string): Partial<Leaf> => {
      if (text.startsWith('system')) return { origin: 'system', message: -1 };
      if (text.startsWith('said')) return { origin: 'assistant', message: 1 };
      if (text.startsWith('tool')) return { origin: 'tool_result', message: 2 };
      return { message: 2 };
    };
    const texts = ['system', 'old', 'said', 'tool', 'new'].map((who) => `${who} ${other} ${other}`);
    const json = JSON.stringify(texts);
    const newHits: NewHits = async (_exchange, hits) =>
      hits.map(({ leaf, spans }) =>
        /^(system|said)/.test(leaf.text) ? [] : spans.slice(0, /^old/.test(leaf.text) ? 1 : 2),
      );
    const masking = createMasking({ exact: () => [], newHits });
    const scanned = await masking.scanRequest({ body: bodyOf(json, say) } as unknown as Conversed);
    expect(scanned.detections).toEqual({
      new: { tool_result: { credential: 2 }, user: { credential: 3 } },
      all: { credential: 10 },
    });
    const all = await createMasking({ exact: () => [] }).scanRequest({
      body: bodyOf(json, say),
    } as unknown as Conversed);
    expect(all.detections.new).toEqual({
      system: { credential: 2 },
      assistant: { credential: 2 },
      tool_result: { credential: 2 },
      user: { credential: 4 },
    });
  });

  it('does not count what could not be looked up', async () => {
    const fault = new GatewayError('STATE_UNAVAILABLE');
    const masking = createMasking({ exact: () => [], newHits: () => Promise.reject(fault) });
    const scan = masking.scanRequest({ body: bodyOf(JSON.stringify([other])) } as unknown as Conversed);
    await expect(scan).rejects.toBe(fault);
    const clean = await masking.scanRequest({ body: bodyOf('["clean"]') } as unknown as Conversed);
    expect(clean.detections).toEqual({ new: {}, all: {} });
  });

  it('scans what goes on in the place of a leaf, however often the client sends the same bytes', async () => {
    const masking = createMasking({ exact: () => [] });
    const long = 'lorem ipsum '.repeat(200);
    const json = JSON.stringify([`${other} ${long}`]);
    const spelling = Buffer.from(JSON.stringify(long));
    for (const [replaced, count] of [
      [true, undefined],
      [false, 1],
      [true, undefined],
    ] as const) {
      const body = bodyOf(json, () => (replaced ? { text: long, spelling } : {}));
      const scanned = await masking.scanRequest({ body } as unknown as Conversed);
      expect(scanned.detections.all.credential).toBe(count);
    }
  });

  it('finds the same on later turns, and in texts larger than a piece', async () => {
    const masking = createMasking({ exact: () => [{ name: 'default', class: name, value: secret }] });
    const text = `${'lorem ipsum '.repeat(9_000)}${other} ${secret} ${'dolor '.repeat(9_000)}${other}`;
    const counts = [];
    for (let turn = 0; turn < 2; turn++) {
      const scanned = await masking.scanRequest({ body: bodyOf(JSON.stringify({ text })) } as unknown as Conversed);
      const exchange = { ...scanned, maskPlan: new Map() } as unknown as Decided;
      masking.maskRequest(exchange);
      expect(rendered(exchange.body!)).toBe(JSON.stringify({ text: text.replace(secret, mark) }));
      counts.push(scanned.detections.all);
    }
    expect(counts).toEqual([counts[0], counts[0]]);
    expect(counts[0]).toEqual({ credential: 2, [name]: 1 });
  });

  it('is scanned by the rules in use, and by the built-in ones again when there are none', async () => {
    const rule = {
      id: 'ticket',
      class: 'ticket',
      label: 'l',
      reference: 'r',
      body: 'TICKET-',
      minimum: 4,
      tail: '[0-9]',
    };
    const { rules } = readRules([{ name: 'own', content: { rules: [{ ...rule, examples: ['x'], near: ['x'] }] } }]);
    const masking = createMasking({ exact: () => [] });
    const counts = async () => {
      const body = bodyOf(JSON.stringify([`TICKET-12345 ${other}`]));
      return (await masking.scanRequest({ body } as unknown as Conversed)).detections.all;
    };
    expect(await counts()).toEqual({ credential: 1 });
    masking.useRules(encodeTables(compileRules(rules).compiled));
    expect(await counts()).toEqual({ ticket: 1 });
    expect(() => masking.useRules(Buffer.from('no tables'))).toThrow(RangeError);
    expect(await counts()).toEqual({ ticket: 1 });
    masking.useRules(null);
    expect(await counts()).toEqual({ credential: 1 });
  });

  it('is not masked unscanned', () => {
    const masking = createMasking({ exact: () => [] });
    expect(() => masking.maskRequest({ body: bodyOf('{}') } as unknown as Decided)).toThrow(TypeError);
  });
});
