import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFolder, createMasking, encodeTables } from '../../src/mask/index.ts';
import type { AnswerPart, HeldBlock } from '../../src/model/answer.ts';
import type { MaskDirective } from '../../src/model/decision.ts';
import type { Conversed, Decided, Recorded } from '../../src/model/exchange.ts';
import type { TokenEntry, TokenTables } from '../../src/model/token.ts';
import { bodyOf, rendered } from './bodies.ts';
import { answering, cut, event, pass, startBlock, stopBlock, textDelta, textOf, toolBlock } from './helpers.ts';

const library = encodeTables(compileFolder(join(import.meta.dirname, '../../policies/detectors')).compiled);
const alice = 'alice.smith@example.org';
const form = /^MASKED_EMAIL_[A-Z2-7]{13}$/;

function tables(): TokenTables & { readonly kept: Map<string, readonly TokenEntry[]> } {
  const kept = new Map<string, readonly TokenEntry[]>();
  return {
    kept,
    of: (conversation) => kept.get(conversation) ?? [],
    async add(conversation, entries) {
      kept.set(conversation, [...(kept.get(conversation) ?? []), ...entries]);
    },
  };
}

function node(kept: TokenTables = tables()) {
  const keyedHash = (domain: string, text: string) =>
    Buffer.from(
      `${domain}\0${text}`.split('').reduce((hash, sign) => (hash * 31 + sign.charCodeAt(0)) % 1e9, 7) + text.padEnd(9),
    ).toString('base64url');
  const masking = createMasking({ exact: () => [], tokens: { tables: kept, keyedHash, onFault: () => undefined } });
  masking.useRules(library);
  return masking;
}

interface Asked {
  readonly restore?: MaskDirective['restore'];
  readonly conversation?: string;
  readonly tenant?: string;
  readonly mode?: MaskDirective['mode'];
}

/** One request with these texts, masked, and the exchange its answer belongs to. */
async function ask(masking: ReturnType<typeof node>, texts: readonly unknown[], asked: Asked = {}) {
  const body = bodyOf(JSON.stringify(texts));
  const mask = [
    { detectors: ['email', 'payment_card'], mode: asked.mode ?? 'token', restore: asked.restore ?? 'text' },
  ] as const;
  const plan = { email: asked.mode ?? 'token', payment_card: asked.mode ?? 'token' } as const;
  const { decision, ...rest } = answering(plan);
  const exchange = {
    ...rest,
    body,
    decision: { ...decision, mask },
    conversation: { id: asked.conversation ?? 'c', turn: 1, dropBlock: false },
    identity: { principal: { tenant: asked.tenant ?? 't' } },
  } as unknown as Conversed;
  const scanned = await masking.scanRequest(exchange);
  const masked = (await masking.maskRequest(scanned as Decided)) as Recorded;
  return { exchange: masked, texts: JSON.parse(rendered(body)) as string[] };
}

const answer = (masking: ReturnType<typeof node>, exchange: Recorded, parts: readonly AnswerPart[]) =>
  pass([masking.scanStep(exchange), masking.maskStep(exchange), masking.restoreStep(exchange)], parts);

