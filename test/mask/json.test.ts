import { runInThisContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHoldStep } from '../../src/forward/index.ts';
import { scan } from '../../src/json/index.ts';
import { createMasking, encodeTables, readRules } from '../../src/mask/index.ts';
import { compileRules } from '../../src/mask/rules/compile.ts';
import type { HeldBlock } from '../../src/model/answer.ts';
import type { Conversed, Decided } from '../../src/model/exchange.ts';
import type { Json } from '../../src/model/json.ts';
import { classifyLeaves } from '../../src/receive/leaves.ts';
import { rendered } from './bodies.ts';
import { answering, cut, event, oracleMask, pass } from './helpers.ts';
import { decodingOracle, given, texts } from './rules/oracle.ts';

/*
 * JSON with escapes anywhere, cut anywhere. The oracle parses, masks every decoded string by plain patterns, and
 * compares; it imports nothing of the engine.
 */
const content = {
  rules: given.map((rule) => ({ class: 'c', label: 'l', reference: 'r', examples: ['x'], near: ['x'], ...rule })),
};
const masking = createMasking({ exact: () => [] });
masking.useRules(encodeTables(compileRules(readRules([{ name: 'test', content }]).rules).compiled));

const strings = fc.oneof(texts, fc.string({ maxLength: 8 }), fc.constantFrom('\n', '\\', 'é\u200b', '"\\/', '😀'));
const { document } = fc.letrec<{ value: unknown; document: { [key: string]: unknown } }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    strings,
    fc.constantFrom(null, true, false, 0, -1.5, 123),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('document'),
  ),
  // Names stay apart from each other whatever is masked in them.
  document: fc
    .array(fc.tuple(strings, tie('value')), { maxLength: 3 })
    .map((members) => Object.fromEntries(members.map(([name, value], at) => [`${'xyz'[at]}~ ${name}`, value]))),
}));

/** The value of a JSON text. V8 14.6 reads some escaped names as others (nodejs/node#63785); as a program it does not. */
const read = (json: string): unknown => runInThisContext(`(${json})`);

/** The document as JSON with white space and escapes where `whims` says so. */
function spelled(value: unknown, whims: readonly number[]): string {
  let at = 0;
  const whim = () => (whims.length === 0 ? 9 : whims[at++ % whims.length]!);
  const space = () => ['', ' ', '\n'][whim()] ?? '';
  const hex = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const sign = (character: string) => {
    if (whim() === 0) return character.split('').map(hex).join('');
    return character === '/' && whim() < 3 ? '\\/' : JSON.stringify(character).slice(1, -1);
  };
  const write = (of: unknown): string => {
    if (typeof of === 'string') return `"${Array.from(of, sign).join('')}"`;
    if (Array.isArray(of)) return `[${of.map((item) => space() + write(item)).join(',')}${space()}]`;
    if (typeof of !== 'object' || of === null) return JSON.stringify(of);
    const members = Object.entries(of).map(
      ([name, item]) => `${space()}${write(name)}${space()}:${space()}${write(item)}`,
    );
    return `{${members.join(',')}${space()}}`;
  };
  return write(value);
}

const maskText = (text: string) => oracleMask(text, decodingOracle(given, text)).replaceAll('█', '[masked:c]');

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskText(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [maskText(name), masked(item)]));
}

const whims = fc.array(fc.nat(9), { maxLength: 12 });
const runs = { numRuns: 3000 };

it('masks a streamed tool input on decoded characters, and leaves any other as its bytes', () => {
  fc.assert(
    fc.property(document, whims, fc.array(fc.nat(), { maxLength: 6 }), (value, how, places) => {
      const json = spelled(value, how);
      const block = { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: {} };
      const parts = [
        event({ type: 'content_block_start', index: 0, content_block: block }),
        ...cut(json, places).map((piece) =>
          event({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: piece } }),
        ),
        event({ type: 'content_block_stop', index: 0 }),
      ];
      const exchange = answering({ c: 'redact' });
      const steps = [createHoldStep(), masking.scanStep(exchange), masking.maskStep(exchange)];
      const [out] = pass(steps, parts) as HeldBlock[];
      const expected = masked(value);
      expect(read(out!.inputText!)).toEqual(expected);
      expect(out!.block.input).toEqual(expected);
      if (JSON.stringify(expected) !== JSON.stringify(value)) return;
      expect(out!.inputText).toBe(json);
      expect(out!.original).toEqual(parts);
    }),
    runs,
  );
});

const requestOf = (json: string) => {
  const bytes = Buffer.from(json);
  const root = scan(bytes, { depth: 100, keys: 10_000, values: 100_000 });
  const { leaves, step } = classifyLeaves(root);
  while (!step());
  return { bytes, root, leaves, blocks: [], splices: [] };
};

async function maskRequest(json: string, using = masking, plan: Parameters<typeof answering>[0] = { c: 'redact' }) {
  const body = requestOf(json);
  const scanned = await using.scanRequest({ body } as unknown as Conversed);
  await using.maskRequest({ ...scanned, ...answering(plan) } as unknown as Decided);
  return rendered(body);
}

it('masks the unknown fields of a request on decoded characters, and leaves any other request as its bytes', async () => {
  await fc.assert(
    fc.asyncProperty(document, whims, async (value, how) => {
      const json = `{"custom":${spelled(value, how)},"n":1.0}`;
      const after = await maskRequest(json);
      const expected = masked(value);
      expect((read(after) as { custom: Json }).custom).toEqual(expected);
      if (JSON.stringify(expected) === JSON.stringify(value)) expect(after).toBe(json);
    }),
    runs,
  );
});

it('masks a long number in the input of a tool call as a string, and no other number of a request', async () => {
  const call = (number: string) =>
    `{"max_tokens":99911199,"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"N","input":{"n":${number},"m":[${number}]}}]}]}`;
  expect(await maskRequest(call('99911199'))).toBe(call('"999[masked:c]99"'));
  expect(await maskRequest(call('-9991119.9e0'))).toBe(call('"-999[masked:c]9.9e0"'));
  expect(await maskRequest(call('99111'))).toBe(call('99111'));
  expect(await maskRequest(call('99911199'), masking, {})).toBe(call('99911199'));
});
