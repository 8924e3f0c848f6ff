import { beforeEach, describe, expect, it } from 'vitest';
import { Breaker } from '../../src/credential/breaker.ts';
import { CredentialFault } from '../../src/credential/fault.ts';
import { ManualClock } from './clock.ts';

describe('breaker', () => {
  let clock: ManualClock;
  let breaker: Breaker;
  let calls: number;

  const fail = (kind: 'sealed' | 'denied') => () => {
    calls += 1;
    return Promise.reject(new CredentialFault(kind, 'no'));
  };
  const kind = (run: Promise<unknown>) =>
    run.then(
      () => 'well',
      (fault: CredentialFault) => fault.kind,
    );
  const open = async () => {
    for (let i = 0; i < 5; i++) await kind(breaker.run(fail('sealed')));
  };

  beforeEach(() => {
    clock = new ManualClock();
    breaker = new Breaker(clock);
    calls = 0;
  });

  it('opens after five failures in a row, for ten seconds', async () => {
    await open();
    expect(await kind(breaker.run(fail('sealed')))).toBe('breaker_open');
    await clock.advance(9_999);
    expect(await kind(breaker.run(fail('sealed')))).toBe('breaker_open');
    expect(calls).toBe(5);
  });

  it('lets one probe through when it is half open, and closes when that goes well', async () => {
    await open();
    await clock.advance(10_000);
    const probe = Promise.withResolvers<string>();
    const probing = breaker.run(() => probe.promise);
    expect(await kind(breaker.run(fail('sealed')))).toBe('breaker_open');
    probe.resolve('ok');
    expect(await probing).toBe('ok');
    expect(await kind(breaker.run(fail('denied')))).toBe('denied');
  });

  it('opens again for ten seconds when the probe fails', async () => {
    await open();
    await clock.advance(10_000);
    expect(await kind(breaker.run(fail('sealed')))).toBe('sealed');
    expect(await kind(breaker.run(fail('sealed')))).toBe('breaker_open');
  });

  it('counts only what says that the server itself does not work', async () => {
    for (let i = 0; i < 20; i++) expect(await kind(breaker.run(fail('denied')))).toBe('denied');
  });

  it('starts counting anew after any answer, a refusal too', async () => {
    for (let i = 0; i < 4; i++) await kind(breaker.run(fail('sealed')));
    await kind(breaker.run(fail('denied')));
    for (let i = 0; i < 4; i++) expect(await kind(breaker.run(fail('sealed')))).toBe('sealed');
  });

  it('starts counting anew after a success', async () => {
    for (let i = 0; i < 4; i++) await kind(breaker.run(fail('sealed')));
    await breaker.run(async () => 'ok');
    for (let i = 0; i < 4; i++) expect(await kind(breaker.run(fail('sealed')))).toBe('sealed');
  });
});