describe('a value that becomes a token', () => {
  it('becomes one for the spelling it is found in, and that spelling again', async () => {
    const masking = node();
    const spelled = 'alice.smith%40example.org';
    const { exchange, texts } = await ask(masking, [`${alice} ${spelled}`, `x?to=${spelled}&n=1`]);
    const [token, other] = texts[0]!.split(' ') as [string, string];
    expect(token).toMatch(form);
    expect(other).toMatch(form);
    expect(other).not.toBe(token);
    expect(texts[1]).toBe(`x?to=${other}&n=1`);
    const out = answer(masking, exchange, [startBlock(), textDelta(`see ${token} and ${other}.`), stopBlock()]);
    expect(textOf(out)).toBe(`see ${alice} and ${spelled}.`);
  });

  it('is shown by the end of its spelling where a part of it may be', async () => {
    const { texts } = await ask(node(), ['card 4111&#32;1111&#32;1111&#32;1111'], { mode: 'partial' });
    expect(texts).toEqual(['card [masked:payment_card…1111]']);
  });

  it('is the same token in every request of its tenant, and another one elsewhere', async () => {
    const masking = node();
    const first = await ask(masking, [`write to ${alice}.`, `again ${alice}, and bob@example.org`]);
    const token = first.texts[0]!.slice('write to '.length, -1);
    expect(token).toMatch(form);
    expect(first.texts[1]).toContain(`again ${token}, and MASKED_EMAIL_`);
    expect(first.texts[1]!.split(token)).toHaveLength(2);
    const second = await ask(node(), [`write to ${alice}.`], { conversation: 'd' });
    expect(second.texts[0]).toBe(first.texts[0]);
    const other = await ask(node(), [`write to ${alice}.`], { tenant: 'u' });
    expect(other.texts[0]).not.toBe(first.texts[0]);
    expect(first.exchange.masks).toEqual([{ detector: 'email', class: 'email', mode: 'token', count: 3 }]);
  });

  it('is found again in any context of its conversation, and nowhere else', async () => {
    const masking = node();
    const card = '4111 1111 1111 1111';
    const first = await ask(masking, [`card ${card}`]);
    const token = first.texts[0]!.slice('card '.length);
    // Digits on both sides: no rule takes that for a card.
    const second = await ask(masking, [`card ${card}`, `9${card}9`]);
    expect(second.texts).toEqual([`card ${token}`, `9${token}9`]);
    const elsewhere = await ask(masking, [`9${card}9`], { conversation: 'd' });
    expect(elsewhere.texts).toEqual([`9${card}9`]);
  });

  it('comes back in text to who supplied it, however the answer is cut', async () => {
    const masking = node();
    const { exchange, texts } = await ask(masking, [alice, 'bob@example.org']);
    const said = `I wrote to ${texts[0]} and ${texts[1]}, not to ${texts[0]!.toLowerCase()} or MASKED_EMAIL_AAAAAAAAAAAAA; M`;
    const expected = said.replaceAll(texts[0]!, alice).replaceAll(texts[1]!, 'bob@example.org');
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (places) => {
        const parts = [startBlock(), ...cut(said, places).map((piece) => textDelta(piece)), stopBlock()];
        const out = answer(masking, { ...exchange, notes: {} }, parts);
        expect(textOf(out)).toBe(expected);
        expect(out.at(-1)).toBe(parts.at(-1));
      }),
      { numRuns: 300 },
    );
  });

  it('is counted where the model spelled its token in other case', async () => {
    const masking = node();
    const { exchange, texts } = await ask(masking, [alice]);
    answer(masking, exchange, [startBlock(), textDelta(`${texts[0]!.toLowerCase()} `), stopBlock()]);
    expect(exchange.notes.tokens_misspelled).toBe(1);
  });

  it('leaves events without tokens as they were, and holds back less than a token', async () => {
    const masking = node();
    const { exchange } = await ask(masking, [alice]);
    const parts = [startBlock(), ...[...'Many MASKED things M'].map((sign) => textDelta(sign)), stopBlock()];
    expect(answer(masking, exchange, parts)).toEqual(parts);
    const step = masking.restoreStep(exchange);
    const out = pass([step], [textDelta('see MASKED_'), event({ type: 'ping' }), textDelta('x')]);
    expect(out.map((part) => part.kind === 'event' && part.type)).toEqual([
      'ping',
      'content_block_delta',
      'content_block_delta',
    ]);
  });

  it('comes back in the input of the tools that policy names, and in no other', async () => {
    const masking = node();
    const { exchange, texts } = await ask(masking, [alice], { restore: ['Mail'] });
    const input = JSON.stringify({ to: texts[0], escaped: '\n', n: 1 });
    const restored = (name: string) => {
      const [block] = answer(masking, exchange, [{ ...toolBlock(input, { name }), call: false }]) as HeldBlock[];
      return [block!.inputText, block!.block.input];
    };
    const given = { to: alice, escaped: '\n', n: 1 };
    expect(restored('Mail')).toEqual([JSON.stringify(given), given]);
    expect(restored('Bash')).toEqual([input, JSON.parse(input)]);
    expect(textOf(answer(masking, exchange, [startBlock(), textDelta(texts[0]!), stopBlock()]))).toBe(texts[0]);
  });

  it('stays a token where another conversation has it, where policy says so, and where the model made the value up', async () => {
    const masking = node();
    const { texts } = await ask(masking, [alice]);
    const say = (exchange: Recorded, text: string) =>
      textOf(answer(masking, exchange, [startBlock(), textDelta(text), stopBlock()]));
    const other = await ask(masking, ['bob@example.org'], { conversation: 'd' });
    expect(say(other.exchange, texts[0]!)).toBe(texts[0]);
    const kept = await ask(masking, [alice], { restore: 'none' });
    expect(say(kept.exchange, texts[0]!)).toBe(texts[0]);
    expect(say(kept.exchange, 'eve@example.org')).toMatch(form);
  });

  it('passes as the token it is where the model says the value itself', async () => {
    const masking = node();
    const { exchange, texts } = await ask(masking, [alice], { restore: 'none' });
    const parts = [startBlock(), ...[...`to ${alice}`].map((sign) => textDelta(sign)), stopBlock()];
    expect(textOf(answer(masking, exchange, parts))).toBe(`to ${texts[0]}`);
  });

  it('is not masked once more where its token stands in for a secret', async () => {
    const masking = node();
    const first = await ask(masking, [alice]);
    const again = await ask(masking, [alice, `mail ${first.texts[0]} MASKED_EMAIL_AAAAAAAAAAAAA`]);
    expect(again.texts[1]).toBe(`mail ${first.texts[0]} MASKED_EMAIL_AAAAAAAAAAAAA`);
  });

  it('needs no store to be masked', async () => {
    const kept = { ...tables(), add: () => Promise.reject(new Error('down')) };
    const { texts } = await ask(node(kept), [alice]);
    expect(texts[0]).toMatch(form);
  });
});

