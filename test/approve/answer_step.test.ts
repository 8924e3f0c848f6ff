import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CallApprovalOptions, createApproveAnswerStep, createParking } from '../../src/approve/index.ts';
import { GatewayError } from '../../src/errors.ts';
import type { CallVerdict, HeldBlock } from '../../src/model/answer.ts';
import { answerBytes, callOf, checked, type Kind, relay, sse, text, turn, turns, verdictOf } from './answer_support.ts';
import { fakeDesk, recordedExchange } from './hold_support.ts';

/* What waits for humans never shows before they said yes, in whatever order things happen. */

describe('the approve step of the way back', () => {
  it('never lets a byte of an undecided call through, whatever the order of events, cuts and verdicts', async () => {
    const kind = fc.constantFrom<Kind>('text', 'free', 'asks', 'asks', 'denied');
    await fc.assert(
      fc.asyncProperty(
        fc.array(kind, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(3000), { maxLength: 8 }),
        fc.infiniteStream(fc.nat(6)),
        fc.infiniteStream(fc.constantFrom<'approve' | 'deny'>('approve', 'approve', 'deny')),
        fc.option(fc.nat(3000), { freq: 3 }),
        fc.boolean(),
        async (kinds, cuts, waits, verdicts, broken, visible) => {
          const bytes = answerBytes(kinds);
          const stop = broken === null ? bytes.length : Math.min(broken, bytes.length);
          const at = [0, ...cuts.filter((cut) => cut < stop).sort((a, b) => a - b), stop];
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i]!, end));
          const wait = () => turns(waits.next().value!);
          const failure = stop < bytes.length ? new GatewayError('UPSTREAM_PROTOCOL', 'cut') : undefined;
          const { desk, reply, relayed } = relay(chunks, {
            pause: wait,
            ...(failure ? { failure } : {}),
            options: { notice: visible ? (said) => `[notice] ${said}` : null },
          });
          let over = false;
          void relayed.then(() => {
            over = true;
          });
          const approved = new Set<string>();
          const look = () => {
            kinds.forEach((one, index) => {
              if (one !== 'asks' || approved.has(`input-asks-${index}`)) return;
              for (const mark of [`Tool_asks_${index}"`, `input-asks-${index}"`, `toolu_asks_${index}"`]) {
                const shown = reply.text.replaceAll(`The call of tool Tool_asks_${index}`, '');
                expect(shown).not.toContain(mark);
              }
            });
            checked(reply.text, false);
          };
          let denied = 0;
          while (!over) {
            look();
            await wait();
            look();
            const entry = desk.entries.find(({ approval }) => approval.state === 'pending');
            if (entry) {
              const verdict = verdicts.next().value!;
              const { command } = JSON.parse(entry.question.bound.content) as { command: string };
              if (verdict === 'approve') approved.add(command);
              else denied += 1;
              desk.decide(entry, verdict);
            }
            await turn();
          }
          look();
          const end = await relayed;
          if (failure) {
            expect(end).toBe(failure);
            expect(reply.text).not.toContain('message_stop');
            await turns(5);
            look();
            return;
          }
          expect(end).toBe('complete');
          expect(reply.ended).toBe(true);
          const events = checked(reply.text, true);
          const notices = reply.text.includes('[notice]') ? 1 : 0;
          expect(notices === 1).toBe(visible && kinds.includes('asks'));
          expect(events.filter(({ type }) => type === 'content_block_start')).toHaveLength(kinds.length + notices);
          // Every grant that was given was taken once and spent; the others were none.
          expect(desk.settled.every((dispatch) => dispatch === 'delivered')).toBe(true);
          expect(desk.settled).toHaveLength(approved.size);
          expect(desk.entries).toHaveLength(approved.size + denied);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('opens the questions of all calls of an answer together', async () => {
    const { desk, relayed } = relay([answerBytes(['asks', 'text', 'asks', 'asks'])]);
    await turns(10);
    expect(desk.entries).toHaveLength(3);
    for (const entry of desk.entries.toReversed()) desk.decide(entry, 'approve');
    expect(await relayed).toBe('complete');
  });

  it('ends a hold that takes too long with a finished text, and as tool_use where a call went out before', async () => {
    for (const [kinds, reason] of [
      [['text', 'asks', 'text'], 'end_turn'],
      [['free', 'asks', 'asks'], 'tool_use'],
    ] as const) {
      const { desk, reply, relayed } = relay([answerBytes(kinds)], { options: { holdMs: 30 } });
      expect(await relayed).toBe('complete');
      const events = checked(reply.text, true);
      expect(reply.text).toContain('waits for an approval');
      expect(events.at(-2)).toMatchObject({ delta: { stop_reason: reason }, usage: { output_tokens: 7 } });
      expect(desk.entries.every(({ approval }) => approval.state === 'pending')).toBe(true);
    }
  });

  it('does not give up while nobody is there, and takes the grant only for a caller that is', async () => {
    const { desk, reply, exchange, relayed } = relay([answerBytes(['asks'])], { here: false, options: { holdMs: 20 } });
    await new Promise((resolve) => setTimeout(resolve, 80));
    desk.decide(desk.entries[0], 'approve');
    await turns(10);
    expect(desk.entries[0]!.grant).toBe('approved');
    expect(reply.text).not.toContain('Tool_asks_0');
    exchange.answer.attend();
    expect(await relayed).toBe('complete');
    expect(desk.settled).toEqual(['delivered']);
    expect(exchange.answer.parts.some((part) => part.kind === 'block' && part.call)).toBe(true);
  });

  it('judges again after the wait: denied, allowed, asked for more, or the caller revoked', async () => {
    const again = (effect: CallVerdict['effect']) => (part: HeldBlock) => ({ ...part.verdict!, effect });
    const run = async (judgeAgain: CallApprovalOptions['judgeAgain']) => {
      const { desk, reply, relayed } = relay([answerBytes(['asks'])], { options: { judgeAgain } });
      await turns(5);
      desk.decide(desk.entries[0], 'approve');
      return { desk, reply, end: await relayed };
    };
    const denied = await run(again('deny'));
    expect(denied.reply.text).not.toContain('"Tool_asks_0"');
    expect(denied.desk.entries[0]!.approval.state).toBe('superseded');
    const allowed = await run(again('allow'));
    expect(allowed.reply.text).toContain('"Tool_asks_0"');
    expect(allowed.desk.entries[0]!.grant).toBe('approved');
    const revoked = await run(() => {
      throw new GatewayError('TOKEN_REVOKED');
    });
    expect(revoked.end).toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(revoked.reply.text).not.toContain('"Tool_asks_0"');

    const { desk, reply, relayed } = relay([answerBytes(['asks'])]);
    await turns(5);
    desk.enough = false;
    desk.decide(desk.entries[0], 'approve');
    await turns(10);
    expect(desk.entries.map(({ approval }) => approval.state)).toEqual(['superseded', 'pending']);
    expect(reply.text).not.toContain('"Tool_asks_0"');
    desk.enough = true;
    desk.decide(desk.entries[1], 'approve');
    expect(await relayed).toBe('complete');
  });

  it('gives the grant back where the released call could not be written', async () => {
    const exchange = recordedExchange();
    exchange.answer.attend();
    const desk = fakeDesk();
    const step = createApproveAnswerStep(exchange, {
      approvals: desk,
      fingerprint: () => ({ kind: 'tool_call', fingerprint: 'f', content: '{}' }),
      facts: () => ({}),
      judgeAgain: (part) => part.verdict!,
      deny: async (part) => part,
      text,
      notice: null,
      clock: Date.now,
      contact: null,
      holdMs: 60_000,
    });
    const part: HeldBlock = {
      ...text(0, ''),
      block: callOf('asks', 0),
      inputText: '{}',
      call: true,
    };
    const failing = () => {
      throw new GatewayError('AUDIT_UNAVAILABLE');
    };
    step({ ...part, verdict: verdictOf(part, 0) }, failing);
    const stop = { kind: 'event', type: 'message_stop', index: -1, data: {}, bytes: null, spans: [] } as const;
    const ended = step(stop, failing);
    await turns(3);
    desk.decide(desk.entries[0], 'approve');
    await expect(ended).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(desk.settled).toEqual(['not_sent']);
  });

  it('denies the calls of an answer that outgrows what may be kept, and asks nobody about what never fitted', async () => {
    const bytes = answerBytes(['asks', ...Array.from({ length: 30 }, () => 'text' as const)]);
    const grown = relay([bytes], { parking: createParking({ answerBytes: 6000 }) });
    expect(await grown.relayed).toBe('complete');
    expect(grown.reply.text).toContain('too large to wait');
    expect(grown.reply.text).not.toContain('"Tool_asks_0"');
    expect(grown.desk.entries.map(({ approval }) => approval.state)).toEqual(['superseded']);
    checked(grown.reply.text, true);

    const never = relay([answerBytes([...Array.from({ length: 30 }, () => 'text' as const), 'asks'])], {
      parking: createParking({ answerBytes: 6000 }),
    });
    expect(await never.relayed).toBe('complete');
    expect(never.desk.entries).toEqual([]);
    expect(never.reply.text).toContain('too large to wait');
  });

  it('denies a call about which no question can be opened, its caller having too many', async () => {
    const approvals = { ...fakeDesk(), ask: () => Promise.reject(new GatewayError('OVERLOADED')) };
    const full = relay([answerBytes(['text', 'asks', 'free'])], { options: { approvals } });
    expect(await full.relayed).toBe('complete');
    expect(full.reply.text).toContain('too many of your calls wait for an approval');
    expect(full.reply.text).not.toContain('"Tool_asks_1"');
    checked(full.reply.text, true);
  });

  it('discards what waits when Claude ends in an error, and passes the error at once', async () => {
    const head = answerBytes(['text', 'asks']);
    const cut = head.subarray(0, head.indexOf('event: message_delta'));
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const { desk, reply, relayed } = relay([cut, sse(error)], { pause: () => turns(5) });
    expect(await relayed).toBe('upstream_error');
    expect(reply.text).toContain('Overloaded');
    expect(desk.entries[0]!.approval.state).toBe('pending');
    desk.decide(desk.entries[0], 'approve');
    await turns(10);
    expect(reply.text).not.toContain('"Tool_asks_1"');
    expect(desk.entries[0]!.grant).toBe('approved');
  });

  it('stops waiting when the gateway stops, and when the answer ran out, but not when its caller leaves', async () => {
    const gone = new AbortController();
    const left = relay([answerBytes(['asks'])], { signal: gone.signal });
    await turns(5);
    gone.abort();
    await turns(5);
    left.desk.decide(left.desk.entries[0], 'approve');
    expect(await left.relayed).toBe('complete');

    const stopping = new AbortController();
    const drained = relay([answerBytes(['asks'])], { signal: stopping.signal });
    await turns(5);
    stopping.abort(new GatewayError('DRAINING'));
    expect(await drained.relayed).toMatchObject({ code: 'DRAINING' });

    const parking = createParking({ keptMs: 10 });
    const out = relay([answerBytes(['asks'])], { parking, here: false });
    expect(await out.relayed).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(out.reply.text).not.toContain('"Tool_asks_0"');
    expect(parking.size).toBe(0);
    expect(parking.bytes).toBe(0);
  });
});
