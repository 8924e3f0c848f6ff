import { beforeEach, describe, expect, it } from 'vitest';
import { Breaker } from '../../src/credential/breaker.ts';
import { CredentialFault, type FaultKind } from '../../src/credential/fault.ts';
import { silentLog } from '../../src/credential/log.ts';
import { VaultSession } from '../../src/credential/session.ts';
import type { VaultClient } from '../../src/credential/vault.ts';
import { ManualClock } from './clock.ts';

/** What Vault says to a renewal: seconds granted, or a fault. */
type Renewal = number | { readonly fault: FaultKind; readonly status: number | null };

describe('Vault session', () => {
  let clock: ManualClock;
  let logins: number;
  let loginFault: FaultKind | null;
  let renewals: Renewal[];
  let revokeFaults: number;
  let life: number;
  let renewable: boolean;
  /** `SECONDS what token` of each call since the start. */
  let calls: string[];
  let session: VaultSession;

  beforeEach(() => {
    clock = new ManualClock();
    const start = clock.now();
    logins = 0;
    loginFault = null;
    renewals = [];
    revokeFaults = 0;
    life = 60_000;
    renewable = true;
    calls = [];
    const note = (what: string) => calls.push(`${Math.floor((clock.now() - start) / 1_000)} ${what}`);
    const client = (token: string): VaultClient => ({
      async read(path) {
        note(`read ${path} ${token}`);
        return { token };
      },
      async write(path, body) {
        note(`${path.split('/').at(-1)} ${token}`);
        if (path.endsWith('revoke-self') && revokeFaults-- > 0) throw new CredentialFault('timeout', 'no');
        if (!path.endsWith('renew-self')) return null;
        const said = renewals.shift() ?? Number(body.increment);
        if (typeof said === 'object') throw new CredentialFault(said.fault, 'no', said.status);
        return { auth: { lease_duration: said, renewable } };
      },
    });
    session = new VaultSession({
      connect: async (token) => client(token?.reveal() ?? 'none'),
      login: {
        owned: true,
        async run() {
          note('login');
          if (loginFault) throw new CredentialFault(loginFault, 'no');
          logins += 1;
          return { value: `t${logins}`, accessor: `a${logins}`, life, renewable };
        },
      },
      breaker: new Breaker(clock),
      clock,
      random: () => 0,
      log: silentLog,
      onLogin: () => {},
    });
  });
  const made = (what: string) => calls.filter((call) => call.includes(what));

  it('renews its token at two thirds of its life, again and again', async () => {
    await session.read('x');
    await clock.advance(200_000);
    expect(made('renew-self')).toEqual([
      '42 renew-self t1',
      '84 renew-self t1',
      '126 renew-self t1',
      '168 renew-self t1',
    ]);
    expect(logins).toBe(1);
  });

  it('logs in anew at once when Vault grants less than was asked for, and revokes the old token', async () => {
    renewals = [20];
    await session.read('x');
    await clock.advance(45_000);
    expect(calls.slice(1)).toEqual(['0 read x t1', '42 renew-self t1', '42 login', '42 revoke-self t1']);
    await session.read('x');
    expect(calls.at(-1)).toBe('45 read x t2');
  });

  it('keeps its token through network errors, tries again with growing pauses, and stays in the time left', async () => {
    const broken = { fault: 'timeout', status: null } as const;
    renewals = [broken, broken, broken];
    await session.read('x');
    await clock.advance(59_000);
    expect(made('renew-self')).toEqual([
      '42 renew-self t1',
      '42 renew-self t1',
      '43 renew-self t1',
      '44 renew-self t1',
    ]);
    expect(logins).toBe(1);
    await session.read('x');
    expect(calls.at(-1)).toBe('59 read x t1');
  });

  it('asks a bounded number of times while Vault is gone', async () => {
    renewals = Array.from({ length: 1_000 }, () => ({ fault: 'timeout', status: null }) as const);
    await session.read('x');
    loginFault = 'timeout';
    await clock.advance(600_000);
    expect(calls.length).toBeLessThan(60);
  });

  it('logs in anew when Vault does not know its token any more', async () => {
    renewals = [{ fault: 'denied', status: 403 }];
    await session.read('x');
    await clock.advance(43_000);
    expect(logins).toBe(2);
  });

  it('replaces a token that cannot be renewed before it ends', async () => {
    renewable = false;
    await session.read('x');
    await clock.advance(53_000);
    expect(made('renew-self')).toEqual([]);
    expect(made('login')).toEqual(['0 login']);
    await clock.advance(2_000);
    expect(made('login')).toEqual(['0 login', '54 login']);
  });

  it('goes on with the old token while the login fails, and logs in when it works again', async () => {
    renewals = [20];
    await session.read('x');
    loginFault = 'refused';
    await clock.advance(50_000);
    await session.read('x');
    expect(calls.at(-1)).toBe('50 read x t1');
    loginFault = null;
    await clock.advance(20_000);
    expect(logins).toBe(2);
  });

  it('renews nothing that has no end', async () => {
    life = Number.POSITIVE_INFINITY;
    await session.read('x');
    expect(clock.waiting).toBe(0);
  });

  it('tries to revoke a replaced token until Vault takes it', async () => {
    renewals = [20];
    revokeFaults = 3;
    await session.read('x');
    await clock.advance(50_000);
    expect(made('revoke-self t1')).toHaveLength(4);
  });

  it('stops every timer and revokes its token when it closes', async () => {
    await session.read('x');
    await session.close();
    expect(calls.at(-1)).toBe('0 revoke-self t1');
    expect(clock.waiting).toBe(0);
    await expect(session.read('x')).rejects.toMatchObject({ kind: 'closed' });
  });
});
