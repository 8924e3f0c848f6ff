import { describe, expect, it } from 'vitest';
import { createCredentialStep } from '../../src/credential/index.ts';
import { GatewayError } from '../../src/errors.ts';
import type { Approved } from '../../src/model/exchange.ts';
import type { Lease } from '../../src/model/lease.ts';

const lease = { id: 'default#1' } as Lease;
const exchange = (credential: string | null) =>
  ({ id: 'req_1', decision: { credential }, signal: new AbortController().signal }) as Approved;

describe('credential step', () => {
  it('leases the role that policy named, and the default role where it named none', () => {
    const asked: string[] = [];
    const step = createCredentialStep({
      defaultRole: 'standard',
      lease: (role) => {
        asked.push(role);
        return lease;
      },
    });
    expect(step(exchange('premium'))).toMatchObject({ id: 'req_1', lease });
    step(exchange(null));
    expect(asked).toEqual(['premium', 'standard']);
  });

  it('waits only where the lease is still to be fetched', async () => {
    const step = createCredentialStep({ defaultRole: 'default', lease: async () => lease });
    await expect(step(exchange(null))).resolves.toMatchObject({ id: 'req_1', lease });
  });

  it('passes the refusal on', () => {
    const unknown = new GatewayError('CREDENTIAL_ROLE_UNKNOWN');
    const step = createCredentialStep({
      defaultRole: 'default',
      lease: () => {
        throw unknown;
      },
    });
    expect(() => step(exchange('nobody'))).toThrow(unknown);
  });
});
