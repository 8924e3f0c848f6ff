import type { JSONWebKeySet } from 'jose';
import type { Config } from '../../src/config/index.ts';
import { Secret } from '../../src/model/secret.ts';
import type { OpenBao } from './openbao.ts';

export type VaultConfig = NonNullable<Config['credential']['vault']>;

/** A Vault, real or not, provisioned for the gateway: OIDC role `claude`, an AppRole that may use it and nothing else. */
export interface VaultUnderTest {
  readonly vault: VaultConfig;
  readonly issuer: string;
  /** The `sub` its JWTs must have. */
  readonly entity: string;
  /** Values that must never show. */
  readonly secrets: readonly string[];
  jwks(): Promise<JSONWebKeySet>;
  /** Life of the tokens of later logins, in seconds. */
  tokenLife(seconds: number, longest: number): Promise<void>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
  stop(): Promise<void>;
  /** Back and unsealed. */
  restart(): Promise<void>;
  revoke(accessor: string): Promise<void>;
  alive(accessor: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The `aud` that Claude's federation rules expect of the JWTs. */
export const AUDIENCE = 'https://api.anthropic.com';
const policy = 'path "identity/oidc/token/claude" { capabilities = ["read"] }';

/** Root provisions what an operator would, and hands over an AppRole that may sign JWTs of the role and nothing else. */
export async function provisionVault(bao: OpenBao): Promise<VaultUnderTest> {
  const at = (value: unknown, name: string) => String((value as { data: { [name: string]: unknown } }).data[name]);
  await bao.root('POST', 'sys/auth/approle', { type: 'approle' });
  await bao.root('POST', 'sys/policies/acl/gateway', { policy });
  await bao.root('POST', 'identity/oidc/key/claude', { algorithm: 'ES256', allowed_client_ids: ['*'] });
  await bao.root('POST', 'identity/oidc/role/claude', { key: 'claude', client_id: AUDIENCE, ttl: '10m' });
  const tokenLife = async (seconds: number, longest: number) => {
    await bao.root('POST', 'auth/approle/role/gateway', {
      token_policies: ['gateway'],
      token_ttl: seconds,
      token_max_ttl: longest,
    });
  };
  await tokenLife(600, 3600);
  const roleId = at(await bao.root('GET', 'auth/approle/role/gateway/role-id'), 'role_id');
  const secretId = at(await bao.root('POST', 'auth/approle/role/gateway/secret-id'), 'secret_id');
  const entity = at(await bao.root('POST', 'identity/entity', { name: 'sallyport' }), 'id');
  const mounts = (await bao.root('GET', 'sys/auth')) as { data: { [mount: string]: { accessor: string } } };
  const accessor = mounts.data['approle/']?.accessor;
  await bao.root('POST', 'identity/entity-alias', { name: roleId, canonical_id: entity, mount_accessor: accessor });
  return {
    vault: {
      address: bao.address,
      ca_file: bao.caFile,
      auth: { method: 'approle', mount: 'approle', role_id: new Secret(roleId), secret_id: new Secret(secretId) },
    },
    issuer: `${bao.address}/v1/identity/oidc`,
    entity,
    secrets: [roleId, secretId],
    jwks: async () => (await bao.root('GET', 'identity/oidc/.well-known/keys')) as JSONWebKeySet,
    tokenLife,
    seal: bao.seal,
    unseal: bao.unseal,
    stop: bao.stop,
    async restart() {
      await bao.start();
      await bao.unseal();
    },
    async revoke(accessor) {
      await bao.root('POST', 'auth/token/revoke-accessor', { accessor });
    },
    alive: (accessor) =>
      bao.root('POST', 'auth/token/lookup-accessor', { accessor }).then(
        () => true,
        () => false,
      ),
    close: bao.close,
  };
}
