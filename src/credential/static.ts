import type { Secret } from '../model/secret.ts';
import type { Clock } from './clock.ts';
import { CredentialFault } from './fault.ts';
import { OAUTH_BETA } from './federation.ts';
import { FreshSecret, isHeaderSafe } from './secret_file.ts';
import type { LeaseSource } from './source.ts';

/** How often a file is looked at for a new value, at most. */
const RECHECK_MS = 5_000;

export interface StaticRole {
  readonly secret: Secret;
  readonly scheme: 'x-api-key' | 'bearer';
  readonly organization?: string | undefined;
  readonly workspace?: string | undefined;
}

/** A long-lived credential from the environment or a file: for a first run, or where Vault's files are mounted. */
export function staticSource(role: string, config: StaticRole, clock: Clock): LeaseSource {
  const secret = new FreshSecret(config.secret);
  const oauth = config.scheme === 'bearer' && config.secret.reveal().startsWith('sk-ant-oat');
  const headers: { [name: string]: string } = {};
  if (config.organization) headers['anthropic-organization-id'] = config.organization;
  if (config.workspace) headers['anthropic-workspace-id'] = config.workspace;
  return {
    kind: 'static',
    shape: { role, scheme: config.scheme, headers, betas: oauth ? [OAUTH_BETA] : [] },
    async fetch() {
      const value = await secret.read();
      if (!isHeaderSafe(value))
        throw new CredentialFault('secret', 'the configured credential cannot stand in a header');
      const recheckAt = secret.rotates ? clock.now() + RECHECK_MS : Number.POSITIVE_INFINITY;
      return { value, endsAt: Number.POSITIVE_INFINITY, recheckAt };
    },
  };
}
