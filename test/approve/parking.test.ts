import { describe, expect, it } from 'vitest';
import { createParking, type Parking } from '../../src/approve/index.ts';
import type { AnswerPart } from '../../src/model/answer.ts';
import { agent } from './support.ts';

const part = (bytes = 100): AnswerPart => ({
  kind: 'event',
  type: 'content_block_delta',
  index: 0,
  data: {},
  bytes: new Uint8Array(bytes),
  spans: [],
});
const open = (parking: Parking, key = 'k', exchange = 'req_1', principal = agent) =>
  parking.open({ exchange, principal }, key);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the parking', () => {
  it('gives an answer to equal requests only while it is parked, and says whose it has', async () => {
    const parking = createParking();
    const answer = open(parking);
    const leave = answer.attend();
    answer.append(part());
    expect(parking.find('k')).toBeNull();
    expect(await answer.park()).toBe(true);
    expect(parking.find('k')).toBe(answer);
    expect(parking.find('other')).toBeNull();
    expect(parking.concerns(agent)).toBe(true);
    expect(parking.concerns({ ...agent, subject: 'another' })).toBe(false);
    answer.finish('complete');
    leave('delivered');
    expect(parking.find('k')).toBeNull();
    expect(parking.concerns(agent)).toBe(false);
    expect(parking.bytes).toBe(0);
  });

  it('keeps what its callers left until one has it to its end', async () => {
    const parking = createParking();
    const answer = open(parking);
    const [first, second] = [answer.attend(), answer.attend()];
    await answer.park();
    answer.append(part());
    first('gone');
    answer.finish('complete');
    second('gone');
    expect(parking.find('k')).toBe(answer);
    const events: string[] = [];
    parking.settled(answer, () => events.push('settled'));
    expect(events).toEqual([]);
    answer.attend()('delivered');
    expect(events).toEqual(['settled']);
    expect(parking.find('k')).toBeNull();
    parking.settled(answer, () => events.push('at once'));
    expect(events).toEqual(['settled', 'at once']);
  });

  it('lets an answer run out that nobody takes, and settles it', async () => {
    const parking = createParking({ keptMs: 10 });
    const running = open(parking, 'a');
    const complete = open(parking, 'b');
    const watched = open(parking, 'c');
    watched.attend();
    const settled: string[] = [];
    for (const [name, answer] of Object.entries({ running, complete, watched })) {
      await answer.park();
      parking.settled(answer, () => settled.push(name));
    }
    complete.finish('complete');
    await pause(60);
    expect(settled.sort()).toEqual(['complete', 'running']);
    expect(running.end).toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(running.broken.aborted).toBe(true);
    await expect(running.attended()).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
    expect(complete.end).toBe('complete');
    expect(parking.find('c')).toBe(watched);
    parking.close();
  });

  it('forgets an answer that broke off at once, so that the next request is sent anew', async () => {
    const parking = createParking();
    const answer = open(parking);
    answer.attend();
    await answer.park();
    answer.append(part());
    answer.finish(new Error('cut'));
    expect(parking.find('k')).toBeNull();
    expect(parking.bytes).toBe(0);
  });

  it('attaches to the first of two equal answers, and ends the second when its caller leaves', async () => {
    const parking = createParking();
    const [first, second] = [open(parking, 'k', 'req_1'), open(parking, 'k', 'req_2')];
    first.attend();
    const leave = second.attend();
    await first.park();
    await second.park();
    expect(parking.find('k')).toBe(first);
    leave('gone');
    expect(second.end).toBeInstanceOf(Error);
    expect(parking.find('k')).toBe(first);
    expect(parking.size).toBe(1);
  });

  it('bounds what an answer, a tenant and the process take', async () => {
    const parking = createParking({ answerBytes: 10_000, tenantBytes: 15_000, bytes: 20_000 });
    const fill = (name: string, tenant: string, count: number) => {
      const answer = open(parking, name, name, { ...agent, tenant });
      answer.attend();
      for (let i = 0; i < count; i++) answer.append(part(488));
      return answer;
    };
    expect(fill('too large', 'a', 11).lost).toBe(true);
    expect(parking.bytes).toBe(0);
    const kept = [fill('1', 'a', 7), fill('2', 'a', 7), fill('3', 'b', 5)];
    for (const answer of kept) expect(await answer.park()).toBe(true);
    expect(parking.bytes).toBe(19_000);
    expect(fill('tenant', 'a', 2).lost).toBe(true);
    expect(fill('process', 'b', 2).lost).toBe(true);
    expect(parking.bytes).toBe(19_000);
    expect(kept[2]!.holdBack(part(488))).toBe(true);
    expect(kept[2]!.holdBack(part(488))).toBe(false);
    kept[2]!.letGo(part(488));
    expect(parking.bytes).toBe(19_000);
    for (const answer of kept) answer.finish(new Error('over'));
    expect(parking.bytes).toBe(0);
  });

  it('takes a parked answer that outgrows its place out, and stops it where nobody is there', async () => {
    const parking = createParking({ answerBytes: 2_000 });
    const answer = open(parking);
    const leave = answer.attend();
    await answer.park();
    for (let i = 0; i < 4; i++) answer.append(part(488));
    expect(answer).toMatchObject({ lost: true, parked: false, parts: [] });
    expect(parking.find('k')).toBeNull();
    expect(parking.bytes).toBe(0);
    expect(() => answer.append(part())).not.toThrow();
    leave('gone');
    expect(() => answer.append(part())).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
    expect(await answer.park()).toBe(false);
  });

  it('keeps nothing for callers that cannot come back: in a drain, and when it closes', async () => {
    const parking = createParking();
    const [alone, watched] = [open(parking, 'a'), open(parking, 'b')];
    const leave = watched.attend();
    await alone.park();
    await watched.park();
    parking.drain();
    expect(alone.end).toBeInstanceOf(Error);
    expect(watched.end).toBeNull();
    leave('gone');
    expect(watched.end).toBeInstanceOf(Error);
    const last = open(parking, 'c');
    last.attend();
    await last.park();
    parking.close();
    expect(last.end).toBeInstanceOf(Error);
    expect(parking.size).toBe(0);
  });

  it('names a request only when it has to be parked, and copes with what happens meanwhile', async () => {
    const parking = createParking();
    let name = (_key: string) => {};
    const answer = parking.open(
      { exchange: 'req_1', principal: agent },
      () => new Promise((resolve) => (name = resolve)),
    );
    answer.attend();
    const parked = answer.park();
    expect(parking.size).toBe(0);
    answer.finish('complete');
    name('late');
    expect(await parked).toBe(true);
    expect(parking.find('late')).toBe(answer);
    parking.close();
  });
});
