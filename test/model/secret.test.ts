import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/model/secret.ts';

const CANARY = 'canary-7f1c9d';

describe('Secret', () => {
  it('gives its value only to reveal()', () => {
    expect(new Secret(CANARY).reveal()).toBe(CANARY);
  });

  it('shows a mask in every form a value is printed in', () => {
    const secret = new Secret(CANARY);
    const forms = [
      JSON.stringify({ secret }),
      `${secret}`,
      String(secret),
      inspect(secret),
      inspect({ deep: [secret] }, { showHidden: true, depth: 9 }),
      JSON.stringify(Object.entries({ ...secret })),
      JSON.stringify(structuredClone(secret)),
    ];
    for (const form of forms) expect(form).not.toContain(CANARY);
    expect(`${secret}`).toBe('[secret]');
  });

  it('refuses an empty value', () => {
    expect(() => new Secret('')).toThrow(TypeError);
  });
});
