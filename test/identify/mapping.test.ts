import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapPrincipal, readClaim } from '../../src/identify/mapping.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { issuerEntry } from './fixture.ts';

const entry = { ...issuerEntry, jwks: { keys: { keys: [] } } };
type Map = typeof entry.map;
const principal = (claims: JsonObject, map: Map) => mapPrincipal(claims, { ...entry, map });

describe('mapping of claims', () => {
  it('reads a Kubernetes projected token', () => {
    const claims = {
      sub: 'system:serviceaccount:agents:nightly',
      'kubernetes.io': {
        namespace: 'agents',
        pod: { name: 'nightly-7d9', uid: 'u-1' },
        serviceaccount: { name: 'nightly', uid: 'u-2' },
      },
    };
    expect(
      principal(claims, {
        subject: 'sub',
        groups: 'kubernetes.io.namespace',
        function: 'kubernetes.io.serviceaccount.name',
      }),
    ).toMatchObject({ subject: claims.sub, groups: ['agents'], function: 'nightly', person: null });
  });

  it('reads a GitHub Actions token', () => {
    const claims = {
      sub: 'repo:acme/agents:environment:production',
      repository_id: '74',
      repository_owner_id: '65',
      job_workflow_ref: 'acme/agents/.github/workflows/nightly.yml@refs/heads/main',
      actor_id: '12',
    };
    expect(
      principal(claims, {
        subject: 'repository_id',
        groups: 'repository_owner_id',
        function: 'job_workflow_ref',
        owner: 'actor_id',
      }),
    ).toMatchObject({ subject: '74', groups: ['65'], function: claims.job_workflow_ref, owner: '12' });
  });

  it('reads nested roles and claims named by a URL', () => {
    const claims = {
      sub: 'u',
      realm_access: { roles: ['x', 'y'] },
      'https://acme.example/person': 'p-1',
      acr: 'urn:mfa',
    };
    expect(
      principal(claims, {
        subject: 'sub',
        groups: 'realm_access.roles',
        person: 'https://acme.example/person',
        strength: 'acr',
      }),
    ).toMatchObject({ groups: ['x', 'y'], person: 'p-1', strength: 'urn:mfa' });
  });

  it('takes a missing or ill-typed claim as null or none, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const claims = { sub: 'u', odd: value as Json };
        const made = principal(claims, { subject: 'sub', groups: 'odd', person: 'odd', function: 'odd.deeper' });
        expect(typeof made.person === 'string' || made.person === null).toBe(true);
        expect(made.groups.every((group) => typeof group === 'string')).toBe(true);
        if (typeof value !== 'string' || value === '') expect(made.person).toBeNull();
      }),
    );
    expect(principal({ sub: 'u', g: ['a', 1] }, { subject: 'sub', groups: 'g' }).groups).toEqual([]);
    expect(principal({ sub: 'u', n: 7 }, { subject: 'sub', person: 'n' }).person).toBeNull();
  });

  it('does not take a person from an address the issuer has not verified', () => {
    const map: Map = { subject: 'sub', person: 'email', owner: 'email' };
    const claims = { sub: 'u', email: 'ceo@acme.example' };
    expect(principal({ ...claims, email_verified: false }, map)).toMatchObject({ person: null, owner: null });
    expect(principal({ ...claims, email_verified: true }, map).person).toBe('ceo@acme.example');
    expect(principal(claims, map).person).toBe('ceo@acme.example');
    // As Apple and Cognito spell it.
    expect(principal({ ...claims, email_verified: 'false' }, map)).toMatchObject({ person: null, owner: null });
  });

  it('knows one human however issuers spell the address', () => {
    const map: Map = { subject: 'sub', person: 'email', owner: 'email' };
    const spellings = ['zoë@acme.example', 'Zoë@ACME.example', 'ZOE\u0308@acme.example'];
    const made = spellings.map((email) => principal({ sub: 'u', email }, map));
    expect(new Set(made.map(({ person }) => person))).toEqual(new Set(['zoë@acme.example']));
    expect(new Set(made.map(({ owner }) => owner)).size).toBe(1);
    expect(principal({ sub: 'u', email: 'Id-7' }, map).person).toBe('Id-7');
  });

  it('reads nothing that the claims do not hold themselves', () => {
    for (const path of ['constructor.name', '__proto__.x', 'toString', 'a.length', 'list.0']) {
      expect(readClaim({ a: 'text', list: ['x'] }, path)).toBeUndefined();
    }
  });
});
