import { describe, expect, it } from 'vitest';
import { createEngine } from '../../src/decide/engine.ts';
import { fixtureWasm } from './fixtures/load.ts';

const engine = () => createEngine(fixtureWasm('conflict'), {});

describe('the policy engine', () => {
  it('decides correctly after 10,000 rule conflicts and lone surrogates', () => {
    const fixture = engine();
    for (let i = 0; i < 5000; i++) {
      expect(() => fixture.evaluate('fixture/answer', { a: true, b: true })).toThrow(/policy threw: .*conflict/);
      expect(fixture.evaluate('fixture/answer', { a: '\ud800', '\udfff': i })).toBe('a');
    }
    expect(fixture.evaluate('fixture/answer', { b: true })).toBe('b');
    expect(fixture.discarded).toBe(5000);
  });

  it('reads a lone surrogate as U+FFFD, in strings and in keys, at every depth', () => {
    const input = { times: 1, text: { '\ud800': ['\udc00x', { deep: 'a\ud83d' }] } };
    expect(engine().evaluate('fixture/large', input)).toEqual([{ '\ufffd': ['\ufffdx', { deep: 'a\ufffd' }] }]);
  });

  it('leaves well-formed text alone, astral characters and the text of an escape too', () => {
    const input = { times: 1, text: ['\u{1f600}', '\\ud800', '\u2028'] };
    expect(engine().evaluate('fixture/large', input)).toEqual([input.text]);
  });

  it('refuses an undefined result', () => {
    expect(() => engine().evaluate('fixture/answer', {})).toThrow('undefined');
  });

  it('refuses an entrypoint that the module does not have', () => {
    expect(() => engine().evaluate('fixture/other', {})).toThrow('fixture/other');
  });

  it('goes on after an evaluation that wanted more memory than the maximum', () => {
    const fixture = createEngine(fixtureWasm('conflict'), {}, { maxMemoryBytes: 2 * 1024 * 1024 });
    const input = { times: 1000, text: 'x'.repeat(10_000) };
    expect(() => fixture.evaluate('fixture/large', input)).toThrow('policy threw');
    expect(fixture.evaluate('fixture/answer', { a: 1 })).toBe('a');
  });

  it('gives up an instance that has grown, since its memory never shrinks', () => {
    const fixture = createEngine(fixtureWasm('conflict'), {}, { keepMemoryBytes: 1024 * 1024 });
    fixture.evaluate('fixture/large', { times: 10, text: 'x'.repeat(500_000) });
    expect(fixture.discarded).toBe(1);
    fixture.evaluate('fixture/answer', { a: 1 });
    expect(fixture.discarded).toBe(1);
  });

  it('refuses a module that needs a builtin from its host', () => {
    expect(() => createEngine(fixtureWasm('hosted'), {})).toThrow('sprintf');
  });

  it('refuses what is no module', () => {
    expect(() => createEngine(new Uint8Array([0, 1, 2]), {})).toThrow('does not compile');
  });
});
