import { chmod, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCredentials } from '../../src/credential/index.ts';
import type { AuditEvent } from '../../src/model/event.ts';
import { Secret } from '../../src/model/secret.ts';
import { createOutbound } from '../../src/outbound/index.ts';
import { ManualClock } from './clock.ts';

const alive = new AbortController().signal;

describe('static credentials', () => {
  const outbound = createOutbound();
  let folder: string;
  let file: string;
  let clock: ManualClock;
  let events: AuditEvent[];

  const make = (secret: Secret, scheme: 'x-api-key' | 'bearer' = 'x-api-key') =>
    createCredentials({
      config: {
        default_role: 'default',
        roles: { default: { source: 'static', secret, scheme, workspace: 'wrkspc_1' } },
      },
      upstreamUrl: 'https://api.anthropic.com',
      outbound,
      clock,
      onEvent: (event) => events.push(event),
    });
  const put = async (value: string, seconds: number) => {
    await writeFile(file, `${value}\n`, { mode: 0o600 });
    await utimes(file, seconds, seconds);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credential-'));
    file = join(folder, 'key');
    clock = new ManualClock();
    events = [];
    await put('sk-ant-api03-first', 1_000);
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('serves a key of the environment with its headers', async () => {
    const credentials = make(new Secret('sk-ant-api03-env'));
    const lease = await credentials.lease('default', alive);
    expect(lease.reveal()).toBe('sk-ant-api03-env');
    expect(lease).toMatchObject({
      scheme: 'x-api-key',
      expiresAt: Number.POSITIVE_INFINITY,
      headers: { 'anthropic-workspace-id': 'wrkspc_1' },
      betas: [],
    });
    await clock.advance(86_400_000);
    expect(credentials.lease('default', alive)).toBe(lease);
  });

  it('names the OAuth beta with an OAuth bearer', async () => {
    const lease = await make(new Secret('sk-ant-oat01-x'), 'bearer').lease('default', alive);
    expect(lease.betas).toEqual(['oauth-2025-04-20']);
  });

  it('takes up a new value of its file, and keeps masking the old one', async () => {
    const credentials = make(new Secret('sk-ant-api03-first', file));
    let changes = 0;
    credentials.onChange(() => {
      changes += 1;
    });
    await credentials.lease('default', alive);
    await put('sk-ant-api03-second', 2_000);
    await clock.advance(5_001);
    await credentials.lease('default', alive);
    await expect.poll(async () => (await credentials.lease('default', alive)).reveal()).toBe('sk-ant-api03-second');
    expect(credentials.secrets()).toEqual(['sk-ant-api03-first', 'sk-ant-api03-second']);
    expect(changes).toBe(2);
  });

  it('reads its file at once when Claude refuses the old value', async () => {
    const credentials = make(new Secret('sk-ant-api03-first', file));
    const first = await credentials.lease('default', alive);
    await put('sk-ant-api03-second', 2_000);
    credentials.refused(first);
    expect((await credentials.lease('default', alive)).reveal()).toBe('sk-ant-api03-second');
  });

  it('goes on with the last value while the file is open to others', async () => {
    const credentials = make(new Secret('sk-ant-api03-first', file));
    await credentials.lease('default', alive);
    await put('sk-ant-api03-second', 2_000);
    await chmod(file, 0o644);
    await clock.advance(5_001);
    await credentials.lease('default', alive);
    await expect.poll(() => credentials.health().fault).toMatch(/group or world/);
    expect((await credentials.lease('default', alive)).reveal()).toBe('sk-ant-api03-first');
    expect(credentials.health().usable).toBe(true);
  });

  it('refuses a role it does not have', () => {
    const credentials = make(new Secret('sk-ant-api03-env'));
    expect(() => credentials.lease('admin', alive)).toThrow(
      expect.objectContaining({ code: 'CREDENTIAL_ROLE_UNKNOWN', detail: 'role admin' }),
    );
  });

  it('shows the value nowhere but in reveal()', async () => {
    const credentials = make(new Secret('sk-ant-api03-canary'));
    const lease = await credentials.lease('default', alive);
    const shown = [lease, credentials, events].map((thing) => inspect(thing, { depth: 9, showHidden: true }));
    expect(JSON.stringify([lease, { ...lease }, events]) + shown.join()).not.toContain('canary');
  });
});