describe('a partial mask', () => {
  it('keeps the last four characters of a long value, in requests and however an answer is cut', async () => {
    const masking = node();
    const { exchange, texts } = await ask(masking, ['card 4111 1111 1111 1111 ok', 'a@b.cd'], { mode: 'partial' });
    expect(texts).toEqual(['card [masked:payment_card…1111] ok', '[masked:email]']);
    const said = 'card 4111 1111 1111 1111';
    for (let at = 0; at <= said.length; at++) {
      const parts = [startBlock(), textDelta(said.slice(0, at)), textDelta(said.slice(at)), stopBlock()];
      expect(textOf(answer(masking, exchange, parts))).toBe('card [masked:payment_card…1111]');
    }
  });
});

describe('a number in the input of a tool', () => {
  it('is masked as a string where it is a card', async () => {
    const masking = node();
    const { exchange } = await ask(masking, [], { mode: 'redact' });
    const input = '{"n":4111111111111111,"m":[-1.5e3,12345678],"s":"4"}';
    const [block] = answer(masking, exchange, [{ ...toolBlock(input), call: false }]) as HeldBlock[];
    expect(block!.inputText).toBe('{"n":"[masked:payment_card]","m":[-1.5e3,12345678],"s":"4"}');
    expect(block!.block.input).toEqual(JSON.parse(block!.inputText!));
  });

  it('is masked in what a tool of Claude gives', async () => {
    const masking = node();
    const { exchange } = await ask(masking, [], { mode: 'redact' });
    const result = (card: number | string) => ({
      type: 'some_tool_result',
      tool_use_id: 'a',
      content: { card, other: 123456789012 },
    });
    const [out] = answer(masking, exchange, [startBlock(result(4111111111111111))]);
    expect(out).toMatchObject({ data: { content_block: result('[masked:payment_card]') }, bytes: null });
    const clean = startBlock(result(1));
    expect(answer(masking, exchange, [clean])).toEqual([clean]);
  });
});
