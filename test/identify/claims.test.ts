import fc from 'fast-check';
import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { bench, issuerEntry, sign, signingKey, T0 } from './fixture.ts';

const key = await signingKey('k1');

describe('the time and audience checks', () => {
  it('agree with those of jose for any claims', async () => {
    const { refusal } = bench([
      { ...issuerEntry, admin_audience: undefined, max_age_s: 1000, jwks: { keys: { keys: [key.jwk] } } } as never,
    ]);
    const near = (...around: number[]) =>
      fc.oneof(
        {
          weight: 8,
          arbitrary: fc.constantFrom(...around).chain((at) => fc.integer({ min: at - 2, max: at + 2 })),
        },
        fc.constantFrom(undefined, null, '1800000000', true, 0, -1, 1e300),
      );
    const audience = fc.constantFrom('sallyport', 'sallyport', 'sallyport-2', 'other', '');
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          exp: near(T0 - 30, T0, T0 + 500),
          iat: near(T0, T0 + 30, T0 - 500),
          nbf: near(T0, T0 + 30, T0 - 500),
          aud: fc.oneof(audience, fc.array(audience, { maxLength: 3 }), fc.constant(undefined)),
        }),
        async (times) => {
          const token = await sign(key, { ...times, iss: issuerEntry.issuer, sub: 'svc-1' });
          const expected = await jwtVerify(token, key.publicKey, {
            algorithms: ['ES256'],
            issuer: issuerEntry.issuer,
            audience: ['sallyport', 'sallyport-2'],
            requiredClaims: ['exp', 'iat'],
            currentDate: new Date(T0 * 1000),
            clockTolerance: 30,
            maxTokenAge: 1000,
          }).then(
            () => true,
            () => false,
          );
          if (expected) accepted++;
          expect((await refusal(token)) === 'accepted').toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('typ', () => {
  it('is one of those configured, however spelled, or else of an access token', async () => {
    const jwks = { keys: { keys: [key.jwk] } };
    const any = bench([{ ...issuerEntry, jwks }]);
    const strict = bench([{ ...issuerEntry, jwks, typ: ['at+jwt'] }]);
    const claims = { iss: issuerEntry.issuer, sub: 's', aud: 'sallyport', iat: T0, exp: T0 + 60 };
    const seen: { [typ: string]: readonly string[] } = {};
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', 'JOSE', 'dpop+jwt', 'id+jwt', '']) {
      const token = await sign(key, claims, typ ? { typ } : {});
      seen[typ] = [await any.refusal(token), await strict.refusal(token)];
    }
    const [yes, no] = ['accepted', 'TOKEN_INVALID typ'];
    expect(seen).toEqual({
      'at+jwt': [yes, yes],
      'AT+JWT': [yes, yes],
      'application/at+jwt': [yes, yes],
      JWT: [yes, no],
      JOSE: [yes, no],
      'dpop+jwt': [no, no],
      'id+jwt': [no, no],
      '': [yes, no],
    });
  });
});
