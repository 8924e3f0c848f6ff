import { readFileSync } from 'node:fs';
import type { Config } from '../config/index.ts';
import { GatewayError } from '../errors.ts';
import type { AuditEvent } from '../model/event.ts';
import type { Credentials, Lease } from '../model/lease.ts';
import type { Outbound } from '../outbound/index.ts';
import { Breaker } from './breaker.ts';
import { LeaseCache } from './cache.ts';
import { type Clock, systemClock } from './clock.ts';
import { federationSource } from './federation.ts';
import { KnownValues } from './known.ts';
import { type CredentialLog, silentLog } from './log.ts';
import { createLogin } from './login.ts';
import { VaultSession } from './session.ts';
import type { LeaseSource } from './source.ts';
import { staticSource } from './static.ts';
import { createVaultClient } from './vault.ts';

export interface CredentialOptions {
  readonly config: Config['credential'];
  /** Base URL of Claude, for the token endpoint of roles that name none. */
  readonly upstreamUrl: string;
  readonly outbound: Outbound;
  /** Takes `credential.changed` events; they hold ids and ends, never values. */
  readonly onEvent: (event: AuditEvent) => void;
  readonly log?: CredentialLog;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly env?: { readonly [name: string]: string | undefined };
}

/**
 * Makes the leases of all configured roles. Nothing is fetched before the first `lease()` or `warm()`.
 *
 * @throws Error where the environment switches off TLS verification, or the CA file cannot be read
 */
export function createCredentials(options: CredentialOptions): Credentials {
  const { config, onEvent } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const log = options.log ?? silentLog;
  const known = new KnownValues();
  const closing = new AbortController();
  const changed = (body: AuditEvent['body']) => onEvent({ kind: 'credential.changed', exchange: null, body });
  const session = openSession(options, clock, random, log, (accessor) => {
    log.info('logged in at Vault', { accessor });
    changed({ change: 'login', accessor });
  });

  const caches = new Map<string, LeaseCache>();
  for (const [role, entry] of Object.entries(config.roles)) {
    let source: LeaseSource;
    if (entry.source === 'static') source = staticSource(role, entry, clock);
    else {
      if (session === null) throw new TypeError(`credential role ${role} needs credential.vault`);
      const tokenUrl = entry.token_url ?? `${options.upstreamUrl.replace(/\/+$/, '')}/v1/oauth/token`;
      const { outbound } = options;
      source = federationSource(role, entry, { tokenUrl, session, outbound, clock, signal: closing.signal });
    }
    let down = false;
    const cache = new LeaseCache(source, clock, random, {
      issued(lease, previous) {
        down = false;
        known.add(lease.reveal(), lease.expiresAt, clock.now());
        changed({
          change: 'issued',
          role,
          source: source.kind,
          lease: lease.id,
          ...endOf(lease),
          previous: previous?.id ?? null,
        });
      },
      refused(lease) {
        log.warn('Claude refused a credential', { role, lease: lease.id });
        changed({ change: 'refused', role, source: source.kind, lease: lease.id });
      },
      failed(fault, lease) {
        log.warn('no new credential could be leased', { role, lease: lease?.id ?? null, detail: fault.message });
        if (lease !== null || down) return;
        down = true;
        changed({ change: 'unavailable', role, source: source.kind, fault: fault.kind });
      },
    });
    caches.set(role, cache);
  }

  return {
    defaultRole: config.default_role,
    lease(role, signal) {
      const cache = caches.get(role);
      if (cache === undefined) throw new GatewayError('CREDENTIAL_ROLE_UNKNOWN', undefined, { detail: `role ${role}` });
      return cache.take(signal);
    },
    refused(lease) {
      caches.get(lease.role)?.refused(lease);
    },
    secrets: () => known.all,
    onChange: (listener) => known.onChange(listener),
    async warm() {
      try {
        await caches.get(config.default_role)?.take(closing.signal);
      } catch {
        // Reported by the cache; the first request tries again.
      }
    },
    health() {
      const all = [...caches.values()];
      const faulty = all.find((cache) => cache.fault !== null);
      if (faulty === undefined) return { usable: true, fault: null };
      return { usable: all.some((cache) => cache.usable !== null), fault: faulty.fault?.message ?? null };
    },
    leases() {
      return [...caches].map(([role, { usable, fault }]) => ({
        role,
        source: config.roles[role]!.source,
        lease: usable?.id ?? null,
        expiresAt: usable?.expiresAt ?? null,
        fault: fault?.message ?? null,
      }));
    },
    async close() {
      closing.abort();
      for (const cache of caches.values()) cache.close();
      await session?.close();
    },
  };
}

/** A static key has no end, and JSON no infinity. */
function endOf(lease: Lease): { readonly expires_at_ms: number | null } {
  return { expires_at_ms: Number.isFinite(lease.expiresAt) ? Math.round(lease.expiresAt) : null };
}

function openSession(
  options: CredentialOptions,
  clock: Clock,
  random: () => number,
  log: CredentialLog,
  onLogin: (accessor: string | null) => void,
): VaultSession | null {
  const { vault } = options.config;
  if (vault === undefined) return null;
  refuseUnverifiedTls(options.env ?? process.env);
  const client = {
    address: vault.address,
    namespace: vault.namespace ?? null,
    ca: vault.ca_file === undefined ? null : readFileSync(vault.ca_file, 'utf8'),
    outbound: options.outbound,
  };
  return new VaultSession({
    connect: (token) => createVaultClient(client, token),
    login: createLogin(vault.auth),
    breaker: new Breaker(clock),
    clock,
    random,
    log,
    onLogin,
  });
}

/** Any value of VAULT_SKIP_VERIFY switches off verification inside node-vault, and 0 of the other in all of Node. */
function refuseUnverifiedTls(env: { readonly [name: string]: string | undefined }): void {
  if (env.VAULT_SKIP_VERIFY) {
    throw new Error('VAULT_SKIP_VERIFY is set: unset it, and name the authority in credential.vault.ca_file');
  }
  if (env.NODE_TLS_REJECT_UNAUTHORIZED === '0') {
    throw new Error('NODE_TLS_REJECT_UNAUTHORIZED is 0: unset it, and name the authority in credential.vault.ca_file');
  }
}
