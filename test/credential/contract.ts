import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { JSONWebKeySet } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, createCredentials } from '../../src/credential/index.ts';
import { toGatewayError } from '../../src/errors.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import type { Credentials, Lease } from '../../src/model/lease.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { AUDIENCE, type VaultConfig, type VaultUnderTest } from '../servers/provision.ts';
import { startTokenFront, type TokenFront } from '../servers/token_front.ts';
import { fastClock } from './clock.ts';

export const ORGANIZATION = '5f0c2c86-3f0e-4f55-9d11-0c8a7d7b2a10';

export const alive = new AbortController().signal;

/** Everything the room said while it was used, for the canary. */
interface Heard {
  readonly events: AuditEvent[];
  readonly said: unknown[];
}

/** Credentials over a Vault, with the sandbox as Claude. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly front: TokenFront;
  readonly heard: Heard;
  open(vault: VaultConfig, clock?: Clock, oidcRole?: string): Credentials;
  /** The accessor of the newest login. */
  accessor(): string;
  /** Logins since the last `open`. */
  logins(): number;
  /** The error code and private detail of a lease that is refused, or null when it is given. */
  refusal(credentials: Credentials): Promise<{ readonly code: string; readonly detail: string | null } | null>;
  /** The status of one message sent to the sandbox with that lease. */
  send(lease: Lease): Promise<number>;
  /** Opened credentials closed, counters of the front kept. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the sandbox that trusts the issuer, and the token endpoint before it. */
export async function startBench(issuer: string, jwks: () => Promise<JSONWebKeySet>): Promise<Bench> {
  const rule = { id: 'fdrl_1', organization: ORGANIZATION, serviceAccount: 'svac_1', tokenSeconds: 3600 };
  const sandbox = await startSandbox({
    federation: { issuer, jwks, audience: AUDIENCE, rules: [rule] },
    keep: 0,
  });
  const front = await startTokenFront(sandbox);
  const outbound = createOutbound();
  const heard: Heard = { events: [], said: [] };
  const opened: Credentials[] = [];
  const keep = (...said: unknown[]) => void heard.said.push(said);
  let since = 0;
  const logins = () => heard.events.slice(since).filter((event) => event.body.change === 'login');
  return {
    sandbox,
    front,
    heard,
    open(vault, clock, oidcRole = 'claude') {
      since = heard.events.length;
      const role = {
        source: 'vault_oidc',
        oidc_role: oidcRole,
        federation_rule: 'fdrl_1',
        organization: ORGANIZATION,
        service_account: 'svac_1',
        token_url: front.url,
      } as const;
      const credentials = createCredentials({
        config: { default_role: 'default', vault, roles: { default: role, other: role } },
        upstreamUrl: sandbox.url,
        outbound,
        onEvent: (event) => heard.events.push(event),
        log: { info: keep, warn: keep },
        ...(clock === undefined ? {} : { clock }),
        env: {},
      });
      opened.push(credentials);
      return credentials;
    },
    accessor: () => String(logins().at(-1)?.body.accessor),
    logins: () => logins().length,
    async refusal(credentials) {
      try {
        await credentials.lease('default', alive);
        return null;
      } catch (thrown) {
        keep(thrown);
        const { code, detail } = toGatewayError(thrown);
        return { code, detail };
      }
    },
    async send(lease) {
      const answer = await fetch(`${sandbox.url}/v1/messages`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          'anthropic-beta': lease.betas.join(','),
          authorization: `Bearer ${lease.reveal()}`,
        },
        body: JSON.stringify({
          model: 'claude-sonnet-5-5',
          max_tokens: 16,
          messages: [{ role: 'user', content: 'hello' }],
        }),
      });
      await answer.arrayBuffer();
      return answer.status;
    },
    async reset() {
      await Promise.all(opened.splice(0).map((credentials) => credentials.close()));
      Object.assign(front, { life: 60, speed: 1, broken: false });
    },
    async close() {
      await front.close();
      await sandbox.close();
      await outbound.close();
    },
  };
}

