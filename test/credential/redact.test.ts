import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/credential/redact.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const body = fc.string({ unit: fc.constantFrom(...letters), minLength: 20, maxLength: 90 });
const prefix = fc.constantFrom('hvs.', 'hvb.', 'hvr.', 's.', 'b.', 'sk-ant-api03-', 'sk-ant-oat01-');
const around = fc.constantFrom('', ' ', '"', '(', ': ', 'token=');

describe('redact', () => {
  it('lets no token, credential, JWT or AppRole id through', () => {
    const secret = fc.oneof(
      fc.tuple(prefix, body).map(([start, rest]) => start + rest),
      fc.tuple(body, body, body).map(([a, b, c]) => `eyJ${a}.${b}.${c}`),
      fc.uuid(),
    );
    fc.assert(
      fc.property(secret, around, fc.string(), (value, before, after) => {
        expect(redact(`denied ${before}${value} ${after}`)).not.toContain(value);
      }),
    );
  });

  it('leaves ordinary words alone, on one line of at most 300 characters', () => {
    expect(redact('1 error occurred:\n\t* permission denied')).toBe('1 error occurred: * permission denied');
    expect(redact('x'.repeat(1_000))).toHaveLength(300);
  });
});
