import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits, scan } from '../../src/json/index.ts';
import { createDetectors } from '../../src/mask/index.ts';
import { scanLeaves } from '../../src/mask/leaves.ts';
import { ScanMemo } from '../../src/mask/memo.ts';
import { sectionsOf } from '../../src/mask/sections.ts';
import type { Body } from '../../src/model/body.ts';
import { classifyLeaves } from '../../src/receive/leaves.ts';

const detectors = createDetectors([{ name: 'pin', class: 'pin', value: 'orchid-4711-vault' }], randomBytes(32));
const secret = 'orchid-4711-vault';
const long = 'the quick brown fox jumps over the lazy dog, and so on to the end of the line. ';

/** A body as the gateway reads it. */
function bodyOf(value: object): Body {
  const bytes = Buffer.from(JSON.stringify(value));
  const root = scan(bytes, defaultLimits);
  const { leaves, step } = classifyLeaves(root);
  while (!step());
  return { bytes, root, leaves, blocks: [], splices: [] };
}

const found = async (body: Body, memo: ScanMemo) =>
  [...(await scanLeaves(body, detectors, memo))].sort(([a], [b]) => a - b);
const fresh = () => new ScanMemo(randomBytes(32));

const text = fc.constantFrom('a', secret, long, `${long}${secret}`, `${secret} ${secret}`, 'tool_result', 'text');
const block = fc.oneof(
  fc.record({ type: fc.constant('text'), text }),
  fc.record({ type: fc.constant('thinking'), thinking: text, signature: text }),
  fc.record({ type: fc.constant('tool_use'), id: text, name: text, input: fc.dictionary(text, text, { maxKeys: 2 }) }),
  fc.record({ type: fc.constant('tool_result'), tool_use_id: text, content: text }),
);
const message = fc.record({
  role: fc.constantFrom('user', 'assistant'),
  content: fc.oneof(text, fc.array(block, { maxLength: 3 })),
});
const request = fc.record(
  {
    model: text,
    messages: fc.array(message, { maxLength: 4 }),
    tools: fc.array(fc.record({ name: text, description: text }), { maxLength: 2 }),
    system: fc.oneof(text, fc.array(block, { maxLength: 2 })),
    new_field: fc.oneof(text, fc.array(message, { maxLength: 2 }), block),
  },
  { noNullPrototype: true, requiredKeys: ['messages'] },
);

describe('what is remembered of a request', () => {
  it('is what a scan finds, whatever was scanned before', async () => {
    const memo = fresh();
    await fc.assert(
      fc.asyncProperty(request, async (value) => {
        const expected = await found(bodyOf(value), fresh());
        expect(await found(bodyOf(value), memo)).toEqual(expected);
        expect(await found(bodyOf(value), memo)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it('is not taken for the same bytes at another place, where another part of them may change', async () => {
    const memo = fresh();
    const thinking = { role: 'assistant', content: [{ type: 'thinking', thinking: secret, signature: 's' }] };
    expect(await found(bodyOf({ messages: [thinking] }), memo)).toEqual([]);
    expect(await found(bodyOf({ other: [thinking] }), memo)).not.toEqual([]);
    expect(await found(bodyOf({ messages: [thinking] }), memo)).toEqual([]);
  });

  it('is nothing of a section that an earlier step has changed', async () => {
    const memo = fresh();
    const value = { messages: [{ role: 'user', content: `${long}${secret}` }] };
    const before = await found(bodyOf(value), memo);
    expect(before).toHaveLength(1);
    const body = bodyOf(value);
    const at = body.leaves.findIndex((leaf) => leaf.text.includes(secret));
    const { start, end } = body.leaves[at]!;
    const spelling = Buffer.from('"taken out"');
    const leaves = body.leaves.map((leaf, index) =>
      index === at ? { ...leaf, start, end, fixed: false, text: 'taken out', spelling } : leaf,
    );
    expect(await found({ ...body, leaves, splices: [{ start, end, bytes: spelling }] }, memo)).toEqual([]);
    expect(await found(bodyOf(value), memo)).toEqual(before);
  });

  it('covers every leaf inside of the members of a request', () => {
    const body = bodyOf({ messages: [{ role: 'user', content: 'a' }, {}], tools: [{ name: 'b' }], system: 'c', n: 1 });
    const places = [...sectionsOf(body)].map(({ place, first, end }) => [place, end - first]);
    expect(places).toEqual([
      ['messages[]', 2],
      ['tools[]', 1],
      ['system', 1],
    ]);
  });
});