/** What every Vault must do for the gateway; run on the stand-in and on a real one alike. */
export function vaultContract(name: string, start: () => Promise<VaultUnderTest>): void {
  describe(`credentials leased through ${name}`, () => {
    let under: VaultUnderTest;
    let bench: Bench;

    beforeAll(async () => {
      under = await start();
      bench = await startBench(under.issuer, under.jwks);
    });
    afterEach(async () => {
      await bench?.reset();
      await under?.tokenLife(600, 3600);
    });
    afterAll(async () => {
      await bench?.close();
      await under?.close();
    });

    /** The gateway's clock runs ten times as fast, so that a bearer of 20 s is over in two. */
    const openFast = (life: number) => {
      Object.assign(bench.front, { life, speed: 10 });
      return bench.open(under.vault, fastClock(10));
    };

    it('exchanges a JWT of the gateway’s own entity for a bearer that Claude takes', async () => {
      const lease = await bench.open(under.vault).lease('default', alive);
      expect(await bench.send(lease)).toBe(200);
      expect(lease).toMatchObject({ scheme: 'bearer', betas: ['oauth-2025-04-20'], headers: {}, id: 'default#1' });
      expect(bench.front.claims.at(-1)).toMatchObject({ iss: under.issuer, aud: AUDIENCE, sub: under.entity });
    });

    it('logs in once for everybody who asks at the same time', async () => {
      const credentials = bench.open(under.vault);
      const before = bench.front.bearers.length;
      const roles = Array.from({ length: 40 }, (_, i) => (i % 2 ? 'default' : 'other'));
      const leases = await Promise.all(roles.map((role) => credentials.lease(role, alive)));
      expect(new Set(leases).size).toBe(2);
      expect(bench.front.bearers.length - before).toBe(2);
      expect(bench.logins()).toBe(1);
      expect(new Set(credentials.secrets())).toEqual(new Set(leases.map((lease) => lease.reveal())));
    });

    it('fails no request under load while bearers and Vault tokens end again and again', async () => {
      await under.tokenLife(2, 4);
      bench.front.life = 3;
      const credentials = bench.open(under.vault);
      const first = await credentials.lease('default', alive);
      const bearers = new Set<string>();
      const statuses = new Map<number, number>();
      const until = Date.now() + 7_000;
      const work = async () => {
        while (Date.now() < until) {
          const lease = await credentials.lease('default', alive);
          bearers.add(lease.reveal());
          const status = await bench.send(lease);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          await sleep(8);
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      expect([...statuses.keys()]).toEqual([200]);
      expect(statuses.get(200)).toBeGreaterThan(20);
      expect(bearers.size).toBeGreaterThan(2);
      expect(bench.logins()).toBeGreaterThan(1);
      expect(await bench.send(first)).toBe(401);
    });

    it('serves a lease to its end while Vault is sealed, then refuses, and comes back by itself', async () => {
      const credentials = openFast(20);
      const lease = await credentials.lease('default', alive);
      await under.seal();
      let served = 0;
      let refused = await bench.refusal(credentials);
      for (; refused === null; refused = await bench.refusal(credentials)) {
        const now = credentials.lease('default', alive);
        if (now === lease && (await bench.send(lease)) === 200) served += 1;
        await sleep(50);
      }
      expect(served).toBeGreaterThan(0);
      expect(refused.code).toBe('CREDENTIAL_UNAVAILABLE');
      expect(refused.detail).toMatch(/seal|breaker/);
      expect(credentials.health().usable).toBe(false);
      await under.unseal();
      await expect.poll(() => credentials.health().usable, { timeout: 20_000 }).toBe(true);
      expect(await bench.send(await credentials.lease('default', alive))).toBe(200);
      expect(credentials.health()).toEqual({ usable: true, fault: null });
    });

    it('outlives a restart of Vault without a failed request', async () => {
      const credentials = openFast(200);
      const first = await credentials.lease('default', alive);
      await under.stop();
      credentials.lease('default', alive);
      expect(credentials.lease('default', alive)).toBe(first);
      await under.restart();
      expect(await bench.refusal(credentials)).toBeNull();
      credentials.refused(first);
      await expect.poll(() => bench.refusal(credentials), { timeout: 10_000 }).toBeNull();
      const second = await credentials.lease('default', alive);
      expect(second).not.toBe(first);
      expect(await bench.send(second)).toBe(200);
    });

    it('logs in anew, once, when its token was revoked', async () => {
      const credentials = bench.open(under.vault);
      const first = await credentials.lease('default', alive);
      await under.revoke(bench.accessor());
      credentials.refused(first);
      const leases = await Promise.all([
        credentials.lease('default', alive),
        credentials.lease('other', alive),
        credentials.lease('default', alive),
      ]);
      expect(bench.logins()).toBe(2);
      expect(await bench.send(leases[0])).toBe(200);
    });

    it('does not log in anew over a path its policy forbids', async () => {
      const credentials = bench.open(under.vault, undefined, 'forbidden');
      expect((await bench.refusal(credentials))?.detail).toMatch(/denied: Vault answered 403/);
      expect(bench.logins()).toBe(1);
    });

    it('revokes its token when it closes', async () => {
      const credentials = bench.open(under.vault);
      await credentials.lease('default', alive);
      const accessor = bench.accessor();
      expect(await under.alive(accessor)).toBe(true);
      await credentials.close();
      expect(await under.alive(accessor)).toBe(false);
    });

    it('says no secret in events, logs and errors', () => {
      const all = inspect(bench.heard, { depth: 12, showHidden: true }) + JSON.stringify(bench.heard);
      expect(bench.heard.said.length).toBeGreaterThan(3);
      for (const secret of [...under.secrets, ...bench.front.bearers, ...bench.front.assertions]) {
        expect(all.includes(secret)).toBe(false);
      }
      expect(all).not.toMatch(/hvs\.|[^\w]s\.[A-Za-z0-9]{20}|eyJ/);
    });
  });
}
